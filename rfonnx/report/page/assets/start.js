// Unpacks the page's data and lets each panel fill itself. A panel that fails says so, and the others go on.

async function startData() {
  const packed = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

window.rfonnx = page;
const startUnpacked = await startData();
page.model = startUnpacked.model;
[...document.querySelectorAll("[data-panel]")].forEach((element, number) => {
  try {
    panels[element.dataset.panel](element, startUnpacked.panels[number], page);
  } catch (error) {
    console.error(error);
    element.append(made("p", { class: "caption", role: "alert" }, `This part could not be drawn: ${error.message}`));
  }
});

// Folded parts are printed, too.
let startOpened = [];
addEventListener("beforeprint", () => {
  startOpened = [...document.querySelectorAll("details:not([open])")];
  for (const fold of startOpened) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of startOpened) fold.open = false;
});
document.documentElement.dataset.ready = "true";
