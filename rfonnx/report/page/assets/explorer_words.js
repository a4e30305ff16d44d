// What the explorer says beside its pictures. Each sentence is made of what is drawn.

/** "rows 3 to 5", "3 to 5 along axis 2". */
function explorerAlong(model, input, axis, interval) {
  const name = explorerAxisName(model, input, axis), range = explorerRange(interval);
  return name.startsWith("axis") ? `${range} along ${name}` : `${name} ${range}`;
}

function explorerRange([lo, hi]) {
  return lo === hi ? `${lo}` : `${lo} to ${hi}`;
}

function explorerJoined(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

function explorerPlace(position) {
  return `(${position.join(", ")})`;
}

function explorerShare(part, whole) {
  const percent = 100 * part / whole;
  if (part === whole) return "all";
  return percent < 1 ? "under 1%" : `${Math.min(99, Math.round(percent))}%`;
}

/** What a position of a layer sees of an input. `used`: spatial positions that are read, null where not known. */
function explorerSees(model, view, seen) {
  const { layer, input, position } = view, { box, free, used } = seen;
  const name = model.label(layer), given = model.data.inputs[input];
  const most = model.data.atMost.includes(layer) ? "at most " : "";
  const head = `${name} at ${explorerPlace(position)} sees `;
  if (!seen.known) return [`What ${name} sees is left out of this page.`];
  if (!box) return [`${head}nothing of ${given}.`];
  const axes = explorerSpatial(model, input);
  const ranges = axes.map((axis) => explorerAlong(model, input, axis, box[axis]));
  const lengths = axes.map((axis) => box[axis][1] - box[axis][0] + 1);
  const area = lengths.reduce((product, length) => product * length, 1);
  const lines = [`${head}${most}${ranges.length ? `${explorerJoined(ranges)} of ` : ""}${given}.`];
  if (used !== null && area > 1) {
    lines.push(used === area
      ? `All ${lengths.length > 1 ? `${lengths.join(" × ")} = ` : ""}${area} positions of this box are ${most}read.`
      : `Of the box's ${lengths.length > 1 ? `${lengths.join(" × ")} = ` : ""}${area} positions `
        + `${most}${used} are read, ${explorerShare(used, area)}; the rest are holes.`);
  }
  const beyond = axes.filter((axis) => free && (free[axis][0] < box[axis][0] || free[axis][1] > box[axis][1]));
  if (beyond.length) {
    const told = beyond.map((axis) => explorerAlong(model, input, axis, free[axis]));
    lines.push(`Were there no border, it would see ${explorerJoined(told)}.`);
  }
  const others = explorerLong(model.inputs[input]).filter((axis) => !axes.includes(axis)).map((axis) => {
    const length = model.inputs[input][axis], [lo, hi] = box[axis];
    return lo === 0 && hi === length - 1 ? `all ${length} positions along axis ${axis}` : `positions ${explorerRange(box[axis])} along axis ${axis}`;
  });
  if (others.length) lines.push(`Besides, it sees ${explorerJoined(others)}.`);
  return lines;
}

/** How a measured effective field is drawn. */
function explorerMeasures({ shares, samples, method }) {
  const percents = explorerJoined(shares.map((share) => `${Math.round(100 * share)}%`));
  return `Its effective field, measured by ${method} over ${samples} sample${samples === 1 ? "" : "s"}: `
    + `lines around the strongest positions that hold ${percents} of the mass.`;
}

/** Which positions of a layer see a position of an input. */
function explorerReaches(model, view, { known, count, total, exact }) {
  const { layer, input, origin } = view, name = model.label(layer), given = model.data.inputs[input];
  const most = !exact || model.data.atMost.includes(layer) ? "at most " : "";
  const place = explorerJoined(explorerSpatial(model, input).filter((axis) => origin[axis] !== null).map((axis) =>
    `${explorerAxisName(model, input, axis).replace(/s$/, "")} ${origin[axis]}`));
  if (!known) return [`What ${name} sees of ${given} is left out of this page.`];
  const what = place ? `${given} at ${place}` : given;
  const lines = count === 0
    ? [`${what} reaches nothing of ${name}.`]
    : [`${what} reaches ${most}${explorerReached(count, total)} of ${name}.`];
  if (!exact) lines.push("Told by boxes: holes in them count as seen.");
  return lines;
}

function explorerReached(count, total) {
  if (total === 1) return "the one drawn position";
  return count === total ? `all ${total} drawn positions` : `${count} of the ${total} drawn positions`;
}

/** Lengths of a layer, and which of its axes are drawn. */
function explorerSizes(model, layer, input) {
  const shape = model.shape(layer), axes = explorerLayerAxes(model, layer, input);
  if (!shape.length) return "a single number";
  const drawn = axes.length && axes.length < shape.length
    ? `, drawn: ${explorerJoined(axes.map((axis) => explorerLayerAxisName(model, layer, input, axis)))}` : "";
  return `${shape.join(" × ")}${drawn}`;
}

/** What is not as it should be with a layer, or was left out of the page. */
function explorerNotes(model, layer) {
  const lines = [];
  const { data } = model;
  if (data.open.includes(layer)) lines.push("Lengths of this layer depend on data; each is taken as 1.");
  if (!model.boxes.has(layer) && !model.followed) {
    lines.push("What this layer sees is too large for a page. `rfonnx explain` tells it.");
    return lines;
  }
  if (!model.boxes.has(layer)) {
    lines.push("The tables of this layer's boxes are left out, with which this would be too large for a page: the box is the one "
      + "around the positions read, and there is none without borders. `rfonnx report` tells its size.");
  }
  if (!model.followed) {
    lines.push("The access program of this model is too large for a page: boxes are shown, not the positions read in them. "
      + "`rfonnx explain` tells those.");
  }
  return lines;
}
