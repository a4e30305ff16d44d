// The graph's buttons and its search.

const graphZooms = [0.4, 0.55, 0.75, 1, 1.3];

function graphTools(graph, { setDepth, setZoom, find }) {
  const button = (text, label, onclick) => made("button", { type: "button", "aria-label": label, title: label, onclick }, text);
  const deepest = graph.scopes.reduce((most, scope) => Math.max(most, scope.depth), 0);
  let depth = graphScopesFitting(graph.scopes, graphFirst - graph.inputs);
  let zoom = graphZooms.indexOf(1);
  const deep = (step) => {
    depth = Math.min(deepest, Math.max(0, step));
    setDepth(depth);
  };
  const far = (step) => {
    zoom = Math.min(graphZooms.length - 1, Math.max(0, zoom + step));
    setZoom(graphZooms[zoom]);
  };
  const scopes = deepest
    ? [
        button("Collapse all", "Close all scopes", () => deep(0)),
        button("Shallower", "Close the deepest scopes", () => deep(depth - 1)),
        button("Deeper", "Open one level of scopes", () => deep(depth + 1)),
        button("Expand all", "Open all scopes", () => deep(deepest)),
      ]
    : [];
  const zooms = [button("−", "Zoom out", () => far(-1)), button("+", "Zoom in", () => far(1))];
  return made("div", { class: "tools" }, find, ...scopes, ...zooms);
}

/** A search over operators and their names: Enter goes to the next match, with Shift to the one before. */
function graphFind(graph, go) {
  const { op, name } = graph.operations;
  const texts = name.map((text, operator) => `${op[operator]} ${text}`.toLowerCase());
  const input = made("input", { type: "search", placeholder: "Find an operator", "aria-label": "Find an operator", size: 24 });
  const count = made("span", { class: "caption", role: "status" });
  let matches = [];
  let at = -1;
  const tell = () => {
    if (!input.value.trim()) count.textContent = "";
    else count.textContent = matches.length ? `${at + 1} of ${matches.length}` : "no match";
  };
  const step = (by) => {
    if (!matches.length) return;
    at = (Math.max(at, by < 0 ? 0 : -1) + by + matches.length) % matches.length;
    tell();
    go(matches[at]);
  };
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    matches = words.length ? texts.flatMap((text, i) => (words.every((word) => text.includes(word)) ? [i] : [])) : [];
    at = -1;
    tell();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
  });
  const button = (text, label, by) =>
    made("button", { type: "button", "aria-label": label, title: label, onclick: () => step(by) }, text);
  return made("span", { class: "graph-find" }, input, button("‹", "Previous match", -1), button("›", "Next match", 1), count);
}
