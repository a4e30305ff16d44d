"""Many random nets: `PYTHONPATH=tests python -P tests/truth/attack.py --count 3000 --seed 0`.

Prints each claim that was contradicted, with the seed of its net.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter

from truth.claims import claims
from truth.oracle import Truth
from truth.random_nets import random_net


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loose", action="store_true", help="also print where exactness was not seen")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    begun = time.perf_counter()
    found: Counter[str] = Counter()
    operators: Counter[str] = Counter()
    for seed in range(asked.seed, asked.seed + asked.count):
        net = random_net(seed)
        operators.update(node.op_type for node in net.model.graph.node)
        try:
            lines = list(claims(Truth(net)))
        except Exception as error:  # a crash is a finding like another
            where = traceback.extract_tb(error.__traceback__)[-1]
            lines = [f"crash: {type(error).__name__} at {where.filename}:{where.lineno}: {error}"]
        for line in lines:
            kind = line.split(":")[0] if line.startswith(("loose", "unsound", "crash")) else "contradicted"
            found[kind] += 1
            if kind != "loose" or asked.loose:
                print(f"{seed}: {line}", flush=True)
    print(f"{asked.count} nets, {sum(operators.values())} nodes of {len(operators)} operators: {dict(found)}")
    print(f"{time.perf_counter() - begun:.0f} s; {dict(operators.most_common())}")
    return int(bool(set(found) - {"loose"}))


if __name__ == "__main__":
    sys.exit(main())
