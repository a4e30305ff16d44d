// A fleet of models: sorted by a heading, filtered by words, and those that are ticked side by side.

panels.fleet = (element, data) => {
  const state = { column: -1, down: false, words: "", picked: new Set() };
  const words = data.rows.map((row) => row.map((cell) => String(cell ?? "")).join(" ").toLowerCase());
  const wanted = data.columns.map((name, column) => column).filter((column) => !["reason", "sha256", "state"].includes(data.columns[column]));
  const heads = wanted.map((column) =>
    made("th", { scope: "col" }, made("button", { type: "button", class: "sort", onclick: () => sort(column) }, data.columns[column])),
  );
  const body = made("tbody");
  const table = made("table", { "aria-label": "Models" }, made("thead", {}, made("tr", {}, made("th", { scope: "col" }, "compare"), ...heads)), body);
  const count = made("p", { class: "caption", role: "status" });
  const filter = made("input", {
    type: "search",
    placeholder: "Filter: words, as global unknown",
    "aria-label": "Filter the models by words",
    size: 30,
    oninput: () => {
      state.words = filter.value;
      show();
    },
  });
  const beside = made("div", { class: "fleet-beside" });
  element.classList.add("live");
  element.append(made("div", { class: "fleet-live" }, made("div", { class: "tools" }, filter), made("div", { class: "scroll" }, table), count, beside));
  const rows = data.rows.map((row, number) => line(row, number));
  show();

  function line(row, number) {
    const box = made("input", {
      type: "checkbox",
      "aria-label": `compare ${row[0]}`,
      onchange: () => {
        if (!state.picked.delete(number)) state.picked.add(number);
        compare();
      },
    });
    return made("tr", {}, made("td", {}, box), ...wanted.map((column) => made("td", { class: typeof row[column] === "number" ? "number" : "" }, text(row[column]))));
  }

  function text(cell) {
    if (cell === null) return "";
    return typeof cell === "number" ? cell.toLocaleString("en", { maximumSignificantDigits: 12 }) : String(cell);
  }

  /** Up, down, then the order of the scan. */
  function sort(column) {
    const again = state.column === column;
    if (again && state.down) Object.assign(state, { column: -1, down: false });
    else Object.assign(state, { column, down: again });
    heads.forEach((head, place) => {
      if (wanted[place] === state.column) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    show();
  }

  function show() {
    const asked = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    const order = data.rows.map((_, number) => number).filter((number) => asked.every((word) => words[number].includes(word)));
    if (state.column >= 0) {
      const sign = state.down ? -1 : 1;
      const at = (number) => data.rows[number][state.column];
      order.sort((a, b) => fleetOrder(at(a), at(b), sign) || a - b);
    }
    body.replaceChildren(...order.map((number) => rows[number]));
    count.textContent = `${order.length} of ${data.rows.length} models`;
  }

  /** What differs between the models that are ticked. */
  function compare() {
    const picked = [...state.picked].sort((a, b) => a - b);
    if (picked.length < 2) {
      beside.replaceChildren();
      return;
    }
    const differs = wanted.slice(1).filter((column) => new Set(picked.map((number) => JSON.stringify(data.rows[number][column]))).size > 1);
    const head = made("tr", {}, made("th", { scope: "col" }, ""), ...picked.map((number) => made("th", { scope: "col" }, data.rows[number][0])));
    const lines = differs.map((column) =>
      made("tr", {}, made("th", { scope: "row" }, data.columns[column]), ...picked.map((number) => made("td", {}, text(data.rows[number][column])))),
    );
    beside.replaceChildren(
      made("h3", {}, `${picked.length} models, where they differ`),
      made("div", { class: "scroll" }, made("table", {}, made("thead", {}, head), made("tbody", {}, ...lines))),
    );
  }
};

/** Numbers by size, then words by letters; what is not there comes last, up and down. */
function fleetOrder(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
