// The layered layout: a row for each box by its longest path from the inputs, a column for each path of boxes, and a track of
// its own beside the columns for each edge that passes rows. So no edge runs through a box.
//
// Ranks and paths follow Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures" (1981);
// the edges of circles are turned as they are met, and tracks are given out as in the left-edge algorithm of channel routing
// (Hashimoto, Stevens 1971). All of it is linear in boxes and edges but for the sorting.

/**
 * @param count boxes, by number, in the order of the file.
 * @param pinned so many first ones stay in the first row: the inputs.
 * @param edges pairs (from, to), each once, none from a box to itself.
 * @returns by box its `row` and `column`; by edge `backward` (0 or 1) and its `track`: null where it joins neighbouring rows or
 *     stays in its column, else {column, side (-1 or 1), place (0 is next to the boxes)}; `rows` and `columns`: how many, and
 *     `first`, the number of the leftmost column; by column the number of tracks on its `left` and `right`.
 */
function graphLayers(count, pinned, edges) {
  const order = graphLayersOrder(count, edges);
  const backward = Uint8Array.from(edges, ([from, to]) => (order.at[from] > order.at[to] ? 1 : 0));
  const parents = Array.from({ length: count }, () => []);
  const children = Array.from({ length: count }, () => []);
  edges.forEach(([from, to], edge) => {
    if (backward[edge]) return;
    parents[to].push(from);
    children[from].push(to);
  });
  const row = graphLayersRows(order.list, parents, children, pinned);
  const path = graphLayersPaths(order.list, parents, children, row);
  const columns = graphLayersColumns(order.list, parents, children, row, path);
  const tracks = graphLayersTracks(edges, backward, row, path.parent, columns);
  return { row, backward, ...columns, ...tracks, rows: row.reduce((most, at) => Math.max(most, at + 1), 0) };
}

/** A topological order; where circles leave no box free, the first one is taken, and the edges into it run backward. */
function graphLayersOrder(count, edges) {
  const waiting = new Int32Array(count);
  const readers = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    waiting[to] += 1;
    readers[from].push(to);
  }
  const list = [];
  const at = new Int32Array(count).fill(-1);
  const place = (box) => {
    at[box] = list.length;
    list.push(box);
  };
  for (let box = 0; box < count; box += 1) if (waiting[box] === 0) place(box);
  let done = 0;
  let first = 0;
  while (list.length < count || done < list.length) {
    if (done === list.length) {
      while (at[first] >= 0) first += 1;
      place(first);
    }
    for (const reader of readers[list[done]]) {
      waiting[reader] -= 1;
      if (waiting[reader] === 0 && at[reader] < 0) place(reader);
    }
    done += 1;
  }
  return { list, at };
}

/** The longest path from the inputs; a box that reads nothing stands right above the first that reads it. */
function graphLayersRows(list, parents, children, pinned) {
  const row = new Int32Array(list.length);
  for (const box of list) for (const parent of parents[box]) row[box] = Math.max(row[box], row[parent] + 1);
  for (const box of list) {
    if (box < pinned || parents[box].length || !children[box].length) continue;
    row[box] = Math.max(0, children[box].reduce((least, child) => Math.min(least, row[child]), Infinity) - 1);
  }
  return row;
}

/** Paths: a box follows the parent with the longest way behind it, if that has no child with a longer way before it. */
function graphLayersPaths(list, parents, children, row) {
  const height = new Int32Array(list.length);
  const heir = new Int32Array(list.length).fill(-1);
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const box = list[i];
    for (const child of children[box]) {
      if (heir[box] < 0 || height[child] > height[heir[box]]) heir[box] = child;
      height[box] = Math.max(height[box], height[child] + 1);
    }
  }
  const parent = new Int32Array(list.length).fill(-1);
  const of = new Int32Array(list.length);
  const paths = [];
  for (const box of list) {
    for (const other of parents[box]) {
      if (heir[other] === box && (parent[box] < 0 || row[other] > row[parent[box]])) parent[box] = other;
    }
    of[box] = parent[box] < 0 ? paths.push({ start: box, end: box }) - 1 : of[parent[box]];
    paths[of[box]].end = box;
  }
  return { parent, of, paths };
}

