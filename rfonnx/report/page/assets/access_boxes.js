// The boxes of every layer, read from the tables that rfonnx/report/explorer/interval_tables.py wrote: the core's own intervals.

// A table as it is looked up: along `axes`, the first position of each run that sees the same.
function accessTable([axes, ...packed]) {
  const tables = packed.map(accessUnpacked);
  return { axes, starts: tables.slice(0, axes.length), lo: tables[axes.length], size: tables[axes.length + 1] };
}

// Index of the run that holds a position.
function accessRun(starts, position) {
  let low = 0, high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

// [lo, hi] at a position; hi < lo where nothing is read.
function accessInterval(table, position) {
  let entry = 0;
  table.axes.forEach((axis, k) => {
    entry = entry * table.starts[k].length + accessRun(table.starts[k], position[axis]);
  });
  return [table.lo[entry], table.lo[entry] + table.size[entry] - 1];
}

// Reads boxes: `ranks` are the numbers of axes of the inputs, in order. Tables are unpacked when they are asked for.
function accessBoxes(data, ranks) {
  const tables = data.tables.map(() => null);
  function table(layer, column, clip) {
    const number = data.rows[data.layers[layer]][2 * column + (clip ? 0 : 1)];
    return (tables[number] ||= accessTable(data.tables[number]));
  }
  const firsts = ranks.map((_, input) => ranks.slice(0, input).reduce((sum, rank) => sum + rank, 0));
  return {
    has: (layer) => data.layers[layer] >= 0,
    table: (layer, input, axis, clip) => table(layer, firsts[input] + axis, clip),
    // What a position sees of each input, [lo, hi] per axis; null for an input of which it sees nothing,
    // and for one without axes, of which there are no tables.
    box: (layer, position, clip) => ranks.map((rank, input) => {
      const box = Array.from({ length: rank }, (_, axis) =>
        accessInterval(table(layer, firsts[input] + axis, clip), position));
      return rank > 0 && box.every(([lo, hi]) => lo <= hi) ? box : null;
    }),
  };
}
