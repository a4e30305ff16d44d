"""Good or broken, by what the model is for, not by any measure of a comparing tool: numpy on the raw outputs.

The rule was set before any tool was asked. Per figure: kept from the first number on, lost under the second, unclear between.
A student is *broken* when a figure is lost. It is *good* when all are kept and it is a re-export or an approximation.
One that was damaged on purpose and whose decisions are kept all the same is *harmless*: both answers are right, and told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import ndimage, stats

BOUNDS = {
    "decisions": (0.95, 0.90),  # share of crops on which the package's own decision is the same
    "boxes": (0.95, 0.90),  # F1 of the student's boxes against the teacher's: same class, IoU of 0.5
    "refined": (0.90, 0.80),  # mean IoU of the refined face boxes, where both say that it is a face
    "landmarks": (0.97, 0.94),  # 1 less the mean distance of the landmarks in sides of the crop
    "ranks": (0.90, 0.80),  # Spearman's correlation of the scores: pictures are sorted by them for review
}

Outputs = Mapping[str, Sequence[np.ndarray]]


def figures(name: str, teacher: Outputs, student: Outputs) -> dict[str, float]:
    """The figures of one pair; outputs by the teacher's names, one array per crop."""
    found = {"cls": _cls, "det": _det, "onet": _onet, "nsfw": _nsfw, "yolo": _yolo}[name](teacher, student)
    return {key: float(np.nan_to_num(value, nan=0.0)) for key, value in found.items()}


def kept(found: Mapping[str, float]) -> str:
    """ "kept", "unclear" or "lost"."""
    if any(value < BOUNDS[key][1] for key, value in found.items()):
        return "lost"
    return "kept" if all(value >= BOUNDS[key][0] for key, value in found.items()) else "unclear"


def truth(family: str, found: Mapping[str, float]) -> str:
    """ "good", "broken", "unclear" or "harmless"; `family` is "same", "approximate" or "damaged"."""
    state = kept(found)
    if state == "lost":
        return "broken"
    return "unclear" if state == "unclear" else "harmless" if family == "damaged" else "good"


def _same(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(a == b))


def _stack(outputs: Outputs, name: str) -> np.ndarray:
    return np.concatenate([np.asarray(array, np.float64) for array in outputs[name]])


def _cls(teacher: Outputs, student: Outputs) -> dict[str, float]:
    """Turned when the second class is beyond 0.9 (cls_thresh of rapidocr's config.yaml)."""
    (name,) = teacher
    a, b = (_stack(outputs, name)[:, 1] > 0.9 for outputs in (teacher, student))
    return {"decisions": _same(a, b)}


def _nsfw(teacher: Outputs, student: Outputs) -> dict[str, float]:
    """Safe under 0.2, not safe over 0.8 (Yahoo's open_nsfw), and the order of the scores."""
    (name,) = teacher
    a, b = (_stack(outputs, name)[:, 1] for outputs in (teacher, student))
    constant = np.ptp(b) == 0 or not np.isfinite(b).all()
    rank = 0.0 if constant else stats.spearmanr(a, b).statistic
    return {"decisions": _same(np.digitize(a, (0.2, 0.8)), np.digitize(b, (0.2, 0.8))), "ranks": rank}


def _onet(teacher: Outputs, student: Outputs) -> dict[str, float]:
    """A face beyond 0.7 (steps_threshold); its box is the crop moved by four shares of its side; ten landmarks, x before y."""
    a, b = ({name: _stack(outputs, name) for name in teacher} for outputs in (teacher, student))
    faces, others = (found["softmax_2"][:, 1] > 0.7 for found in (a, b))
    both = faces & others
    if not both.any():
        return {"decisions": _same(faces, others), "refined": 0.0, "landmarks": 0.0}
    boxes = [np.array([0, 0, 1, 1]) + found["dense_5"][both] for found in (a, b)]
    points = [found["dense_6"][both].reshape(-1, 2, 5) for found in (a, b)]
    overlap = [iou(one, other) for one, other in zip(*boxes, strict=True)]
    distance = np.linalg.norm(points[0] - points[1], axis=1).mean()
    return {"decisions": _same(faces, others), "refined": np.mean(overlap), "landmarks": 1 - distance}


def _det(teacher: Outputs, student: Outputs) -> dict[str, float]:
    (name,) = teacher
    return {"boxes": f1(*([_text(array[0, 0]) for array in outputs[name]] for outputs in (teacher, student)))}


def _text(scores: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Boxes of text: parts over 0.3 whose mean score reaches 0.5 and whose sides reach 3 (thresh, box_thresh, min_size)."""
    labels, count = ndimage.label(scores > 0.3)
    means = ndimage.mean(scores, labels, range(1, count + 1))
    found = []
    for (rows, columns), mean in zip(ndimage.find_objects(labels), means, strict=True):
        box = np.array([columns.start, rows.start, columns.stop, rows.stop])
        if mean >= 0.5 and min(box[2:] - box[:2]) >= 3:
            found.append((0, box))
    return found


def _yolo(teacher: Outputs, student: Outputs) -> dict[str, float]:
    (name,) = teacher
    return {"boxes": f1(*([_detections(array[0]) for array in outputs[name]] for outputs in (teacher, student)))}


def _detections(output: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """NudeNet's: scores from 0.2 on, kept from 0.25 on, suppressed at an IoU of 0.45."""
    boxes, scores = output[:4].T, output[4:].max(axis=0)
    classes, chosen = output[4:].argmax(axis=0), np.nonzero(scores >= 0.25)[0]
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
    found: list[tuple[int, np.ndarray]] = []
    for row in chosen[np.argsort(-scores[chosen], kind="stable")]:
        if all(iou(corners[row], box) <= 0.45 for _, box in found):
            found.append((int(classes[row]), corners[row]))
    return found


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width, height = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = max(float(width), 0.0) * max(float(height), 0.0)
    total = sum(float(np.prod(np.maximum(box[2:] - box[:2], 0))) for box in (one, other)) - shared
    return shared / total if total > 0 else 0.0


def f1(teacher: Sequence[list], student: Sequence[list]) -> float:
    """F1 over all crops: each box of the teacher takes the best free one of its class, from an IoU of 0.5 on."""
    hits = total = 0
    for wanted, got in zip(teacher, student, strict=True):
        free = list(got)
        total += len(wanted) + len(got)
        for kind, box in wanted:
            overlaps = [iou(box, other) if kind == label else 0.0 for label, other in free]
            if overlaps and max(overlaps) >= 0.5:
                del free[int(np.argmax(overlaps))]
                hits += 1
    return 2 * hits / total if total else 1.0
