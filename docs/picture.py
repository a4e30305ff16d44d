"""Draws docs/field.svg, the README's picture: what one output of models/seed.onnx sees, as rfonnx finds it.

python docs/picture.py            # writes docs/field.svg beside this file
"""

from pathlib import Path

import rfonnx

HERE = Path(__file__).parent
CELL, GAP, LEFT, TOP, ROW = 26, 4, 110, 52, 48
POSITIONS = range(3, 16)  # of the input; the layers below show what lies in the same place
OUTPUT = 4  # the position of the last layer that is followed back
INK, PALE, SEEN, CHOSEN = "#57606a", "#eaeef2", "#54aeff", "#fb8f44"


def main() -> None:
    """Write the picture."""
    analysis = rfonnx.analyze(HERE.parent / "models" / "seed.onnx")
    lo, hi = _rows(analysis, "pool")
    first, last = int(lo[OUTPUT]), int(hi[OUTPUT])
    rows = [
        _row("input", 0, {p: p for p in POSITIONS}, range(first, last + 1), f"sees {first}..{last}: {last - first + 1}")
    ]
    for level, name in enumerate(("conv1", "conv2", "pool"), 1):
        field = analysis.tensors[name].fields["x", 2]
        begin, end = _rows(analysis, name)
        # A position of a layer is on the way when what it sees lies inside what the output sees.
        on_the_way = [p for p in range(len(begin)) if first <= begin[p] and end[p] <= last]
        place = {p: float(field.center + p * field.stride) for p in range(len(begin))}
        shown = {p: x for p, x in place.items() if POSITIONS[0] <= x <= POSITIONS[-1]}
        chosen = [OUTPUT] if name == "pool" else on_the_way
        rows.append(_row(name, level, shown, chosen, f"size {field.size}, stride {field.stride}", last=name == "pool"))
    width, height = LEFT + len(POSITIONS) * (CELL + GAP) + 160, TOP + 4 * ROW
    body = "\n".join(rows)
    (HERE / "field.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="15">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>\n'
        f'<text x="24" y="28" fill="{INK}">One row of models/seed.onnx: pool[{OUTPUT}] and everything that it can see</text>\n'
        f"{body}\n</svg>\n"
    )


def _rows(analysis: rfonnx.Analysis, tensor: str) -> tuple[list[int], list[int]]:
    lo, hi = analysis.intervals(tensor, input="x", axis=2)
    return lo.ravel().tolist(), hi.ravel().tolist()


def _row(name: str, level: int, shown: dict[int, float], seen: object, label: str, *, last: bool = False) -> str:
    y = TOP + level * ROW
    parts = [f'<text x="24" y="{y + 18}" fill="{INK}" font-weight="bold">{name}</text>']
    for position, place in shown.items():
        x = LEFT + (place - POSITIONS[0]) * (CELL + GAP)
        marked = position in seen  # type: ignore[operator]
        fill = (CHOSEN if last else SEEN) if marked else PALE
        parts.append(f'<rect x="{x:g}" y="{y}" width="{CELL}" height="{CELL}" rx="4" fill="{fill}"/>')
        parts.append(
            f'<text x="{x + CELL / 2:g}" y="{y + 18}" text-anchor="middle" font-size="12" fill="{INK}">{position}</text>'
        )
    parts.append(f'<text x="{LEFT + len(POSITIONS) * (CELL + GAP) + 8}" y="{y + 18}" fill="{INK}">{label}</text>')
    return "\n".join(parts)


if __name__ == "__main__":
    main()
