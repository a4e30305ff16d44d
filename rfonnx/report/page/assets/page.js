// What the panels of a page share. All scripts of a page are joined into one module: names that begin with a panel's
// name are that panel's.

/** The page: `model` is what the panels share, `layer` the number of the chosen tensor, or null. */
const page = {
  model: null,
  layer: null,
  /** Tells "layer" when another tensor is chosen. */
  events: new EventTarget(),
  select(layer) {
    if (layer === page.layer) return;
    page.layer = layer;
    page.events.dispatchEvent(new Event("layer"));
  },
  /** Runs an act in the frame after another tensor was chosen: what was clicked answers first, the other panels follow. */
  follow(act) {
    let due = 0;
    page.events.addEventListener("layer", () => {
      due ||= requestAnimationFrame(() => {
        due = 0;
        act();
      });
    });
  },
};

/** By kind: (element, data, page) => void, which fills a panel's element. */
const panels = {};

/** An element with attributes and children; text is text, never markup. SVG where the name begins with "svg:". */
function made(name, attributes = {}, ...children) {
  const svg = name.startsWith("svg:");
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A name in so many characters, its middle left out. */
function shortened(name, room) {
  if (name.length <= room) return name;
  const head = Math.floor((room - 1) / 2);
  return `${name.slice(0, head)}…${name.slice(name.length - (room - 1 - head))}`;
}
