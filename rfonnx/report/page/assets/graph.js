// The graph of a model: a layered drawing of what is in view, whose scopes open and close.

/** Most boxes at first. */
const graphFirst = 150;

panels.graph = function graphPanel(element, data, page) {
  const graph = graphModel(page.model);
  const state = { open: graphScopesOpen(graph.scopes, graphScopesFitting(graph.scopes, graphFirst - graph.inputs)), chosen: -1, zoom: 1 };
  const view = graphView(graph, state, { choose, toggle });
  const told = made("p", { class: "caption graph-told", "aria-live": "polite" });
  const trail = made("nav", { class: "graph-trail", "aria-label": "Scopes of the chosen box" });
  const find = graphFind(graph, (operator) => reveal(operator, true));
  element.append(graphTools(graph, { setDepth, setZoom, find }), trail, view.frame, told, graphLegend(graph));
  view.redo();
  if (view.shown.boxes.length) view.moveTo(0, [view.middle(), graphBox.margin]);
  tell();
  page.events.addEventListener("layer", () => {
    if (page.layer !== null) reveal(page.model.tensors.operation[page.layer], false);
  });
  if (page.layer !== null) reveal(page.model.tensors.operation[page.layer], false);

  /** Chooses a box; all panels follow. */
  function choose(box) {
    state.chosen = box;
    view.choose(box);
    tell();
    const tensor = box < 0 ? null : graphTensor(graph, view.shown.boxes[box]);
    if (tensor !== null) page.select(tensor);
  }

  /** Opens a closed scope, or closes the one that a box is in. */
  function toggle(box) {
    const { scope, operator } = view.shown.boxes[box];
    if (scope !== undefined) change(() => state.open.add(scope), graph.scopes[scope].parent, box);
    else if (operator !== undefined) close(graph.scopeOf[operator]);
  }

  function close(scope) {
    if (scope > 0) change(() => state.open.delete(scope), scope, state.chosen);
  }

  /** Lays the graph out anew, the given box, or what it is part of now, where it was on the screen. */
  function change(act, _scope, anchor) {
    const member = anchor < 0 ? -1 : graphMember(graph, view.shown.boxes[anchor]);
    const before = anchor < 0 ? null : view.placeOf(anchor);
    act();
    view.redo();
    const box = member < 0 ? -1 : view.shown.boxOf[member];
    state.chosen = box;
    view.choose(box);
    if (before) view.moveTo(box, before);
    tell();
  }

  function setDepth(depth) {
    change(() => (state.open = graphScopesOpen(graph.scopes, depth)), 0, state.chosen);
  }

  function setZoom(zoom) {
    state.zoom = zoom;
    view.zoomed();
  }

  /** Shows an operator: brings its box into view; its scopes open where asked for. */
  function reveal(operator, opening) {
    const node = graph.inputs + operator;
    if (opening && view.shown.boxes[view.shown.boxOf[node]].scope !== undefined) {
      for (let scope = graph.scopeOf[operator]; scope >= 0; scope = graph.scopes[scope].parent) state.open.add(scope);
      view.redo();
    }
    const box = view.shown.boxOf[node];
    const away = box !== state.chosen;
    state.chosen = box;
    view.choose(box);
    if (away || opening) view.bring(box);
    if (opening) view.frame.scrollIntoView({ block: "nearest" });
    tell();
    if (opening && graph.tensorOf[operator] >= 0) page.select(graph.tensorOf[operator]);
  }

  /** Says what is shown and chosen, and where the chosen box stands among the scopes. */
  function tell() {
    const { boxes, edges } = view.shown;
    const counts = `${boxes.length} boxes, ${edges.length} edges, for ${graph.reads.length} operators`;
    const box = boxes[state.chosen];
    told.textContent = box ? `${graphSpoken(graph, view.shown, state.chosen)}. ${counts}.` : `${counts}.`;
    const above = [];
    let scope = box?.scope !== undefined ? graph.scopes[box.scope].parent : box?.operator !== undefined ? graph.scopeOf[box.operator] : -1;
    for (; scope > 0; scope = graph.scopes[scope].parent) above.unshift(scope);
    const buttons = above.map((number) => {
      const label = shortened(graph.scopes[number].label, 40);
      return made("button", { type: "button", "aria-label": `Close the scope ${label}`, onclick: () => close(number) }, label);
    });
    trail.replaceChildren(made("span", { class: "caption" }, above.length ? "close a scope:" : ""), ...buttons);
  }
};

/** The number, among inputs and operators, that a box is found by after a change. */
function graphMember(graph, box) {
  return box.input ?? graph.inputs + box.members[0];
}

/** A box in words: what it is, what it sees, what it reads, what reads it. */
function graphSpoken(graph, shown, number) {
  const box = shown.boxes[number];
  const { kind, name, size } = graphWords(graph, box);
  const called = (other) => shortened(graphWords(graph, shown.boxes[other]).name, 40);
  const some = (others) => others.slice(0, 4).map(called).join(", ") + (others.length > 4 ? ` and ${others.length - 4} more` : "");
  const [reads, readers] = [shown.parents[number], shown.children[number]];
  const whole = box.members.some((operator) => graph.whole.has(operator)) ? ", global" : "";
  const sees = box.input !== undefined ? `, ${size}` : size ? `, sees ${size}` : ", sees nothing";
  return (
    `${kind} ${shortened(name, 80)}${sees}${whole}` +
    (reads.length ? `; reads ${some(reads)}` : "") +
    (readers.length ? `; read by ${some(readers)}` : "")
  );
}

/** Colours and marks. */
function graphLegend(graph) {
  const present = new Set(graph.operations.family);
  const entries = graph.families.flatMap((family, number) => {
    if (!present.has(number)) return [];
    const dot = made("span", { class: "graph-dot" });
    dot.style.background = graphColour(graph, number);
    return [made("li", {}, dot, family)];
  });
  if (graph.whole.size) entries.push(made("li", {}, made("span", { class: "graph-mark" }, "◆"), "global"));
  return made("ul", { class: "graph-legend", "aria-label": "Colours" }, ...entries);
}