/** A column for each path, next to that of a box before or behind it, where no other path runs in the same rows. */
function graphLayersColumns(list, parents, children, row, { of, paths }) {
  const sorted = paths.map((_, path) => path);
  const length = (path) => row[paths[path].end] - row[paths[path].start];
  sorted.sort((a, b) => row[paths[a].start] - row[paths[b].start] || length(b) - length(a));
  const columnOf = new Int32Array(paths.length);
  const placed = new Uint8Array(paths.length);
  const busy = new Map(); // by column: the last row that is taken
  let [first, last] = [0, 0];
  for (const path of sorted) {
    const { start, end } = paths[path];
    const beside = [...parents[start], ...children[end]].find((box) => placed[of[box]]);
    const wanted = beside === undefined ? 0 : columnOf[of[beside]];
    let column = wanted;
    for (let step = 1; (busy.get(column) ?? -1) >= row[start]; step += 1) {
      column = step > graphLayersTries ? last + 1 : wanted + (step % 2 ? 1 : -1) * Math.ceil(step / 2);
    }
    busy.set(column, row[end]);
    columnOf[path] = column;
    placed[path] = 1;
    [first, last] = [Math.min(first, column), Math.max(last, column)];
  }
  const column = Int32Array.from(of, (path) => columnOf[path] - first);
  return { column, columns: last - first + 1 };
}

/** Columns that are tried before a path goes to the end of the row. */
const graphLayersTries = 200;

/** Tracks: edges of one box share one, short ones are given out first and lie next to the boxes. */
function graphLayersTracks(edges, backward, row, parent, { column, columns }) {
  const left = new Int32Array(columns);
  const right = new Int32Array(columns);
  const track = new Array(edges.length).fill(null);
  const runs = new Map();
  edges.forEach(([from, to], edge) => {
    if (!backward[edge] && (row[to] - row[from] === 1 || parent[to] === from)) return;
    const key = backward[edge] ? -1 - edge : from;
    const [start, end] = backward[edge] ? [row[to], row[from]] : [row[from] + 1, row[to] - 1];
    const run = runs.get(key) ?? { start, end, column: column[from], towards: 0, edges: [] };
    run.end = Math.max(run.end, end);
    run.towards += column[to] - column[from];
    run.edges.push(edge);
    runs.set(key, run);
  });
  const taken = new Map(); // by column and side: for each track the runs on it
  const sorted = [...runs.values()].sort((a, b) => a.end - a.start - (b.end - b.start));
  for (const run of sorted) {
    const sides = run.towards < 0 ? [-1, 1] : [1, -1];
    const [near, far] = sides.map((side) => {
      const key = `${run.column},${side}`;
      if (!taken.has(key)) taken.set(key, []);
      const lanes = taken.get(key);
      const free = lanes.findIndex((lane) => graphLayersFree(lane, run));
      return { side, lanes, place: free < 0 ? lanes.length : free };
    });
    const { side, lanes, place } = far.place < near.place ? far : near;
    if (place === lanes.length) lanes.push([]);
    lanes[place].splice(graphLayersAfter(lanes[place], run.start), 0, run);
    for (const edge of run.edges) track[edge] = { column: run.column, side, place };
    const counted = side < 0 ? left : right;
    counted[run.column] = Math.max(counted[run.column], lanes.length);
  }
  return { track, left, right };
}

/** How many runs of a track, which is sorted, start before a row. */
function graphLayersAfter(lane, start) {
  let [low, high] = [0, lane.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if (lane[half].start < start) low = half + 1;
    else high = half;
  }
  return low;
}

/** Whether a run fits between those of a track. */
function graphLayersFree(lane, run) {
  const next = graphLayersAfter(lane, run.start);
  return (next === 0 || lane[next - 1].end < run.start) && (next === lane.length || lane[next].start > run.end);
}
