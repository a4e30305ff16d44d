// Tiles over the whole input: pointing at one, or arrow keys, shows what is run for it and what is kept.

panels.tiles = (element, data) => {
  const drawing = element.querySelector("svg.tiles");
  const boxes = { kept: drawing.querySelector(".tiles-kept"), crop: drawing.querySelector(".tiles-crop") };
  const told = made("p", { class: "caption", role: "status" });
  const key = (part, words) => [made("i", { class: `tiles-key ${part}` }), made("span", {}, words)];
  const chosen = data.places.map((places) => Math.floor(places.length / 2));
  drawing.after(made("p", { class: "caption" }, ...key("kept", "kept"), ...key("crop", "run for it")), told);

  function show() {
    const words = { kept: [], crop: [] };
    data.places.forEach((places, side) => {
      const [keptStart, keptStop, cropStart, cropStop] = places[chosen[side]];
      const scale = data.scales[side];
      const across = side === data.places.length - 1;
      for (const [part, start, stop] of [["kept", keptStart, keptStop], ["crop", cropStart, cropStop]]) {
        boxes[part].setAttribute(across ? "x" : "y", start * scale);
        boxes[part].setAttribute(across ? "width" : "height", (stop - start) * scale);
        words[part].push(`axis ${data.axes[side]} ${start}..${stop - 1}`);
      }
    });
    const counts = data.places.map((places) => places.length);
    const number = chosen.reduce((sum, place, side) => sum * counts[side] + place, 0);
    told.textContent =
      `tile ${number} of ${counts.reduce((a, b) => a * b)}: run on ${words.crop.join(", ")}; kept ${words.kept.join(", ")}`;
  }

  drawing.addEventListener("pointermove", (event) => {
    const matrix = drawing.getScreenCTM();
    if (!matrix) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    data.places.forEach((places, side) => {
      const position = (side === data.places.length - 1 ? at.x : at.y) / data.scales[side];
      const found = places.findIndex(([start, stop]) => start <= position && position < stop);
      if (found >= 0) chosen[side] = found;
    });
    show();
  });
  drawing.addEventListener("keydown", (event) => {
    const last = data.places.length - 1;
    const moves = { ArrowLeft: [last, -1], ArrowRight: [last, 1], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [side, step] = moves[event.key];
    chosen[side] = Math.min(data.places[side].length - 1, Math.max(0, chosen[side] + step));
    show();
  });
  show();
};
