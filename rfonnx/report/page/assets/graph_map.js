// The small picture of the whole graph beside it, and where the view is.

function graphMap(graph, go) {
  const canvas = made("canvas", { class: "graph-canvas", "aria-hidden": "true" });
  const marker = made("div", { class: "graph-here" });
  const element = made("div", { class: "graph-map", title: "The whole graph: click to go there" }, canvas, marker);
  const move = (event) => {
    const { top, height } = element.getBoundingClientRect();
    go(Math.min(1, Math.max(0, (event.clientY - top) / height)));
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    move(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.buttons) move(event);
  });
  return {
    element,
    draw({ boxes, plane }) {
      const scale = devicePixelRatio || 1;
      const [width, height] = [element.clientWidth * scale, element.clientHeight * scale];
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext("2d");
      const style = getComputedStyle(element);
      const colours = graph.families.map((_, family) => style.getPropertyValue(graphColour(graph, family).slice(4, -1)));
      const wide = Math.max(1.5 * scale, (width * graphBox.width) / Math.max(plane.width, 4 * graphBox.width));
      const high = Math.max(1, (height * graphBox.height) / plane.height);
      boxes.forEach((box, number) => {
        const share = plane.width > graphBox.width ? plane.x[number] / plane.width : 0;
        context.fillStyle = box.members.length ? colours[graph.operations.family[box.members[0]]] : style.getPropertyValue("--accent");
        context.fillRect(share * width, (plane.y[number] / plane.height) * height, Math.min(wide, width), Math.min(high, 6 * scale));
      });
    },
    mark(top, share) {
      marker.style.top = `${100 * top}%`;
      marker.style.height = `${Math.min(100, 100 * share)}%`;
    },
  };
}
