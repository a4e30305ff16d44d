// The window on the graph: it draws the boxes and edges that are in view, and those a little beyond.

/** How far beyond the view is drawn, as a share of it: scrolling that far draws nothing anew. */
const graphBeyond = 0.5;

function graphView(graph, state, { choose, toggle }) {
  const wires = made("svg:svg", { class: "graph-wires", "aria-hidden": "true" });
  const [plain, turned, lit] = ["plain", "turned", "lit"].map((name) => made("svg:path", { class: `graph-${name}` }));
  wires.append(plain, turned, lit);
  const layer = made("div", { class: "graph-boxes", role: "presentation" });
  const world = made("div", { class: "graph-world", role: "presentation" }, wires, layer);
  const scroller = made(
    "div",
    { class: "graph-view", tabindex: 0, role: "listbox", "aria-label": "Operators of the model, from the inputs down" },
    world,
  );
  const map = graphMap(graph, (share) => {
    scroller.scrollTop = share * scroller.scrollHeight - scroller.clientHeight / 2;
  });
  const view = {
    frame: made("div", { class: "graph-frame" }, scroller, map.element),
    shown: null,
    /** Lays out what is open. */
    redo() {
      const shown = graphBoxes(graph, state.open);
      const plane = graphPlane(graphLayers(shown.boxes.length, graph.inputs, shown.edges), shown.edges);
      view.shown = { ...shown, plane, ...graphNeighbours(shown), rows: graphByRow(plane) };
      drawn = null;
      kept.clear();
      layer.replaceChildren();
      view.zoomed();
    },
    /** Takes the zoom of the state, the middle of the view stays. */
    zoomed() {
      const { plane } = view.shown;
      const middle = (scroller.scrollTop + scroller.clientHeight / 2) / (Number(world.dataset.zoom) || state.zoom);
      world.dataset.zoom = state.zoom;
      world.style.width = `${plane.width * state.zoom}px`;
      world.style.height = `${plane.height * state.zoom}px`;
      layer.style.transform = wires.style.transform = `scale(${state.zoom})`;
      scroller.scrollTop = middle * state.zoom - scroller.clientHeight / 2;
      drawn = null;
      map.draw(view.shown);
      draw();
    },
    choose(box) {
      for (const [number, one] of kept) graphMarkChosen(one, number === box);
      if (box < 0) scroller.removeAttribute("aria-activedescendant");
      else scroller.setAttribute("aria-activedescendant", `graph-box-${box}`);
      light();
    },
    /** Where a box has to be to stand in the middle, from the left side of the view. */
    middle() {
      return (scroller.clientWidth - graphBox.width * state.zoom) / 2;
    },
    /** Where a box is on the screen, from the corner of the view. */
    placeOf(box) {
      const { plane } = view.shown;
      return [plane.x[box] * state.zoom - scroller.scrollLeft, plane.y[box] * state.zoom - scroller.scrollTop];
    },
    /** Scrolls so that a box is at a place. */
    moveTo(box, [x, y]) {
      const { plane } = view.shown;
      scroller.scrollLeft = plane.x[box] * state.zoom - x;
      scroller.scrollTop = plane.y[box] * state.zoom - y;
      draw();
    },
    /** Scrolls a box into view, if it is not. */
    bring(box) {
      const [x, y] = view.placeOf(box);
      const [width, height] = [scroller.clientWidth, scroller.clientHeight];
      const inside = x >= 0 && y >= 0 && x + graphBox.width * state.zoom <= width && y + graphBox.height * state.zoom <= height;
      if (!inside) view.moveTo(box, [view.middle(), height / 3]);
    },
  };
  const kept = new Map(); // the elements of the boxes that are drawn
  let drawn = null; // the part of the plane that is drawn

  /** Draws what is in view, unless it is drawn already. */
  function draw() {
    if (!view.shown) return;
    const { plane } = view.shown;
    const [width, height] = [scroller.clientWidth / state.zoom, scroller.clientHeight / state.zoom];
    const [left, top] = [scroller.scrollLeft / state.zoom, scroller.scrollTop / state.zoom];
    map.mark(top / plane.height, height / plane.height);
    if (drawn && left >= drawn.left && top >= drawn.top && left + width <= drawn.right && top + height <= drawn.bottom) return;
    const [x, y] = [graphBeyond * width, graphBeyond * height];
    drawn = {
      left: Math.max(0, left - x),
      top: Math.max(0, top - y),
      right: Math.max(left + width, Math.min(plane.width, left + width + x)),
      bottom: Math.max(top + height, Math.min(plane.height, top + height + y)),
    };
    drawBoxes();
    drawWires();
  }

  function drawBoxes() {
    const { plane, rows } = view.shown;
    const wanted = new Set();
    const last = Math.min(plane.rows - 1, Math.floor(drawn.bottom / graphPitch));
    for (let row = Math.max(0, Math.floor(drawn.top / graphPitch) - 1); row <= last; row += 1) {
      for (const box of rows[row]) {
        if (plane.x[box] <= drawn.right && plane.x[box] + graphBox.width >= drawn.left) wanted.add(box);
      }
    }
    for (const [box, element] of kept) {
      if (wanted.has(box)) continue;
      element.remove();
      kept.delete(box);
    }
    const fresh = document.createDocumentFragment();
    for (const box of wanted) {
      if (kept.has(box)) continue;
      const element = graphBoxElement(graph, view.shown, box);
      graphMarkChosen(element, box === state.chosen);
      kept.set(box, element);
      fresh.append(element);
    }
    layer.append(fresh);
  }

  function drawWires() {
    const { plane } = view.shown;
    wires.style.left = `${drawn.left * state.zoom}px`;
    wires.style.top = `${drawn.top * state.zoom}px`;
    wires.setAttribute("width", drawn.right - drawn.left);
    wires.setAttribute("height", drawn.bottom - drawn.top);
    const paths = ["", ""];
    for (const edge of graphEdgesIn(plane, drawn)) paths[plane.backward[edge]] += graphPath(plane, edge, drawn);
    plain.setAttribute("d", paths[0]);
    turned.setAttribute("d", paths[1]);
    light();
  }

  /** Marks the edges of the chosen box. */
  function light() {
    if (!drawn) return;
    const { plane, touching } = view.shown;
    const edges = state.chosen < 0 ? [] : touching(state.chosen);
    lit.setAttribute("d", edges.map((edge) => (graphPasses(plane, edge, drawn) ? graphPath(plane, edge, drawn) : "")).join(""));
  }

  let asked = 0;
  scroller.addEventListener("scroll", () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  });
  new ResizeObserver(() => {
    if (!view.shown) return;
    map.draw(view.shown);
    draw();
  }).observe(scroller);
  const boxAt = (event) => Number(event.target.closest?.(".graph-box")?.dataset.box ?? -1);
  scroller.addEventListener("click", (event) => {
    if (boxAt(event) >= 0) choose(boxAt(event));
  });
  scroller.addEventListener("dblclick", (event) => {
    if (boxAt(event) >= 0) toggle(boxAt(event));
  });
  scroller.addEventListener("keydown", (event) => {
    const next = graphStep(view.shown, state.chosen, event.key);
    if (next === null) return;
    event.preventDefault();
    if (next === "toggle") return void (state.chosen >= 0 && toggle(state.chosen));
    choose(next);
    view.bring(next);
  });
  return view;
}

