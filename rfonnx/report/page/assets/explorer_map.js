// A map of the explorer: one or two axes as cells, with masks, boxes and marks on them, as one SVG.
//
// `lengths` are [rows, columns], 1 for the rows of a strip. Places on the map are in positions, [row, column]; the picture has
// EXPLORER_WIDE units, and a gutter for the numbers of the box's ends.
const EXPLORER_WIDE = 480, EXPLORER_GUTTER = 50, EXPLORER_STRIP = 56;
const EXPLORER_CELLS = 512; // per axis: of longer ones, neighbours are painted as one
const EXPLORER_RATIOS = [0.6, 5];
const EXPLORER_LINES = 72; // positions of an axis up to which each has its lines

/** Sizes and places of a map. `margins`: [[above, below], [left, right]] in positions. */
function explorerFrame(lengths, margins) {
  const [rows, columns] = lengths.map((length, k) => Math.max(1, length) + margins[k][0] + margins[k][1]);
  const wide = EXPLORER_WIDE - EXPLORER_GUTTER - 2;
  const [least, most] = EXPLORER_RATIOS;
  const ratio = Math.min(most, Math.max(least, columns / rows));
  const high = lengths[0] === 1 && margins[0][0] + margins[0][1] === 0 ? EXPLORER_STRIP : wide / ratio;
  const scale = [high / rows, wide / columns];
  return {
    lengths,
    high: high + 22,
    scale,
    y: (row) => 2 + (row + margins[0][0]) * scale[0],
    x: (column) => EXPLORER_GUTTER + (column + margins[1][0]) * scale[1],
    /** The position under a point of the picture, or null beyond the border. */
    at(x, y) {
      const row = Math.floor((y - 2) / scale[0]) - margins[0][0];
      const column = Math.floor((x - EXPLORER_GUTTER) / scale[1]) - margins[1][0];
      return row >= 0 && row < lengths[0] && column >= 0 && column < lengths[1] ? [row, column] : null;
    },
  };
}

function explorerRect(frame, [[top, bottom], [left, right]], words) {
  return made("svg:rect", {
    x: frame.x(left),
    y: frame.y(top),
    width: Math.max(1, (right - left + 1) * frame.scale[1]),
    height: Math.max(1, (bottom - top + 1) * frame.scale[0]),
    ...words,
  });
}

/** Lines between cells, where there is room for them. */
function explorerLines(frame) {
  const [rows, columns] = frame.lengths;
  if (Math.max(rows, columns) > EXPLORER_LINES) return null;
  let path = "";
  for (let row = 1; row < rows; row++) path += `M${frame.x(0)} ${frame.y(row)}H${frame.x(columns)}`;
  for (let column = 1; column < columns; column++) path += `M${frame.x(column)} ${frame.y(0)}V${frame.y(rows)}`;
  return made("svg:path", { d: path, class: "cells" });
}

/** Cells as a picture: `strength(k)` in 0..1 of cell k; of an axis that is too long the strongest of neighbours is painted. */
function explorerPainted(frame, strength, colour, words) {
  const [rows, columns] = frame.lengths;
  const per = frame.lengths.map((length) => Math.ceil(length / EXPLORER_CELLS));
  const high = Math.max(1, Math.ceil(rows / per[0])), wide = Math.max(1, Math.ceil(columns / per[1]));
  const canvas = made("canvas", { width: wide, height: high });
  const pen = canvas.getContext("2d"), pixels = pen.createImageData(wide, high);
  const [red, green, blue] = explorerColour(colour);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = strength(row * columns + column);
      if (value <= 0) continue;
      const at = 4 * (Math.floor(row / per[0]) * wide + Math.floor(column / per[1]));
      if (255 * value <= pixels.data[at + 3]) continue;
      pixels.data[at] = red;
      pixels.data[at + 1] = green;
      pixels.data[at + 2] = blue;
      pixels.data[at + 3] = Math.round(255 * value);
    }
  }
  pen.putImageData(pixels, 0, 0);
  return made("svg:image", {
    x: frame.x(0),
    y: frame.y(0),
    width: wide * per[1] * frame.scale[1],
    height: high * per[0] * frame.scale[0],
    preserveAspectRatio: "none",
    href: canvas.toDataURL(),
    ...words,
  });
}

/** Red, green and blue of a colour of the page, "--field" say. */
function explorerColour(name) {
  const pen = made("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888888";
  pen.fillRect(0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data;
}

/** The line around the cells that are inside. */
function explorerContour(frame, inside, words) {
  const [rows, columns] = frame.lengths;
  const has = (row, column) => row >= 0 && row < rows && column >= 0 && column < columns && inside(row * columns + column);
  let path = "";
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const own = has(row, column);
      if (own !== has(row - 1, column)) path += `M${frame.x(column)} ${frame.y(row)}h${frame.scale[1]}`;
      if (own !== has(row, column - 1)) path += `M${frame.x(column)} ${frame.y(row)}v${frame.scale[0]}`;
    }
  }
  return made("svg:path", { d: path, ...words });
}

/** A cross at a place, which may lie between positions: [row, column] of its middle. */
function explorerCross(frame, [row, column], words) {
  const x = frame.x(column + 0.5), y = frame.y(row + 0.5), arm = 6;
  return made("svg:path", { d: `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`, ...words });
}

/** The numbers of the first and the last position of a box, or of the whole map, beside it. */
function explorerNumbers(frame, [[top, bottom], [left, right]], words) {
  const [rows, columns] = frame.lengths, labels = [];
  const low = frame.y(rows) + 14;
  const column = (position, x, anchor) => labels.push(
    made("svg:text", { x, y: low, "text-anchor": anchor, ...words }, `${position}`));
  const row = (position, y) => labels.push(
    made("svg:text", { x: frame.x(0) - 5, y, "text-anchor": "end", "dominant-baseline": "central", ...words }, `${position}`));
  const middle = (a, b) => (a + b + 1) / 2;
  if (columns > 1) {
    if ((right - left) * frame.scale[1] < 44) column(left === right ? `${left}` : `${left}–${right}`, frame.x(middle(left, right)), "middle");
    else {
      column(left, frame.x(left), "start");
      column(right, frame.x(right + 1), "end");
    }
  }
  if (rows > 1) {
    if ((bottom - top) * frame.scale[0] < 28) row(top === bottom ? `${top}` : `${top}–${bottom}`, frame.y(middle(top, bottom)));
    else {
      row(top, frame.y(top) + 6);
      row(bottom, frame.y(bottom + 1) - 6);
    }
  }
  return labels;
}
