"""What a run of tiles is asked for: the options of `rfonnx tile run`, with their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rfonnx.data.preparation import Preparation
from rfonnx.results.option import option


@dataclass(frozen=True, slots=True)
class Asked:
    """What is run on what.

    Attributes:
        model: the file.
        inputs, outputs: paths by name; the name "" stands for the only one.
        tile: a length for each of these axes.
        memory: in bytes.
        values: what small inputs hold.
        prep: how numbers become those of the inputs.
        others: see their words.
    """

    model: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    tile: Sequence[int] | None = option(
        None,
        "Longest crop of a run along the axes that windows slide along, halo included. [default: 512 of an image]",
        metavar="H,W",
    )
    memory: int | None = option(
        None,
        "Memory that a run may take, instead of --tile: the largest tiles that stay within it are found by measuring.",
        metavar="4GB",
    )
    values: Mapping[str, object] = field(default_factory=dict)
    prep: Preparation = field(default_factory=Preparation)
    stages: bool = option(False, "Gather what is taken over the whole (means, norms, gates) in passes of their own.")
    overwrite: bool = option(False, "Replace outputs that are there, once the new ones are complete.")
    restart: bool = option(False, "Begin anew, where an earlier run of the same command was ended.")
    workers: int = option(1, "Tiles that are run at a time. Two of one thread are faster than one of two.", metavar="N")
    threads: int | None = option(
        None, "Threads of an operator, shared by the workers. [default: one per core, in all]", metavar="N"
    )
    providers: Sequence[str] = option(
        (),
        "Execution provider of onnxruntime, such as cuda. Repeatable. [default: cpu]",
        flag="--provider",
        metavar="NAME",
        many=True,
    )
    scheduler: str | None = option(
        None, "Address of a Dask scheduler, whose workers run the tiles: tcp://host:8786.", metavar="ADDRESS"
    )
