// Scopes of operators, from their names, and what is shown of them when some are closed.

/** Deepest scope; what is below stays in one name. */
const graphScopesDepth = 16;

/**
 * The tree of scopes: names are split at "/", those without one at ".". A scope of one operator is none, and one that holds
 * nothing but another scope is one with it.
 *
 * @param names by operator.
 * @returns scopes, in the order of their first operator, the root before all: {label, parent, depth, members, count}, where
 *     `members` are operators right in it; and by operator its `scope` and its `label` there.
 */
function graphScopes(names) {
  const root = { label: "", inner: new Map(), members: [] };
  names.forEach((name, operator) => {
    const mark = name.includes("/") ? "/" : ".";
    const parts = name.split(mark).filter((part) => part !== "");
    const path = parts.slice(0, -1).slice(0, graphScopesDepth);
    let scope = root;
    for (const part of path) {
      if (!scope.inner.has(part)) scope.inner.set(part, { label: part, mark, inner: new Map(), members: [] });
      scope = scope.inner.get(part);
    }
    scope.members.push({ operator, label: parts.slice(path.length).join(mark) || name });
  });
  const scopes = [];
  const scopeOf = new Int32Array(names.length);
  const labels = new Array(names.length);
  const visit = (scope, parent, depth) => {
    graphScopesMerge(scope);
    const made = { label: scope.label, parent, depth, members: scope.members.map((member) => member.operator), count: 0 };
    const number = scopes.push(made) - 1;
    for (const { operator, label } of scope.members) {
      scopeOf[operator] = number;
      labels[operator] = label;
    }
    made.count = made.members.length;
    for (const inner of scope.inner.values()) made.count += visit(inner, number, depth + 1);
    return made.count;
  };
  visit(root, -1, 0);
  return { scopes, scopeOf, labels };
}

/** Takes in what is no scope of its own: the one operator of an inner scope, the one scope that an inner scope holds. */
function graphScopesMerge(scope) {
  for (const [name, first] of [...scope.inner]) {
    let inner = first;
    while (inner.members.length === 0 && inner.inner.size === 1) {
      const [only] = inner.inner.values();
      inner = { ...only, label: inner.label + inner.mark + only.label };
    }
    if (inner.members.length === 1 && inner.inner.size === 0) {
      const [{ operator, label }] = inner.members;
      scope.members.push({ operator, label: inner.label + inner.mark + label });
      scope.inner.delete(name);
    } else scope.inner.set(name, inner);
  }
  scope.members.sort((a, b) => a.operator - b.operator);
}

/** How many boxes there are when all scopes above a depth are open. */
function graphScopesShown(scopes, depth) {
  let count = 0;
  for (const scope of scopes) count += scope.depth <= depth ? scope.members.length : scope.depth === depth + 1 ? 1 : 0;
  return count;
}

/** The open scopes of a depth: those that stand less deep. */
function graphScopesOpen(scopes, depth) {
  return new Set(scopes.flatMap((scope, number) => (scope.depth <= depth ? [number] : [])));
}

/** The deepest depth that shows at most so many boxes, 0 if there is none. */
function graphScopesFitting(scopes, most) {
  let depth = 0;
  const deepest = scopes.reduce((most, scope) => Math.max(most, scope.depth), 0);
  while (depth < deepest && graphScopesShown(scopes, depth + 1) <= most) depth += 1;
  return depth;
}

/**
 * The scope that hides each scope: the outermost closed one that holds it, itself included; -1 where all are open.
 */
function graphScopesHidden(scopes, open) {
  const hidden = new Int32Array(scopes.length);
  scopes.forEach((scope, number) => {
    const above = scope.parent < 0 ? -1 : hidden[scope.parent];
    hidden[number] = above >= 0 ? above : open.has(number) ? -1 : number;
  });
  return hidden;
}
