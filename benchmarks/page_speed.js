// Runs in a page of `rfonnx report`: how long it takes to answer, in ms. Times are to the next frame after the answer.
async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const timed = async (act) => {
    await frame();
    const start = performance.now();
    act();
    await frame();
    await new Promise((done) => setTimeout(done));
    return performance.now() - start;
  };
  /** Times between frames while a view scrolls through all that it has, and then a little at a time. */
  const scrolled = async (view) => {
    const times = [];
    const go = async (from, step, count) => {
      view.scrollTop = from;
      await frame();
      await frame();
      let before = performance.now();
      for (let i = 0; i < count; i += 1) {
        view.scrollTop += step;
        await frame();
        times.push(performance.now() - before);
        before = performance.now();
      }
    };
    await go(0, view.scrollHeight / 100, 100);
    await go(view.scrollHeight / 3, 60, 200);
    return Math.max(...times);
  };
  const worst = async (acts) => {
    let most = 0;
    for (const act of acts) most = Math.max(most, await timed(act));
    return most;
  };
  const [graph, layers] = ["graph", "layers"].map((kind) => document.querySelector(`[data-panel=${kind}]`));
  const button = (label) => graph.querySelector(`button[aria-label="${label}"]`);
  const type = (box, text) => () => {
    box.value = text;
    box.dispatchEvent(new Event("input"));
  };
  const found = { paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0 };
  const open = button("Open all scopes");
  found.expand = open ? await timed(() => open.click()) : 0;
  found.click = await worst([...graph.querySelectorAll(".graph-box")].slice(1, 9).map((box) => () => box.click()));
  layers.querySelector("input[type=checkbox]").click();
  await frame();
  found.row = await worst([...layers.querySelectorAll("tr[data-row]")].slice(0, 8).map((row) => () => row.click()));
  found.graphScroll = await scrolled(graph.querySelector(".graph-view"));
  found.tableScroll = await scrolled(layers.querySelector(".layers-scroll"));
  const search = graph.querySelector("input[type=search]");
  found.search = await worst(["c", "co", "conv"].map((text) => type(search, text)));
  found.next = await worst([1, 2, 3, 4].map(() => () => button("Next match").click()));
  const filter = layers.querySelector("input[type=search]");
  found.filter = await worst(["c", "co", "conv", "conv loc"].map((text) => type(filter, text)));
  type(filter, "")();
  found.sort = await worst([...layers.querySelectorAll(".layers-sort")].map((head) => () => head.click()));
  found.elements = document.querySelectorAll("*").length;
  return found;
}
