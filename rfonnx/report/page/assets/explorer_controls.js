// What the explorer is steered with: the layer, the input, the position, phases, slices, and what is drawn.

/** A labelled control. */
function explorerLabelled(text, control) {
  return made("label", {}, `${text} `, control);
}

/** Names that tell layers apart, as the picker shows them. */
function explorerLabels(names) {
  const taken = new Set();
  return names.map((name, layer) => {
    let label = shortened(name, 100);
    if (taken.has(label)) label = `${label} (layer ${layer})`;
    taken.add(label);
    return label;
  });
}

const EXPLORER_OPTIONS = 200;

/** A field in which a layer is searched by a part of its name; calls `choose(layer)`. */
function explorerPicker(labels, choose) {
  const numbers = new Map(labels.map((label, layer) => [label, layer]));
  const list = made("datalist", { id: "explorer-layers" });
  const field = made("input", { list: "explorer-layers", size: 28, autocomplete: "off", spellcheck: "false" });
  let chosen = 0;
  function matching() {
    const part = field.value.trim().toLowerCase();
    return part && !numbers.has(field.value) ? labels.filter((label) => label.toLowerCase().includes(part)) : labels;
  }
  function fill() {
    list.replaceChildren(...matching().slice(0, EXPLORER_OPTIONS).map((label) => made("option", { value: label })));
  }
  field.addEventListener("focus", () => { field.select(); fill(); });
  field.addEventListener("input", () => {
    if (numbers.has(field.value)) choose(numbers.get(field.value));
    else fill();
  });
  field.addEventListener("change", () => {
    const [first] = matching();
    if (first === undefined || !field.value.trim()) field.value = labels[chosen];
    else if (!numbers.has(field.value)) choose(numbers.get(first));
  });
  function show(layer) {
    chosen = layer;
    field.value = labels[layer];
  }
  const step = (by, text, name) => made("button", {
    type: "button", "aria-label": name, title: name,
    onclick: () => choose(Math.min(labels.length - 1, Math.max(0, chosen + by))),
  }, text);
  const element = made("span", { class: "explorer-layer" }, explorerLabelled("layer", field), list,
    step(-1, "‹", "layer before"), step(1, "›", "next layer"));
  return { element, show };
}

/** A number field for an index along an axis of so many positions. */
function explorerIndex(name, length, value, change) {
  const field = made("input", {
    type: "number", min: 0, max: length - 1, step: 1, value,
    onchange: () => {
      const wanted = Math.round(Number(field.value));
      field.value = Math.min(length - 1, Math.max(0, Number.isFinite(wanted) ? wanted : 0));
      change(Number(field.value));
    },
  });
  return { element: explorerLabelled(name, field), show: (shown) => { field.value = shown; } };
}

/** A slider over 0 .. count - 1, or from -1, which stands for all together; `tell(value)` is its text. */
function explorerSlider(name, from, count, value, tell, change) {
  const told = made("span", {});
  const field = made("input", {
    type: "range", min: from, max: count - 1, step: 1, value, "aria-label": name,
    oninput: () => { show(Number(field.value)); change(Number(field.value)); },
  });
  function show(shown) {
    field.value = shown;
    told.textContent = tell(shown);
    field.setAttribute("aria-valuetext", tell(shown));
  }
  show(value);
  return { element: made("label", { class: "explorer-slider" }, `${name} `, field, " ", told), show };
}

/** A box to tick for a part of the drawing. */
function explorerTick(name, text, shown, change) {
  const field = made("input", {
    type: "checkbox", checked: shown[name],
    onchange: () => { shown[name] = field.checked; change(); },
  });
  return made("label", { class: `explorer-tick ${name}` }, field, ` ${text}`);
}
