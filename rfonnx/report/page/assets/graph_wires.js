// Where boxes and edges of a layout are on the plane, and the edges of a part of it as paths.

const graphBox = { width: 176, height: 44, gap: 36, track: 9, margin: 14 };
const graphPitch = graphBox.height + graphBox.gap;

/** Rows of a chunk: edges are looked up by chunks. */
const graphChunk = 32;

/**
 * @param layout of `graphLayers`.
 * @returns the layout with `x` (left side) and `y` (top) of each box, `width` and `height` of the plane, and `chunks`: the edges
 *     that pass each chunk of rows; by edge the x of its track in `along` (NaN where it has none).
 */
function graphPlane(layout, edges) {
  const start = new Float64Array(layout.columns);
  let width = graphBox.margin;
  for (let column = 0; column < layout.columns; column += 1) {
    start[column] = width + layout.left[column] * graphBox.track;
    width = start[column] + graphBox.width + layout.right[column] * graphBox.track + 2 * graphBox.margin;
  }
  const x = Float64Array.from(layout.column, (column) => start[column]);
  const y = Float64Array.from(layout.row, (row) => graphBox.margin + row * graphPitch);
  const along = Float64Array.from(layout.track, (track) => {
    if (!track) return NaN;
    const away = graphBox.track * (track.place + 1);
    return track.side < 0 ? start[track.column] - away : start[track.column] + graphBox.width + away;
  });
  const chunks = Array.from({ length: Math.ceil(layout.rows / graphChunk) }, () => []);
  edges.forEach(([from, to], edge) => {
    const [top, bottom] = [layout.row[from], layout.row[to]].sort((a, b) => a - b);
    for (let chunk = Math.floor(top / graphChunk); chunk * graphChunk <= bottom; chunk += 1) chunks[chunk].push(edge);
  });
  const height = 2 * graphBox.margin + layout.rows * graphPitch - graphBox.gap;
  return { ...layout, edges, x, y, along, chunks, width, height };
}

/** The edges that pass a part of the plane, each once. */
function graphEdgesIn(plane, part) {
  const found = new Set();
  const last = Math.min(plane.chunks.length - 1, Math.floor(part.bottom / graphPitch / graphChunk));
  for (let chunk = Math.max(0, Math.floor(part.top / graphPitch / graphChunk) - 1); chunk <= last; chunk += 1) {
    for (const edge of plane.chunks[chunk]) if (graphPasses(plane, edge, part)) found.add(edge);
  }
  return found;
}

/** Whether the frame around an edge meets a part of the plane. */
function graphPasses(plane, edge, part) {
  const [from, to] = plane.edges[edge];
  const along = Number.isNaN(plane.along[edge]) ? plane.x[from] : plane.along[edge];
  const left = Math.min(plane.x[from], plane.x[to], along);
  const right = Math.max(plane.x[from], plane.x[to], along) + graphBox.width;
  const top = Math.min(plane.y[from], plane.y[to]) - graphPitch;
  const bottom = Math.max(plane.y[from], plane.y[to]) + 2 * graphPitch;
  return left <= part.right && right >= part.left && top <= part.bottom && bottom >= part.top;
}

/** The part of an edge that lies in the rows of `part`, as SVG path data relative to the part's corner. */
function graphPath(plane, edge, part) {
  const [from, to] = plane.edges[edge];
  const centre = (box) => plane.x[box] + graphBox.width / 2;
  const port = (box, x) => Math.min(Math.max(x, plane.x[box] + 14), plane.x[box] + graphBox.width - 14);
  const [bottom, top] = [plane.y[from] + graphBox.height, plane.y[to]];
  const x = plane.along[edge];
  if (plane.backward[edge]) {
    const turned = (box, y, bend) => graphCurve(part, port(box, x), y, x, y, y + bend);
    return turned(from, bottom, 0.9 * graphBox.gap) + graphDown(part, x, top, bottom) + turned(to, top, -0.9 * graphBox.gap);
  }
  if (Number.isNaN(x)) {
    if (plane.column[from] === plane.column[to]) return graphDown(part, centre(from), bottom, top);
    return graphCurve(part, port(from, centre(to)), bottom, port(to, centre(from)), top);
  }
  const [below, above] = [bottom + graphBox.gap, top - graphBox.gap];
  const out = graphCurve(part, port(from, x), bottom, x, below);
  return out + graphDown(part, x, below, above) + graphCurve(part, x, above, port(to, x), top);
}

/** A straight line down, cut to the part. */
function graphDown(part, x, top, bottom) {
  const [start, end] = [Math.max(top, part.top), Math.min(bottom, part.bottom)];
  return start < end ? `M${x - part.left} ${start - part.top}V${end - part.top}` : "";
}

/** A curve inside the gap between rows, which leaves and arrives upright. */
function graphCurve(part, x0, y0, x1, y1, bend = (y0 + y1) / 2) {
  if (Math.max(y0, y1, bend) < part.top || Math.min(y0, y1, bend) > part.bottom) return "";
  const [u0, u1, b] = [x0 - part.left, x1 - part.left, bend - part.top];
  return `M${u0} ${y0 - part.top}C${u0} ${b} ${u1} ${b} ${u1} ${y1 - part.top}`;
}
