// What the explorer finds out about a place, before anything is drawn.
//
// A *view* is what is looked at: {layer, input, position, origin, slices}. `origin` is a position of the input whose outputs are
// shown, null along axes where any position counts, or null as a whole: then what `position` sees is shown. `slices` gives the
// position along axes of the input that are neither drawn nor taken together.

/**
 * What the view's position sees: {box, free, known, cover, mask, used}; box and free are [lo, hi] per axis of the input. Without
 * a table the box is the one around what is read; `known` is false where there is neither.
 */
function explorerSight(model, view) {
  const { layer, input, position } = view, shape = model.inputs[input];
  const told = model.boxes.has(layer);
  const cover = model.followed ? accessSupport(model.program, model.data.layers[layer], position, input) : null;
  const spatial = explorerSpatial(model, input);
  return {
    box: told ? model.boxes.box(layer, position, true)[input] : explorerAround(cover, shape),
    free: told ? model.boxes.box(layer, position, false)[input] : null,
    known: told || model.followed,
    cover,
    mask: coverMask(cover, shape, explorerInputAxes(model, input), view.slices),
    used: model.followed ? explorerCount(coverMask(cover, shape, spatial)) : null,
  };
}

/** The smallest box around what belongs to a cover. */
function explorerAround(cover, shape) {
  if (!cover || !shape.length) return null;
  return shape.map((length, axis) => {
    if (cover.start[axis] === COVER_ALIKE) return [0, length - 1];
    const along = coverMask(cover, shape, [axis]);
    return [along.indexOf(1), along.lastIndexOf(1)];
  });
}

function explorerCount(mask) {
  let count = 0;
  for (const value of mask) count += value;
  return count;
}

/** Which of the layer's drawn positions see the view's origin: {mask, known, count, total, exact}. */
function explorerReach(model, view) {
  const { layer, input, origin } = view, shape = model.shape(layer);
  const axes = explorerLayerAxes(model, layer, input);
  const mask = model.followed
    ? coverMask(accessReached(model.program, input, origin, model.data.layers[layer]), shape, axes)
    : explorerReachByBoxes(model, view, axes);
  const known = model.followed || model.boxes.has(layer);
  return { mask, known, count: explorerCount(mask), total: mask.length, exact: model.followed };
}

/** The same by boxes, in which holes count as seen; over the positions that the view has along the axes that are not drawn. */
function explorerReachByBoxes(model, view, axes) {
  const { layer, input, origin, position } = view, shape = model.shape(layer);
  const [rows, columns] = explorerLengths(shape, axes);
  const mask = new Uint8Array(rows * columns);
  if (!model.boxes.has(layer)) return mask;
  for (let k = 0; k < mask.length; k++) {
    const place = explorerMoved(position, axes, [Math.floor(k / columns), k % columns]);
    const box = model.boxes.box(layer, place, true)[input];
    mask[k] = box && origin.every((at, axis) => at === null || (box[axis][0] <= at && at <= box[axis][1])) ? 1 : 0;
  }
  return mask;
}

/** [rows, columns] of a map over at most two axes. */
function explorerLengths(shape, axes) {
  const lengths = axes.map((axis) => shape[axis]);
  return [...new Array(2 - lengths.length).fill(1), ...lengths];
}

/** A position with another place [row, column] along the drawn axes. */
function explorerMoved(position, axes, place) {
  const moved = position.slice();
  axes.forEach((axis, k) => { moved[axis] = place[2 - axes.length + k]; });
  return moved;
}

/** The place [row, column] of a position along the drawn axes. */
function explorerPlaceOf(position, axes) {
  const along = axes.map((axis) => position[axis]);
  return [...new Array(2 - along.length).fill(0), ...along];
}

/** The measured effective field of the view's position, over the input's drawn axes: {map, levels, ...}, or null. */
function explorerMeasured(model, view) {
  const axes = explorerInputAxes(model, view.input), drawn = explorerLayerAxes(model, view.layer, view.input);
  const found = model.data.measured.find((field) => field.layer === view.layer && field.input === view.input
    && axes.every((axis) => field.axes.includes(axis))
    && drawn.every((axis) => field.position[axis] === null || field.position[axis] === view.position[axis]));
  if (!found || !found.levels.length) return null;
  const bytes = Uint8Array.from(atob(found.map), (character) => character.charCodeAt(0));
  const values = new Float32Array(bytes.buffer);
  if (found.axes.length === axes.length) return { ...found, values };
  return null; // a volume: its slices have no levels of their own
}