/** What a key does: the number of the box to go to, "toggle", or null for other keys. Up and down walk along edges. */
function graphStep(shown, chosen, key) {
  if (key === "Home") return 0;
  if (key === "End") return shown.boxes.length - 1;
  if (key === "Enter" || key === " ") return "toggle";
  if (!key.startsWith("Arrow")) return null;
  if (chosen < 0) return 0;
  const { plane, parents, children, rows } = shown;
  const near = (boxes) =>
    boxes.reduce((best, box) => (best < 0 || Math.abs(plane.x[box] - plane.x[chosen]) < Math.abs(plane.x[best] - plane.x[chosen]) ? box : best), -1);
  const side = (sign) => near(rows[plane.row[chosen]].filter((box) => sign * (plane.x[box] - plane.x[chosen]) > 0));
  const next = { ArrowDown: () => near(children[chosen]), ArrowUp: () => near(parents[chosen]), ArrowLeft: () => side(-1), ArrowRight: () => side(1) }[key]();
  return next < 0 ? chosen : next;
}

/** By box, what it reads and what reads it; and the edges that touch a box. */
function graphNeighbours({ boxes, edges }) {
  const [parents, children, touching] = [0, 1, 2].map(() => Array.from(boxes, () => []));
  edges.forEach(([from, to], edge) => {
    parents[to].push(from);
    children[from].push(to);
    touching[from].push(edge);
    touching[to].push(edge);
  });
  return { parents, children, touching: (box) => touching[box] };
}

function graphByRow(plane) {
  const rows = Array.from({ length: plane.rows }, () => []);
  plane.row.forEach((row, box) => rows[row].push(box));
  return rows;
}

function graphBoxElement(graph, shown, number) {
  const box = shown.boxes[number];
  const { kind, name, size } = graphWords(graph, box);
  const whole = box.members.some((operator) => graph.whole.has(operator));
  const strip = made("span", { class: "graph-strip" });
  strip.style.background = graphStrip(graph, box);
  const element = made(
    "div",
    {
      class: `graph-box${box.scope !== undefined ? " graph-closed" : ""}${box.input !== undefined ? " graph-input" : ""}`,
      id: `graph-box-${number}`,
      role: "option",
      "data-box": number,
      "aria-label": graphSpoken(graph, shown, number),
      title: `${kind}\n${name.slice(0, 1000)}`,
    },
    strip,
    made(
      "span",
      { class: "graph-head" },
      whole ? made("span", { class: "graph-mark" }, "◆") : null,
      made("b", {}, shortened(kind, 20)),
      made("span", { class: "graph-size" }, size),
    ),
    made("span", { class: "graph-name" }, shortened(name, 27)),
  );
  element.style.left = `${shown.plane.x[number]}px`;
  element.style.top = `${shown.plane.y[number]}px`;
  return element;
}

function graphMarkChosen(element, chosen) {
  element.classList.toggle("graph-chosen", chosen);
  element.setAttribute("aria-selected", chosen);
}
