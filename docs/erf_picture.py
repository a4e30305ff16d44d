"""Draws docs/erf.png, the README's second picture: the nets of models/digits_erf, measured and drawn by rfonnx.

python docs/erf_picture.py        # writes docs/erf.png beside this file; needs matplotlib and Pillow
"""

import io
from pathlib import Path

from PIL import Image

import rfonnx
from rfonnx.report.effective.plot import erf_plot

HERE = Path(__file__).parent
MODELS = HERE.parent / "models" / "digits_erf"
NETS = {
    "untrained": "before training",
    "near": "trained to name the digit here",
    "far": "trained to name the digit anywhere",
}


def main() -> None:
    """Write the picture."""
    erfs = [
        rfonnx.erf(MODELS / f"{name}.onnx", channel="random", data=str(MODELS / "canvases.npz"), threads=1)
        for name in NETS
    ]
    titles = [
        f"{title}\nsigma {erf.sigma[0]:.1f} x {erf.sigma[1]:.1f}"
        for title, erf in zip(NETS.values(), erfs, strict=True)
    ]
    picture = Image.open(io.BytesIO(erf_plot(erfs, "png", titles))).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(HERE / "erf.png", optimize=True)  # a third of the bytes


if __name__ == "__main__":
    main()
