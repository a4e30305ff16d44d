// The two pictures of the explorer: the input with what is seen of it, and the layer with the position that sees.

/** Fills the input's picture; returns its frame, what was drawn, and the effective field of it. `shown`: which parts are wanted, by name. */
function explorerDrawInput(svg, model, view, sight, shown) {
  const { layer, input } = view, axes = explorerInputAxes(model, input);
  const lengths = explorerLengths(model.inputs[input], axes);
  const margins = explorerTwo(axes.map((axis) => (shown.free ? explorerMargin(model, layer, input, axis) : [0, 0])), [0, 0]);
  const frame = explorerFrame(lengths, margins);
  const whole = lengths.map((length) => [0, length - 1]);
  const parts = [explorerRect(frame, whole, { class: "ground" })];
  const behind = input === model.data.imageOf && axes.length === 2;
  if (behind) parts.push(explorerRect(frame, whole, { class: "behind" }), explorerImage(frame, model.data.image));
  else parts.push(explorerLines(frame));
  const measured = shown.measured && !view.origin ? explorerMeasured(model, view) : null;
  const strength = measured ? 0.15 : behind ? 0.4 : 0.55; // what lies under or over it must show
  const drawn = { box: null, free: null, mask: null, levels: [] };
  if (view.origin) {
    const place = explorerPlaceOf(view.origin, axes).map((at) => [at, at]);
    parts.push(explorerRect(frame, place, { class: "place" }), ...explorerNumbers(frame, place, { class: "place" }));
  } else if (sight.box) {
    const two = (box) => explorerTwo(axes.map((axis) => box[axis]), [0, 0]);
    if (shown.support && model.followed) {
      drawn.mask = sight.mask;
      parts.push(explorerPainted(frame, (k) => strength * sight.mask[k], "--field", { class: "support" }));
    }
    if (measured) {
      const most = measured.values.reduce((a, b) => Math.max(a, b), 0);
      parts.push(explorerPainted(frame, (k) => Math.sqrt(measured.values[k] / most), "--global", { class: "heat" }));
    }
    for (const level of measured ? measured.levels : []) {
      drawn.levels.push(level);
      parts.push(explorerContour(frame, (k) => measured.values[k] >= level, { class: "contour" }));
    }
    if (shown.free && sight.free) {
      drawn.free = two(sight.free);
      const beyond = !shown.box || drawn.free.join() !== two(sight.box).join();
      if (beyond) parts.push(explorerRect(frame, drawn.free, { class: "free" }));
    }
    if (shown.box) {
      drawn.box = two(sight.box);
      parts.push(explorerRect(frame, drawn.box, { class: "box" }), ...explorerNumbers(frame, drawn.box, { class: "box" }));
    }
    if (shown.centre && sight.free) {
      parts.push(explorerCross(frame, two(sight.free).map(([lo, hi]) => (lo + hi) / 2), { class: "centre" }));
    }
  }
  explorerFill(svg, frame, parts);
  return { frame, drawn, measured };
}

/** Fills the layer's picture; returns its frame. `reach`: what sees the view's origin, or null. */
function explorerDrawLayer(svg, model, view, reach) {
  const axes = explorerLayerAxes(model, view.layer, view.input);
  const lengths = explorerLengths(model.shape(view.layer), axes);
  const frame = explorerFrame(lengths, [[0, 0], [0, 0]]);
  const parts = [explorerRect(frame, lengths.map((length) => [0, length - 1]), { class: "ground" }), explorerLines(frame)];
  if (reach) {
    parts.push(explorerPainted(frame, (k) => 0.55 * reach.mask[k], "--field", { class: "support" }));
  } else {
    const place = explorerPlaceOf(view.position, axes).map((at) => [at, at]);
    parts.push(explorerRect(frame, place, { class: "place" }), ...explorerNumbers(frame, place, { class: "place" }));
  }
  explorerFill(svg, frame, parts);
  return frame;
}

/** Of at most two axes a row and a column, with `none` for those that are missing. */
function explorerTwo(own, none) {
  return [...new Array(2 - own.length).fill(none), ...own];
}

function explorerImage(frame, href) {
  const [rows, columns] = frame.lengths;
  return made("svg:image", {
    x: frame.x(0), y: frame.y(0), width: columns * frame.scale[1], height: rows * frame.scale[0],
    preserveAspectRatio: "none", href, class: "picture",
  });
}

function explorerFill(svg, frame, parts) {
  svg.setAttribute("viewBox", `0 0 ${EXPLORER_WIDE} ${frame.high}`);
  svg.replaceChildren(...parts.filter((part) => part !== null));
}
