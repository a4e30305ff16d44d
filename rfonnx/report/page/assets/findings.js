// Findings of a check: a button for each outcome, which shows or hides its rows, and a filter by words.

panels.findings = (element) => {
  const rows = [...element.querySelectorAll("tbody tr:not(.gap)")];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const outcomes = rows.map((row) => row.cells[0].textContent.trim());
  const shown = new Set(outcomes);
  const told = made("span", { class: "caption", role: "status" });
  const filter = made("input", { type: "search", placeholder: "filter by words", "aria-label": "filter findings by words" });

  function show() {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      row.hidden = !shown.has(outcomes[i]) || !wanted.every((word) => words[i].includes(word));
      count += row.hidden ? 0 : 1;
    });
    told.textContent = `${count} of ${rows.length} findings`;
  }

  const buttons = [...new Set(outcomes)].map((outcome) => {
    const count = outcomes.filter((other) => other === outcome).length;
    const button = made("button", { type: "button", "aria-pressed": "true" }, `${outcome} ${count}`);
    button.addEventListener("click", () => {
      if (!shown.delete(outcome)) shown.add(outcome);
      button.setAttribute("aria-pressed", String(shown.has(outcome)));
      show();
    });
    return button;
  });
  filter.addEventListener("input", show);
  element.querySelector(".still").before(made("div", { class: "tools" }, ...buttons, filter, told));
  show();
};
