"""Whether all that a picture says lies inside it."""

from __future__ import annotations

from typing import Any

from rfonnx.report.drawing import drawing


def assert_inside(figure: Any) -> None:
    """The title, the legend, and the titles, labels and numbers of each panel lie inside the canvas, and have room."""
    with drawing():
        figure.draw_without_rendering()
        page = figure.bbox
        told = [*figure.legends, *([figure._suptitle] if figure._suptitle else [])]
        boxes = [(one, one.get_window_extent()) for one in told]
        boxes += [(axes, axes.get_tightbbox()) for axes in figure.axes]  # with its title, labels and numbers
        assert all(axes.get_window_extent().height > 40 for axes in figure.axes if axes.axison)
    for one, box in boxes:
        inside = page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1
        assert inside, (one, box, page)
