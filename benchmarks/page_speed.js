// Runs in a page of `rfonnx report`, and does what readers do. Before each kind of thing it leaves a mark in the trace.
async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const pause = () => new Promise((done) => setTimeout(done, 50));
  const phase = async (name, acts) => {
    await pause();
    performance.mark(`phase ${name}`);
    await pause(); // so that the first act is a task behind the mark
    for (const act of acts) {
      act();
      await frame();
      await pause();
    }
  };
  /** Through all that a view has, a hundredth at a time, and then as a wheel does. */
  const scroll = async (name, view) => {
    const step = view.scrollHeight / 100;
    const far = Array.from({ length: 100 }, (_, i) => () => (view.scrollTop = i * step));
    const near = Array.from({ length: 100 }, (_, i) => () => (view.scrollTop = view.scrollHeight / 3 + 60 * i));
    await phase(name, [...far, ...near]);
  };
  const [graph, layers] = ["graph", "layers"].map((kind) => document.querySelector(`[data-panel=${kind}]`));
  const button = (label) => graph.querySelector(`button[aria-label="${label}"]`);
  const type = (box, text) => () => {
    box.value = text;
    box.dispatchEvent(new Event("input"));
  };
  const open = button("Open all scopes");
  await phase("expand all", open ? [() => open.click()] : []);
  await phase("click a box", [...graph.querySelectorAll(".graph-box")].slice(1, 9).map((box) => () => box.click()));
  await phase("all rows", [() => layers.querySelector("input[type=checkbox]").click()]);
  await phase("click a row", [...layers.querySelectorAll("tr[data-row]")].slice(0, 8).map((row) => () => row.click()));
  await scroll("scroll the graph", graph.querySelector(".graph-view"));
  await scroll("scroll the table", layers.querySelector(".layers-scroll"));
  const search = graph.querySelector("input[type=search]");
  await phase("search", ["c", "co", "conv"].map((text) => type(search, text)));
  await phase("next match", [1, 2, 3, 4].map(() => () => button("Next match").click()));
  const filter = layers.querySelector("input[type=search]");
  await phase("filter", ["c", "co", "conv", "conv loc", ""].map((text) => type(filter, text)));
  await phase("sort", [...layers.querySelectorAll(".layers-sort")].map((head) => () => head.click()));
  await phase("end", []);
  return document.querySelectorAll("*").length;
}
