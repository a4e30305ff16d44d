"""Draws docs/tile.svg: an image, the tiles that models/unet.onnx is run on, and one of them with its crop, as rfonnx plans them.

python docs/tile_picture.py       # writes docs/tile.svg beside this file
"""

from pathlib import Path

import rfonnx

HERE = Path(__file__).parent
SIZE, TILE, CHOSEN = (1024, 1280), (416, 416), 7
SCALE, LEFT, TOP = 0.36, 24, 52
INK, PALE, LINE, HALO, KEPT = "#57606a", "#f6f8fa", "#afb8c1", "#54aeff", "#fb8f44"


def main() -> None:
    """Write the picture."""
    plan = rfonnx.tile(HERE.parent / "models" / "unet.onnx", tile=TILE, size=SIZE)
    before, _ = plan.halo["x", 2]
    drawn = [_box(((0, SIZE[0]), (0, SIZE[1])), PALE, LINE, 1)]
    drawn += [_box(tile.kept["mask"][2:], "none", LINE, 1) for tile in plan.tiles]
    chosen = plan.tiles[CHOSEN]
    drawn += [_box(chosen.crops["x"][2:], HALO, HALO, 0.35), _box(chosen.kept["mask"][2:], KEPT, KEPT, 0.9)]
    width, height = LEFT + SIZE[1] * SCALE + 290, TOP + SIZE[0] * SCALE + 24
    right = LEFT + SIZE[1] * SCALE + 20
    words = [
        (KEPT, f"kept: {_text(chosen.kept['mask'][2:])}"),
        (HALO, f"crop that is run: {_text(chosen.crops['x'][2:])}"),
        (INK, f"halo: {before} a side suffice;"),
        (INK, f"crops begin on a grid of {plan.grid['x', 2]}"),
        (INK, f"{len(plan.tiles)} tiles of {SIZE[0]} x {SIZE[1]}"),
    ]
    legend = "\n".join(
        f'<text x="{right}" y="{TOP + 24 + 24 * i}" fill="{INK}"><tspan fill="{colour}">&#9632;</tspan> {text}</text>'
        for i, (colour, text) in enumerate(words)
    )
    box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    (HERE / "tile.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="14">\n'
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#ffffff"/>\n'
        f'<text x="{LEFT}" y="28" fill="{INK}">One tile of models/unet.onnx: what is kept, and what has to be run for it</text>\n'
        + "\n".join(drawn)
        + f"\n{legend}\n</svg>\n"
    )


def _text(ranges: tuple[tuple[int, int], ...]) -> str:
    return " x ".join(str(stop - start) for start, stop in ranges)


def _box(ranges: tuple[tuple[int, int], ...], fill: str, stroke: str, opacity: float) -> str:
    (top, bottom), (left, right) = ranges
    return (
        f'<rect x="{LEFT + left * SCALE:.1f}" y="{TOP + top * SCALE:.1f}" width="{(right - left) * SCALE:.1f}" '
        f'height="{(bottom - top) * SCALE:.1f}" fill="{fill}" fill-opacity="{opacity}" stroke="{stroke}"/>'
    )


if __name__ == "__main__":
    main()
