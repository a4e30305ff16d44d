"""What rfonnx raises: one root class, so that `except RfonnxError` catches all that the user can put right."""

import os
from collections.abc import Mapping

MAX_MESSAGE, MAX_HINT = 1500, 500
"""Characters of a message and of its hint, at most: a file may hold a name of a megabyte."""


def shortened(text: str, most: int = MAX_MESSAGE + MAX_HINT) -> str:
    """The text, its middle left out where it is longer than `most` characters: what is wrong and the way out stay.

    >>> shortened("conv of a very long name; rename it", 27)
    'conv of a v ... ; rename it'
    """
    if len(text) <= most:
        return text
    kept = most - len(" ... ")
    return f"{text[: kept - kept // 2].rstrip()} ... {text[len(text) - kept // 2 :].lstrip()}"


class RfonnxError(Exception):
    """Something in the user's input is at fault.

    The message is one line of at most `MAX_MESSAGE` characters: it names the file, node or tensor at fault, says what was
    expected and what came, and `hint` says the way out. The command line prints `message; hint` and exits with 2.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        message, hint = shortened(message, MAX_MESSAGE), shortened(hint, MAX_HINT)
        super().__init__(f"{message}; {hint}" if hint else message)
        self.hint = hint


class ModelError(RfonnxError):
    """The file is not a model that can be read: truncated, cyclic, with missing tensors, of an unknown opset."""


def malformed(what: str) -> ModelError:
    """The error of a file that breaks the standard, as onnx's own checker finds too."""
    return ModelError(what, "check the file with onnx.checker")


def misexported(what: str) -> ModelError:
    """The error of a file that no option of an exporter can have meant."""
    return ModelError(what, "export it again")


class ShapeError(RfonnxError):
    """A shape is missing, contradicts another, or a dynamic dimension was left unbound."""


class MisfitError(ShapeError):
    """Shapes do not go together at a node.

    Attributes:
        makes: the first tensor that it would make.
        shapes: of what it reads, by name.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        makes: str = "",
        shapes: Mapping[str, tuple[int | None, ...] | None] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.makes, self.shapes = makes, dict(shapes or {})


class UncountedError(ShapeError):
    """An output does not count the samples of a run."""


class RunError(ShapeError):
    """onnxruntime failed while it ran a model that it had opened: a node or an input refuses what it was given."""


class QueryError(RfonnxError):
    """A tensor, input, axis or position was asked for that the model does not have."""


class DataError(RfonnxError):
    """A sample, a folder of samples or a configuration file cannot be read, or does not fit the model."""


class SampleError(DataError):
    """A sample was read, and does not fit the model: it lacks an input, or has another shape or type."""


class UnfedError(DataError):
    """An input holds no numbers (text, a sequence): nothing here can make or read samples of it."""


def named(error: RfonnxError, label: str) -> RfonnxError:
    """The same error, its message begun with the name of the model that it is about."""
    if str(error).startswith(f"{label}: "):
        return error
    return retold(error, f"{label}: {error}")


def retold(error: RfonnxError, message: str) -> RfonnxError:
    """The same error in other words, which hold its hint."""
    made = type(error)(message)
    vars(made).update(vars(error))
    return made


MISFIT = (LookupError, ValueError, TypeError, ArithmeticError)
"""What rules on operators raise where a node has not the inputs and attributes that its operator should have."""


def rules_fail_aloud() -> bool:
    """RFONNX_RAISE is set: who writes a rule sees where it fails. Otherwise a rule that fails makes an answer "at most"."""
    return bool(os.environ.get("RFONNX_RAISE"))
