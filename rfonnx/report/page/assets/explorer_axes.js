// Which axes the explorer draws and what they are called. A layer is a number in the order of the page's tensors.

/** What the explorer knows of its model: shapes, what walks where, boxes, and the program where it is there. */
function explorerModel(data) {
  const program = accessProgram(data.program);
  const shapes = program.shapes.slice(0, program.inputs);
  const ranks = shapes.map((shape) => shape.length);
  return {
    data,
    program,
    followed: data.program.followed,
    inputs: shapes,
    label: (layer) => shortened(data.names[layer], 64),
    shape: (layer) => program.shapes[data.layers[layer]],
    boxes: accessBoxes(data.boxes, ranks),
    /** [axis of the layer that walks along an axis of an input or -1, steps after which its field repeats]. */
    walk(layer, input, axis) {
      const column = ranks.slice(0, input).reduce((sum, rank) => sum + rank, 0) + axis;
      return data.walks[data.walk[layer]][column];
    },
  };
}

function explorerLong(shape) {
  return shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
}

/** Axes of an input that windows slide along; of one without, those with more than one position. */
function explorerSpatial(model, input) {
  const slid = model.data.spatial.filter(([given]) => given === input).map(([, axis]) => axis);
  return slid.length ? slid : explorerLong(model.inputs[input]);
}

/** The at most two axes of an input that are drawn, the last ones. */
function explorerInputAxes(model, input) {
  return explorerSpatial(model, input).slice(-2);
}

/**
 * The at most two axes of a layer that are drawn: those that walk along the input's drawn ones, else those along which boxes
 * differ (tokens of patches), else its last long ones.
 */
function explorerLayerAxes(model, layer, input) {
  const drawn = explorerInputAxes(model, input), walking = drawn.map((axis) => model.walk(layer, input, axis)[0]);
  const differing = () => (model.boxes.has(layer) ? drawn.flatMap((axis) => model.boxes.table(layer, input, axis, true).axes) : []);
  for (const found of [walking.filter((axis) => axis >= 0), differing()]) {
    if (found.length) return [...new Set(found)].sort((a, b) => a - b).slice(-2);
  }
  return explorerLong(model.shape(layer)).slice(-2);
}

/** "rows" and "columns" where an input is a picture, else "axis 2". */
function explorerAxisName(model, input, axis) {
  const slid = model.data.spatial.filter(([given]) => given === input).map(([, own]) => own);
  if (slid.length === 2 && slid.includes(axis)) return axis === slid[0] ? "rows" : "columns";
  return `axis ${axis}`;
}

/** A layer's axis by the name of what it walks along. */
function explorerLayerAxisName(model, layer, input, axis) {
  const along = explorerInputAxes(model, input).filter((own) => model.walk(layer, input, own)[0] === axis);
  return along.length === 1 ? explorerAxisName(model, input, along[0]) : `axis ${axis}`;
}

/** The layer's axes whose fields repeat with a period: [axis, period]. */
function explorerPeriods(model, layer, input) {
  const found = new Map();
  for (const along of explorerInputAxes(model, input)) {
    const [axis, period] = model.walk(layer, input, along);
    if (axis >= 0 && period > 1 && period <= model.shape(layer)[axis]) found.set(axis, period);
  }
  return [...found];
}

/**
 * How far boxes without borders reach beyond an input's axis, before and behind, in positions. Where that is more than the axis
 * is long, they end outside the picture, and a little room shows that they go on.
 */
function explorerMargin(model, layer, input, axis) {
  const length = model.inputs[input][axis];
  if (!model.boxes.has(layer)) return [0, 0];
  const { lo, size } = model.boxes.table(layer, input, axis, false);
  let before = 0, behind = 0;
  lo.forEach((first, k) => {
    if (size[k] === 0) return;
    before = Math.max(before, -first);
    behind = Math.max(behind, first + size[k] - length);
  });
  return [before, behind].map((beyond) => (beyond > length ? Math.ceil(length / 8) : beyond));
}
