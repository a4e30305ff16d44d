// A picture of the explorer that is pointed at: by mouse, by touch, or by the arrow keys.

const EXPLORER_KEYS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Enter: "pin", " ": "pin", Escape: "leave",
};

/** `point` and `press` get the place in units of the picture; `step` gets [rows, columns], "pin" or "leave". */
function explorerFigure(kind, point, press, step) {
  const svg = made("svg:svg", { class: kind, tabindex: 0, role: "application" });
  const caption = made("figcaption", {});
  const button = made("button", { type: "button", class: "explorer-save", onclick: () => explorerSave(svg, caption.textContent) },
    "save as SVG");
  const figure = made("figure", {}, made("div", { class: "explorer-head" }, caption, button), svg);
  svg.addEventListener("pointermove", (event) => point(explorerUnits(svg, event)));
  svg.addEventListener("click", (event) => press(explorerUnits(svg, event)));
  svg.addEventListener("keydown", (event) => {
    const found = EXPLORER_KEYS[event.key];
    if (found === undefined) return;
    event.preventDefault();
    const by = event.shiftKey ? 10 : 1;
    step(Array.isArray(found) ? found.map((one) => one * by) : found);
  });
  return {
    figure,
    svg,
    name(text) {
      caption.textContent = text;
      svg.setAttribute("aria-label", `${text}. Arrow keys move, Enter holds, Escape lets go.`);
    },
    pinned: (held) => figure.classList.toggle("pinned", held),
  };
}

/** Where an event is, in units of the picture. */
function explorerUnits(svg, event) {
  const matrix = svg.getScreenCTM();
  if (!matrix) return null;
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  return [x, y];
}

const EXPLORER_STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "paint-order", "font-size",
  "font-family", "image-rendering", "opacity"];

/** Hands the picture over as a file of its own, with the colours that it has in the page. */
function explorerSave(svg, name) {
  const copy = svg.cloneNode(true), own = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, k) => {
    const styles = getComputedStyle(own[k]);
    element.removeAttribute("class");
    for (const key of EXPLORER_STYLES) element.setAttribute(key, styles.getPropertyValue(key));
  });
  for (const key of ["class", "tabindex"]) copy.removeAttribute(key);
  copy.setAttribute("role", "img");
  copy.setAttribute("aria-label", name);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = new XMLSerializer().serializeToString(copy);
  const file = name.replace(/[^\w.-]+/g, "_").slice(0, 60) || "field";
  made("a", { href: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, download: `${file}.svg` }).click();
}
