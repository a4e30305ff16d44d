"""`rfonnx compare TEACHER STUDENT`: may the student replace the teacher?"""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from typing import Any

import click

from rfonnx.cli import options, per_output, words
from rfonnx.cli.failures import CHECK_FAILED
from rfonnx.cli.from_settings import setting_options
from rfonnx.cli.hook import load_hook
from rfonnx.cli.output import open_output
from rfonnx.cli.progress import progress
from rfonnx.comparing.settings import Settings
from rfonnx.errors import DataError
from rfonnx.report.comparison.view import ComparisonView
from rfonnx.report.formats import COMPARISON
from rfonnx.report.target import target
from rfonnx.system.config import read_config


@click.command("compare")
@click.argument("teacher", type=click.Path())
@click.argument("student", type=click.Path())
@setting_options(Settings, "data", "samples", "seed", "batch")
@options.named_option(
    "--prep",
    "prep",
    words.pair,
    "KEY=VALUE",
    "How images become inputs of both: size, crop, layout, channels, scale, mean, std.",
)
@options.named_option("--teacher-prep", "teacher_prep", words.pair, "KEY=VALUE", "The same for the teacher alone.")
@options.named_option("--student-prep", "student_prep", words.pair, "KEY=VALUE", "The same for the student alone.")
@options.named_option(
    "--map",
    "outputs",
    words.pair,
    "TEACHER=STUDENT",
    "Outputs that belong together, or parts of them, such as y[:,4:]=y[:,4:].",
)
@options.named_option("--map-input", "inputs", words.pair, "TEACHER=STUDENT", "The same for inputs.")
@setting_options(Settings, "kind")
@options.named_option(
    "--task",
    "tasks",
    per_output.task,
    "[OUTPUT=]TASK",
    f"How outputs, or one of them, are read: {per_output.TASKS}; by what they are otherwise.",
)
@setting_options(Settings, "class_axis", "temperature")
@options.named_option(
    "--limit",
    "limits",
    per_output.limit,
    "[OUTPUT.]MEASURE=X|off",
    "What a measure may be, such as kl=0.05, or off; of all outputs, or of one.",
)
@options.named_option(
    "--tolerance",
    "tolerances",
    per_output.tolerance,
    "[OUTPUT=]ATOL[,RTOL]",
    "No element may differ by more than ATOL + RTOL * |teacher's|.",
)
@setting_options(Settings, "layers", "layer_limit", "fields", "effective", "cost", "latency_runs", "on_error")
@setting_options(Settings, "threads", "provider", "teacher_provider", "student_provider", "save_outputs")
@click.option(
    "--hook",
    metavar="FILE.py:FUNCTION",
    help="Run this function of yours on the outputs (dict of arrays, role) of each sample and compare what it gives.",
)
@click.option(
    "--config", metavar="FILE", help="Settings, in a table [compare]. [default: rfonnx.toml or pyproject.toml here]"
)
@click.option("--verbose", is_flag=True, help="Show every figure, the fields and the cost, and not the summary alone.")
@click.option("--all", "every", is_flag=True, help="As --verbose, with all layers.")
@options.report_options(COMPARISON.formats)
@options.batch_axis_option
@options.named_option(
    "--student-shape",
    "student_shapes",
    words.shape,
    "NAME=LENGTHS",
    "As --shape, for the student alone, where it differs.",
)
def command(
    teacher: str,
    student: str,
    prep: dict[str, str],
    teacher_prep: dict[str, str],
    student_prep: dict[str, str],
    config: str | None,
    verbose: bool,
    every: bool,
    style: str | None,
    output: str | None,
    hook: str | None,
    tasks: dict[str, str],
    limits: dict[str, float | None],
    **given: Any,
) -> int:
    """Hold STUDENT against the TEACHER it shall replace, ONNX files or outputs saved with --save-outputs (.npz)."""
    gc.enable()
    from rfonnx.comparing.options import from_config, merged
    from rfonnx.comparing.run import compare_models

    read = read_config(config)
    bounds = per_output.by_output(limits)
    given |= {"task": tasks.pop("", None), "tasks": tasks, "limits": bounds.pop("", None), "output_limits": bounds}
    settings = merged(from_config(read), given, prep, teacher_prep, student_prep)
    inputs = (teacher, student, settings.data, read.path, hook and hook.rpartition(":")[0])
    out = open_output(COMPARISON, output, style, *inputs)
    if settings.save_outputs is not None:
        target(os.fspath(settings.save_outputs), (*inputs, output), "--save-outputs")
    settings = replace(settings, pictures=out.style in ("json", "html"))
    if hook is not None:
        settings = replace(settings, before=load_hook(hook))
    with progress("comparing") as tell:
        found = compare_models(teacher, student, settings, tell)
    out.write(found, ComparisonView(read.file, verbose, every))
    if found.incomplete:
        raise DataError(found.incomplete)
    return 0 if found.passed else CHECK_FAILED
