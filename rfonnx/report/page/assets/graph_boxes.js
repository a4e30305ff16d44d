// What is shown of a model as boxes: its inputs, its operators, and closed scopes in the place of theirs.

/** Numbers of tensors, rows and scopes of a model by operator, which the graph asks for. */
function graphModel(model) {
  const { operations, tensors, rows, looks } = model;
  const inputs = model.sources.length;
  const reads = operations.reads.map((back, operator) => back.map((steps) => inputs + operator - steps));
  const readers = Array.from({ length: inputs + reads.length }, () => []);
  reads.forEach((read, operator) => read.forEach((node) => readers[node].push(inputs + operator)));
  const tensorOf = new Int32Array(operations.op.length).fill(-1);
  for (let tensor = tensors.operation.length - 1; tensor >= 0; tensor -= 1) tensorOf[tensors.operation[tensor]] = tensor;
  const look = new Array(tensors.name.length).fill(null);
  for (let row = rows.tensor.length - 1; row >= 0; row -= 1) look[rows.tensor[row]] = looks.cells[rows.look[row]];
  const whole = new Set(tensors.operation.filter((_, tensor) => tensors.global[tensor]));
  return { ...model, inputs, reads, readers, tensorOf, look, whole, ...graphScopes(operations.name) };
}

/**
 * @param open scopes, by number.
 * @returns `boxes`, the inputs first, each {input} or {operator} or {scope, members (operators)}; `boxOf` by input and operator;
 *     `edges` between boxes, each once.
 */
function graphBoxes(graph, open) {
  const hidden = graphScopesHidden(graph.scopes, open);
  const boxes = graph.sources.map((_, input) => ({ input, members: [] }));
  const boxOf = new Int32Array(graph.inputs + graph.reads.length);
  const ofScope = new Map();
  for (let input = 0; input < graph.inputs; input += 1) boxOf[input] = input;
  for (let operator = 0; operator < graph.reads.length; operator += 1) {
    const scope = hidden[graph.scopeOf[operator]];
    let box = scope < 0 ? undefined : ofScope.get(scope);
    if (box === undefined) {
      box = boxes.push(scope < 0 ? { operator, members: [] } : { scope, members: [] }) - 1;
      if (scope >= 0) ofScope.set(scope, box);
    }
    boxes[box].members.push(operator);
    boxOf[graph.inputs + operator] = box;
  }
  const seen = new Set();
  const edges = [];
  graph.reads.forEach((read, operator) => {
    const to = boxOf[graph.inputs + operator];
    for (const node of read) {
      const from = boxOf[node];
      const key = from * boxes.length + to;
      if (from === to || seen.has(key)) continue;
      seen.add(key);
      edges.push([from, to]);
    }
  });
  return { boxes, boxOf, edges };
}

/** The tensor that stands for a box: an operator's first one, a scope's last one, none for an input. */
function graphTensor(graph, box) {
  if (box.input !== undefined) return null;
  const tensor = graph.tensorOf[box.members[box.members.length - 1]];
  return tensor < 0 ? null : tensor;
}

/** The words of a box: what it is, its name, and what it sees. */
function graphWords(graph, box) {
  if (box.input !== undefined) {
    const { name, shape } = graph.sources[box.input];
    return { kind: "input", name, size: shape };
  }
  const tensor = graphTensor(graph, box);
  const size = tensor === null ? "" : graph.look[tensor][0];
  if (box.scope !== undefined) {
    return { kind: graph.scopes[box.scope].label, name: `${box.members.length} operators`, size };
  }
  return { kind: graph.operations.op[box.operator], name: graph.operations.name[box.operator], size };
}

/** The families of a box's operators, each with its share, as the colours of a strip. */
function graphStrip(graph, box) {
  const counts = new Map();
  for (const operator of box.members) {
    const family = graph.operations.family[operator];
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  let at = 0;
  const stops = [...counts].sort(([a], [b]) => a - b).map(([family, count]) => {
    const from = at;
    at += (100 * count) / box.members.length;
    return `${graphColour(graph, family)} ${from}% ${at}%`;
  });
  return stops.length ? `linear-gradient(to bottom, ${stops.join(", ")})` : "var(--accent)";
}

/** The colour of a family; the last one is grey. */
function graphColour(graph, family) {
  return family === graph.families.length - 1 ? "var(--muted)" : `var(--family-${family})`;
}
