// Names of tensors in the page's sentences are links to the explorer: advice on a layer leads to what the layer sees.

/** Makes buttons of them; `names` is by tensor, as the page shows names. */
function explorerLinked(names, element, page) {
  const numbers = new Map(names.map((name, layer) => [name, layer]));
  for (const word of document.querySelectorAll(".answer li code, .answer li span")) {
    const layer = numbers.get(word.title || word.textContent);
    if (layer === undefined) continue;
    const button = made("button", { type: "button", class: "name", title: word.title || null });
    button.addEventListener("click", () => {
      page.select(layer);
      element.scrollIntoView();
    });
    word.replaceWith(button);
    button.append(word);
  }
}
