// The table of all layers: sorted by its headings, filtered by words; of its rows only those in view are in the page.

/** Height of a row in pixels, which the style sheet sets, too. */
const layersRow = 26;

/** Rows that are there beyond the view, above and below. */
const layersBeyond = 12;

panels.layers = function layersPanel(element, data, page) {
  const table = layersModel(page.model);
  const state = { order: layersOrder(table), column: -1, down: false, words: "", all: false, active: -1 };
  const body = made("tbody");
  const heads = table.columns.map(({ name }, column) =>
    made("th", { scope: "col" }, made("button", { type: "button", class: "sort", onclick: () => sort(column) }, name)),
  );
  const grid = made(
    "table",
    { class: "layers-table", role: "grid", tabindex: 0, "aria-label": "Layers" },
    made("colgroup", {}, ...table.columns.map((column) => layersWidth(table, column))),
    made("thead", {}, made("tr", { "aria-rowindex": 1 }, ...heads)),
    body,
  );
  const scroller = made("div", { class: "scroll layers-scroll" }, grid);
  const count = made("p", { class: "caption", role: "status" });
  const filter = made("input", {
    type: "search",
    placeholder: "Filter: words, as conv global",
    "aria-label": "Filter the layers by words",
    size: 30,
    oninput: () => refresh(() => (state.words = filter.value)),
  });
  const changes = made("input", {
    type: "checkbox",
    checked: true,
    onchange: () => refresh(() => (state.all = !changes.checked)),
  });
  const tools = made("div", { class: "tools" }, filter, made("label", {}, changes, " only where something changes"));
  element.classList.add("live");
  element.append(made("div", { class: "layers-live" }, tools, scroller, count));

  let rows = []; // numbers of the rows that pass the filter, in order
  let drawn = [0, 0];
  let kept = new Map(); // by number of the row, the elements in the page
  refresh(() => {});
  grid.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row) choose(Number(row.dataset.row));
  });
  grid.addEventListener("keydown", key);
  let asked = 0;
  scroller.addEventListener("scroll", () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw(false);
    });
  });
  new ResizeObserver(() => draw(false)).observe(scroller);
  page.follow(follow);
  if (page.layer !== null) follow();

  /** Another order: up, down, then that of the file. */
  function sort(column) {
    refresh(() => {
      const again = state.column === column;
      if (again && state.down) Object.assign(state, { column: -1, down: false });
      else Object.assign(state, { column, down: again });
      state.order = layersOrder(table, state.column, state.down);
      heads.forEach((head, number) => {
        if (number === state.column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    });
  }

  function refresh(act) {
    act();
    const passes = layersFilter(table, state.words);
    rows = state.order.filter((row) => (state.all || table.changes[row] || table.tensor[row] === page.layer) && passes(row));
    count.textContent = `${rows.length} of ${table.tensor.length} rows`;
    grid.setAttribute("aria-rowcount", rows.length + 1);
    draw(true);
  }

  /** Puts the rows in view into the page, and blank space in the place of the others. */
  function draw(anew) {
    const top = Math.min(scroller.scrollTop, Math.max(0, rows.length * layersRow - scroller.clientHeight));
    const seen = [Math.floor(top / layersRow), Math.min(rows.length, Math.ceil((top + scroller.clientHeight) / layersRow))];
    if (!anew && seen[0] >= drawn[0] && seen[1] <= drawn[1]) return;
    const [first, last] = [Math.max(0, seen[0] - layersBeyond), Math.min(rows.length, seen[1] + layersBeyond)];
    drawn = [first, last];
    const before = anew ? new Map() : kept;
    kept = new Map();
    rows.slice(first, last).forEach((row, i) => {
      kept.set(row, before.get(row) ?? layersRowElement(table, row, first + i, page.layer, state.active));
    });
    body.replaceChildren(layersSpace(first), ...kept.values(), layersSpace(rows.length - last));
  }

  function choose(row) {
    state.active = row;
    grid.setAttribute("aria-activedescendant", `layers-row-${row}`);
    if (table.tensor[row] === page.layer) draw(true);
    else page.select(table.tensor[row]);
  }

  /** Brings the chosen layer's first row into view; a row that the check box hides is there while it is chosen. */
  function follow() {
    if (table.tensor[state.active] !== page.layer) state.active = -1;
    refresh(() => {});
    const at = state.active >= 0 ? rows.indexOf(state.active) : rows.findIndex((row) => table.tensor[row] === page.layer);
    if (at >= 0) bring(at);
  }

  function bring(at) {
    const [top, room] = [at * layersRow, scroller.clientHeight - 2 * layersRow];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
    draw(true);
  }

  function key(event) {
    if (event.target !== grid || !rows.length) return;
    const at = rows.indexOf(state.active);
    const screen = Math.max(1, Math.floor(scroller.clientHeight / layersRow) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -rows.length, End: rows.length };
    if (event.key === "Enter" && at >= 0) choose(state.active);
    else if (event.key in steps) {
      const next = Math.min(rows.length - 1, Math.max(0, at + steps[event.key]));
      state.active = rows[next];
      grid.setAttribute("aria-activedescendant", `layers-row-${state.active}`);
      bring(next);
    } else return;
    event.preventDefault();
  }
};

/** The table: by row its tensor and whether something changes there, and columns, each with the text and the key of a row. */
function layersModel({ rows, looks, tensors, inputs, columns, families, operations }) {
  const text = (name, get) => ({ name, text: get, key: get });
  const of = (column) => (row) => tensors[column][rows.tensor[row]];
  const made = [text("name", of("name")), text("op", of("op")), { name: "shape", text: of("shape"), key: layersElements(of("shape")) }];
  if (inputs.length > 1) made.push(text("input", (row) => inputs[rows.input[row]].name));
  columns.forEach((name, column) => {
    const cell = (row) => looks.cells[rows.look[row]][column];
    const numeric = column < looks.numbers[0]?.length;
    made.push({ name, text: cell, key: numeric ? (row) => looks.numbers[rows.look[row]][column] : cell });
  });
  const family = (row) => families[operations.family[tensors.operation[rows.tensor[row]]]];
  return { tensor: rows.tensor, changes: rows.changes, columns: made, family, texts: null };
}

/** Shapes are sorted by how many elements they have; those that are not known come first. */
function layersElements(shape) {
  return (row) => {
    const lengths = shape(row).split("x").map(Number);
    return lengths.some(Number.isNaN) ? (shape(row) === "scalar" ? 1 : -1) : lengths.reduce((a, b) => a * b, 1);
  };
}

/** The rows in the order of a column, those that are alike in the order of the file; -1 is that order. */
function layersOrder(table, column = -1, down = false) {
  const order = Array.from(table.tensor, (_, row) => row);
  if (column < 0) return order;
  const keys = order.map(table.columns[column].key);
  const { compare } = new Intl.Collator("en", { numeric: true });
  const rising = typeof keys[0] === "number" ? (a, b) => keys[a] - keys[b] : (a, b) => compare(keys[a], keys[b]);
  return order.sort((a, b) => (down ? -rising(a, b) : rising(a, b)) || a - b);
}

/** Whether a row holds all words, in any of its columns or in its family. */
function layersFilter(table, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return () => true;
  table.texts ??= Array.from(table.tensor, (_, row) =>
    [...table.columns.map((column) => column.text(row)), table.family(row)].join("\n").toLowerCase(),
  );
  return (row) => wanted.every((word) => table.texts[row].includes(word));
}

/** A column as wide as its longest text; a name may be shortened. */
function layersWidth(table, { name, text }) {
  const longest = table.tensor.reduce((most, _, row) => Math.max(most, text(row).length), name.length + 2);
  const element = made("col");
  element.style.width = `${Math.min(longest, name === "name" ? 56 : 40) + 2}ch`;
  return element;
}

function layersRowElement(table, row, at, layer, active) {
  const chosen = table.tensor[row] === layer;
  const element = made("tr", {
    id: `layers-row-${row}`,
    "data-row": row,
    "aria-rowindex": at + 2,
    "aria-selected": String(chosen),
    class: `${chosen ? "layers-chosen" : ""}${row === active ? " layers-active" : ""}`,
  });
  table.columns.forEach(({ name, text }) => {
    const words = text(row);
    const short = shortened(words, name === "name" ? 56 : 40);
    element.append(made("td", short === words ? {} : { title: words.slice(0, 1000) }, short));
  });
  return element;
}

/** A row of blank space in the place of rows that are not in the page. */
function layersSpace(count) {
  const space = made("tr", { class: "layers-space", "aria-hidden": "true" }, made("td"));
  space.firstChild.style.height = `${count * layersRow}px`;
  space.hidden = count === 0;
  return space;
}
