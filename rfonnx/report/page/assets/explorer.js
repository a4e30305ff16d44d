// The explorer: pick a layer, point at one of its positions, and see what it sees of the input; point at the input, and see
// which positions of the layer it reaches. All is worked out in the page: access.js, access_boxes.js.

const EXPLORER_SLOW = 60; // milliseconds beyond which exact positions wait until the pointer rests
const EXPLORER_REST = 150;

panels.explorer = function (element, data, page) {
  const model = explorerModel(data);
  const labels = explorerLabels(data.names);
  const shown = { support: true, box: true, free: true, centre: true, measured: true };
  const view = { layer: null, input: 0, position: [], origin: null, slices: {} };
  let pinned = false, sight = null, reach = null, frames = {}, taken = 0, waiting = null;

  const picker = explorerPicker(labels, choose);
  const inputs = made("select", { onchange: () => { view.input = inputs.selectedIndex; view.origin = null; rebuild(); } },
    ...data.inputs.map((name) => made("option", {}, shortened(name, 64))));
  const place = made("span", { class: "tools explorer-place" }), note = made("p", { class: "caption" });
  const words = made("div", { class: "explorer-words", role: "status", "aria-live": "polite" });
  const ticks = made("span", { class: "tools explorer-ticks" },
    explorerTick("support", "positions read", shown, draw), explorerTick("box", "box", shown, draw),
    explorerTick("free", "box without borders", shown, draw), explorerTick("centre", "centre", shown, draw),
    data.measured.length ? explorerTick("measured", "effective field", shown, draw) : null);
  const layerMap = explorerFigure("explorer-output", point, press, key), inputMap = explorerFigure("explorer-input", trace, hold, keyOfInput);
  element.classList.add("explorer");
  element.append(
    made("div", { class: "tools" }, picker.element, data.inputs.length > 1 ? explorerLabelled("input", inputs) : null, place),
    made("div", { class: "explorer-maps" }, layerMap.figure, inputMap.figure),
    ticks, words, note);
  inputMap.svg.addEventListener("pointerleave", leave);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let steering = [];

  /** Another layer, here and in the other parts of the page. */
  function choose(layer) {
    show(layer);
    page.select(layer);
  }

  /** Another layer: its middle position, and an input that it sees. */
  function show(layer) {
    const shape = model.shape(layer);
    view.layer = layer;
    view.position = shape.map((length) => Math.max(0, Math.floor(length / 2)));
    view.origin = null;
    pinned = false;
    const measured = data.measured.find((field) => field.layer === layer);
    if (measured) {
      view.input = measured.input;
      view.position = measured.position.map((at, axis) => (at === null ? view.position[axis] : at));
    } else if (model.boxes.has(layer) && !shape.includes(0)) {
      const seen = model.boxes.box(layer, view.position, true).map((box) => box !== null);
      if (!seen[view.input] && seen.includes(true)) view.input = seen.indexOf(true);
    }
    inputs.selectedIndex = view.input;
    picker.show(layer);
    rebuild();
  }

  /** The controls that depend on the layer and the input. */
  function rebuild() {
    const { layer, input } = view, shape = model.shape(layer);
    const axes = explorerSpatial(model, input), drawn = explorerInputAxes(model, input);
    view.slices = {};
    steering = [];
    shape.forEach((length, axis) => {
      if (length < 2) return;
      const name = explorerLayerAxisName(model, layer, input, axis);
      const field = explorerIndex(name, length, view.position[axis], (at) => { view.position[axis] = at; moved(); });
      steering.push({ element: field.element, refresh: () => field.show(view.position[axis]) });
    });
    for (const [axis, period] of explorerPeriods(model, layer, input)) {
      const name = `phase along ${explorerLayerAxisName(model, layer, input, axis)}`;
      const tell = (phase) => `${phase + 1} of ${period}`;
      const slider = explorerSlider(name, 0, period, view.position[axis] % period, tell, (phase) => {
        const start = Math.floor(view.position[axis] / period) * period;
        view.position[axis] = Math.min(shape[axis] - 1, start + phase);
        moved();
      });
      steering.push({ element: slider.element, refresh: () => slider.show(view.position[axis] % period) });
    }
    for (const axis of axes.filter((axis) => !drawn.includes(axis))) {
      const tell = (at) => (at < 0 ? "all together" : `${at}`);
      const slider = explorerSlider(`slice along axis ${axis} of the input`, -1, model.inputs[input][axis], -1, tell, (at) => {
        delete view.slices[axis];
        if (at >= 0) view.slices[axis] = at;
        if (view.origin) view.origin[axis] = at >= 0 ? at : null;
        update();
      });
      steering.push({ element: slider.element, refresh: () => {} });
    }
    place.replaceChildren(...steering.map((one) => one.element));
    layerMap.name(`${labels[layer]}: ${explorerSizes(model, layer, input)}`);
    inputMap.name(`${data.inputs[input]}: ${model.inputs[input].join(" × ") || "a single number"}`);
    note.textContent = explorerNotes(model, layer).join(" ");
    update();
  }

  function moved() {
    view.origin = null;
    update();
  }

  /** Works out what the view shows, and draws it. */
  function update() {
    clearTimeout(waiting);
    if (model.shape(view.layer).includes(0)) {
      sight = { box: null, free: null, mask: null, used: null };
      reach = null;
      layerMap.svg.replaceChildren();
      inputMap.svg.replaceChildren();
      words.replaceChildren(made("p", {}, `${labels[view.layer]} has no positions: an axis of it has length 0.`));
      return;
    }
    const start = performance.now();
    reach = view.origin ? explorerReach(model, view) : null;
    if (!view.origin) sight = explorerSight(model, view);
    steering.forEach((one) => one.refresh());
    draw();
    taken = performance.now() - start;
  }

  /** At once, or, where that takes long, when the pointer rests. */
  function updateSoon() {
    clearTimeout(waiting);
    if (taken <= EXPLORER_SLOW) update();
    else waiting = setTimeout(update, EXPLORER_REST);
  }

  function draw() {
    if (view.layer === null || model.shape(view.layer).includes(0)) return;
    const input = explorerDrawInput(inputMap.svg, model, view, sight, shown);
    frames = { input: input.frame, layer: explorerDrawLayer(layerMap.svg, model, view, reach) };
    const lines = reach
      ? explorerReaches(model, view, reach)
      : explorerSees(model, view, sight);
    if (input.measured) lines.push(explorerMeasures(input.measured));
    words.replaceChildren(...lines.map((line) => made("p", {}, line)));
    layerMap.pinned(pinned && !view.origin);
    inputMap.pinned(pinned && view.origin !== null);
    page.explorer.drawn = {
      layer: view.layer, input: view.input, position: view.position.slice(), origin: view.origin && view.origin.slice(),
      ...input.drawn, reach: reach && reach.mask, words: lines,
    };
  }

  function point(at) {
    if (!pinned) go(at);
  }

  function go(at) {
    const axes = explorerLayerAxes(model, view.layer, view.input);
    const place = at && frames.layer.at(...at);
    if (!place) return;
    const next = explorerMoved(view.position, axes, place);
    if (!view.origin && next.every((index, axis) => index === view.position[axis])) return;
    view.origin = null;
    view.position = next;
    updateSoon();
  }

  /** Pins the position, or lets go of the one that is pinned. */
  function press(at) {
    const before = view.position.join();
    const held = pinned && !view.origin;
    pinned = false;
    go(at);
    pinned = !(held && view.position.join() === before);
    clearTimeout(waiting);
    update();
  }

  function trace(at) {
    if (!pinned) goBack(at);
  }

  function goBack(at) {
    const axes = explorerInputAxes(model, view.input), place = at && frames.input.at(...at);
    if (!place) return;
    const blank = model.inputs[view.input].map((_, axis) => (axis in view.slices ? view.slices[axis] : null));
    const next = explorerMoved(blank, axes, place);
    if (view.origin && next.every((index, axis) => index === view.origin[axis])) return;
    view.origin = next;
    updateSoon();
  }

  function hold(at) {
    const before = view.origin && view.origin.join();
    const held = pinned && view.origin !== null;
    pinned = false;
    goBack(at);
    if (!view.origin) return;
    pinned = !(held && view.origin.join() === before);
    clearTimeout(waiting);
    update();
  }

  function leave() {
    if (pinned || !view.origin) return;
    moved();
  }

  function key(step) {
    const axes = explorerLayerAxes(model, view.layer, view.input), shape = model.shape(view.layer);
    if (step === "pin") pinned = !pinned;
    if (step === "leave") pinned = false;
    if (Array.isArray(step)) view.position = explorerStepped(view.position, axes, shape, step);
    moved();
  }

  function keyOfInput(step) {
    if (step === "leave") {
      pinned = false;
      return moved();
    }
    const axes = explorerInputAxes(model, view.input), shape = model.inputs[view.input];
    const from = view.origin || shape.map((length, axis) => (axes.includes(axis) ? Math.floor(length / 2) : null));
    if (step === "pin") pinned = !pinned;
    view.origin = Array.isArray(step) && view.origin ? explorerStepped(from, axes, shape, step) : from;
    return update();
  }

  page.explorer = explorerAnswers(model, (layer, position) => {
    choose(layer);
    view.position = position.slice();
    pinned = true;
    moved();
  });
  page.events.addEventListener("layer", () => { if (page.layer !== null && page.layer !== view.layer) show(page.layer); });
  if (!data.names.length) {
    element.replaceChildren(element.firstElementChild, made("p", {}, "Nothing in this model is computed from an input."));
    return;
  }
  explorerLinked(data.names, element, page);
  show(page.layer ?? data.measured[0]?.layer ?? data.first);
};

