// The growth curves, which are drawn already: pointing at them tells a layer, a click or Enter chooses it.

panels.growth = function growthPanel(element, data, page) {
  const told = made("p", { class: "caption growth-told", role: "status" });
  const drawings = [...element.querySelectorAll("svg.growth")].map((svg) => growthCurve(svg, tell, page));
  element.querySelector("svg.growth:last-of-type")?.after(told);
  const follow = () => drawings.forEach((drawing) => drawing.choose(page.layer));
  page.follow(follow);
  follow();

  function tell(words) {
    told.textContent = words;
  }
};

/** One curve: its points by their places, and the two rings that mark one. */
function growthCurve(svg, tell, page) {
  const points = [...svg.querySelectorAll("[data-layer]")].map((mark) => {
    const { x, y, width, height } = mark.getBBox();
    return { layer: Number(mark.dataset.layer), x: x + width / 2, y: y + height / 2, words: mark.querySelector("title").textContent };
  });
  points.sort((a, b) => a.layer - b.layer);
  const [chosen, near] = ["growth-chosen", "growth-near"].map((name) =>
    made("svg:circle", { class: name, r: 9, fill: "none", visibility: "hidden" }),
  );
  svg.append(chosen, near);
  svg.setAttribute("tabindex", 0);
  let at = -1;

  const show = (ring, point) => {
    ring.setAttribute("visibility", point ? "visible" : "hidden");
    if (!point) return;
    ring.setAttribute("cx", point.x);
    ring.setAttribute("cy", point.y);
  };
  const point = (number) => {
    at = number;
    show(near, points[at]);
    tell(points[at]?.words ?? "");
  };
  const nearest = (event) => {
    const frame = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / frame.width;
    const [x, y] = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    const away = points.map((one) => (one.x - x) ** 2 + (one.y - y) ** 2);
    return away.indexOf(Math.min(...away));
  };
  svg.addEventListener("pointermove", (event) => point(nearest(event)));
  svg.addEventListener("pointerleave", () => point(-1));
  svg.addEventListener("click", (event) => page.select(points[nearest(event)].layer));
  svg.addEventListener("keydown", (event) => {
    const last = points.length - 1;
    const next = { ArrowLeft: Math.max(0, at - 1), ArrowRight: Math.min(last, at + 1), Home: 0, End: last }[event.key];
    if (next !== undefined) point(next);
    else if (event.key === "Enter" && at >= 0) page.select(points[at].layer);
    else return;
    event.preventDefault();
  });
  return {
    /** Marks a layer, where nothing changes at the height of the last change before it. */
    choose(layer) {
      const before = layer === null ? undefined : points.findLast((one) => one.layer <= layer);
      if (!before) return show(chosen, null);
      const { left, right, depth } = svg.dataset;
      const x = Number(left) + (layer / Math.max(1, depth - 1)) * (right - left);
      show(chosen, { x: before.layer === layer ? before.x : x, y: before.y });
    },
  };
}
