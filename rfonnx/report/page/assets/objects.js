// Asks whether an object of a size is seen: by which outputs, and from which layer on, wherever it lies in the input.

panels.objects = (element, data, page) => {
  const answers = made("ul", { class: "objects-answers", role: "status" });
  const fields = data.axes.map((axis, side) =>
    made("input", {
      type: "number", min: 1, max: data.lengths[side], value: Math.max(1, Math.round(data.lengths[side] / 4)),
      "aria-label": `positions along axis ${axis}`,
    }));
  const tools = made("div", { class: "tools" }, made("span", {}, "an object of "));
  fields.forEach((field, side) => tools.append(...(side ? [" x ", field] : [field])));
  tools.append(made("span", {}, ` positions of ${shortened(data.input, 40)} (${data.lengths.join(" x ")})`));
  element.append(tools, answers);

  /** true, false, or null where it is not worked out. */
  function holds(layer, size) {
    const entry = data.entries[data.layers[layer]];
    if (!entry) return null;
    const [held, most] = entry;
    if (held.some((one) => one.every((n, side) => n >= size[side]))) return true;
    return size.some((n, side) => n > most[side]) ? false : null;
  }

  function line(layer, words) {
    const button = made("button", { type: "button" }, shortened(page.model.tensors.name[layer], 48));
    button.addEventListener("click", () => page.select(layer));
    return made("li", {}, button, ` ${words}`);
  }

  function show() {
    const size = fields.map((field) => Math.floor(Number(field.value)));
    if (!size.every((n) => n >= 1)) return answers.replaceChildren(made("li", {}, "give sizes of 1 and more"));
    const of = size.join(" x ");
    const may = (layer) => (data.atMost.includes(layer) ? "may hold" : "holds");
    const said = data.outputs.map((layer) => {
      const found = holds(layer, size);
      if (found === null) return line(layer, `: not worked out in this page; rfonnx report --object ${size.join(",")} tells`);
      if (found) return line(layer, `: wherever an object of ${of} lies, the field of a position ${may(layer)} it`);
      return line(layer, `: no position's field holds an object of ${of} at some places`);
    });
    const first = data.layers.findIndex((_, layer) => holds(layer, size) === true);
    const unsure = data.layers.findIndex((_, layer) => holds(layer, size) === null);
    if (first >= 0) {
      const rest = unsure >= 0 && unsure < first ? ", of those that are worked out here" : "";
      const can = data.atMost.includes(first) ? "may have fields that hold it" : "has fields that hold it";
      said.push(line(first, `is the first layer that ${can}, wherever it lies${rest}`));
    } else {
      said.push(made("li", {}, "no layer is known to have fields that hold it wherever it lies"));
    }
    answers.replaceChildren(...said);
  }

  for (const field of fields) field.addEventListener("input", show);
  show();
};