/** A step of a position along the drawn axes, by [rows, columns], inside the tensor. */
function explorerStepped(position, axes, shape, [rows, columns]) {
  const moved = position.slice(), by = axes.length === 2 ? [rows, columns] : [rows + columns];
  axes.forEach((axis, k) => { moved[axis] = Math.min(shape[axis] - 1, Math.max(0, moved[axis] + by[k])); });
  return moved;
}

/** For scripts, and for tests: what a tensor sees, by its name as the page shows it, or its number. */
function explorerAnswers(model, select) {
  const number = (tensor) => (typeof tensor === "number" ? tensor : model.data.names.indexOf(tensor));
  const given = (input) => (typeof input === "number" ? input : model.data.inputs.indexOf(input));
  return {
    drawn: null,
    select: (tensor, position) => select(number(tensor), position),
    box(tensor, position, clip = true) {
      const boxes = model.boxes.box(number(tensor), position, clip);
      const read = boxes.map((box, input) => [model.data.inputs[input], box]).filter(([, box]) => box !== null);
      return read.length ? Object.fromEntries(read) : null;
    },
    support(tensor, position, input) {
      const shape = model.inputs[given(input)];
      const cover = accessSupport(model.program, model.data.layers[number(tensor)], position, given(input));
      return { shape, values: coverMask(cover, shape, shape.map((_, axis) => axis)) };
    },
  };
}
