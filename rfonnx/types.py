"""The types of what the public functions take and give. They need numpy and onnx, and are loaded when somebody asks for one.

`import X as X`: type checkers take a name for one of this module's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfonnx.analysis.analysis import Analysis as Analysis
from rfonnx.comparing.settings import OnError as OnError
from rfonnx.comparing.settings import Settings as Settings
from rfonnx.data.preparation import Preparation as Preparation
from rfonnx.effective.settings import Aggregation as Aggregation
from rfonnx.effective.settings import At as At
from rfonnx.effective.settings import Channel as Channel
from rfonnx.effective.settings import MethodChoice as MethodChoice
from rfonnx.effective.settings import Over as Over
from rfonnx.effective.settings import Probe as Probe
from rfonnx.effective.settings import Progress as Progress
from rfonnx.model.opened import Source as Source
from rfonnx.results.advice import Advice as Advice
from rfonnx.results.advice import InputSizes as InputSizes
from rfonnx.results.binding import BatchAxes as BatchAxes
from rfonnx.results.binding import Data as Data
from rfonnx.results.binding import Hook as Hook
from rfonnx.results.binding import Shapes as Shapes
from rfonnx.results.binding import Values as Values
from rfonnx.results.comparison import Comparison as Comparison
from rfonnx.results.comparison import Kind as Kind
from rfonnx.results.effective import ERF as ERF
from rfonnx.results.effective import Layer as Layer
from rfonnx.results.fields import AxisField as AxisField
from rfonnx.results.fields import ExplainStep as ExplainStep
from rfonnx.results.fields import ModelInfo as ModelInfo
from rfonnx.results.fields import OutputFacts as OutputFacts
from rfonnx.results.fields import TensorField as TensorField
from rfonnx.results.findings import CheckResult as CheckResult
from rfonnx.results.geometry import AxisGeometry as AxisGeometry
from rfonnx.results.geometry import Geometry as Geometry
from rfonnx.results.geometry import Located as Located
from rfonnx.results.landmarks import Landmarks as Landmarks
from rfonnx.results.objects import ObjectRate as ObjectRate
from rfonnx.results.reads import Extent as Extent
from rfonnx.results.reads import Grid as Grid
from rfonnx.results.reads import Reads as Reads
from rfonnx.results.sides import Side as Side
from rfonnx.results.sides import Span as Span
from rfonnx.results.stream_checks import StreamStructure as StreamStructure
from rfonnx.results.stream_checks import StreamSummary as StreamSummary
from rfonnx.results.stream_checks import StreamVerification as StreamVerification
from rfonnx.results.stream_latency import ChunkLatency as ChunkLatency
from rfonnx.results.stream_latency import OutputLatency as OutputLatency
from rfonnx.results.stream_latency import StreamLatency as StreamLatency
from rfonnx.results.stream_latency import Timed as Timed
from rfonnx.results.streaming import Closing as Closing
from rfonnx.results.streaming import Length as Length
from rfonnx.results.streaming import Manifest as Manifest
from rfonnx.results.streaming import StreamedInput as StreamedInput
from rfonnx.results.streaming import StreamedOutput as StreamedOutput
from rfonnx.results.streaming import StreamState as StreamState
from rfonnx.results.streaming import StreamStatistic as StreamStatistic
from rfonnx.results.variants import Change as Change
from rfonnx.results.variants import ChangeKind as ChangeKind
from rfonnx.results.variants import Changes as Changes
from rfonnx.results.variants import Seen as Seen
from rfonnx.results.variants import Target as Target
from rfonnx.results.variants import Variant as Variant
from rfonnx.results.variants import WhatIf as WhatIf
from rfonnx.results.verification import SizeCheck as SizeCheck
from rfonnx.results.verification import Verification as Verification
from rfonnx.streaming.loop import Stream as Stream
from rfonnx.streaming.stream_plan import StreamPlan as StreamPlan
from rfonnx.tiling.tile_plan import TilePlan as TilePlan

Prep = Preparation | Mapping[str, str | float | Sequence[float]]
"""How images become inputs: a `Preparation`, or its fields: `{"size": 256, "mean": (0.5,)}`."""

Parameters = Mapping[str, bool | float | str]
"""What one run of a rule is told, by the names of its parameters."""

Rules = Mapping[str, bool | float | str | Parameters | Sequence[Parameters]]
"""Rules by id or name, as in the table [check.rules]."""
