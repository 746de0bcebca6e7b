// Finds the figures of a page, also those that are swapped in, and gives each its chart. A page without a figure
// loads nothing more than this.

const FIGURES = "figure[data-chart], figure[data-strip], figure[data-live-load], figure[data-live-latency]";

const shown = new Map(); // figure → its Chart or Strip, or null while the code is on its way
let code = null; // the modules, once they are here

async function load() {
  const [{ Chart }, { Strip }, { forget }, { take }] = await Promise.all([
    import("./charts/chart.js"),
    import("./charts/strip.js"),
    import("./charts/palette.js"),
    import("./charts/reports.js"),
    import("../uplot/uPlot.esm.js"), // asked for at once, not only when what imports it is here
  ]);
  code = { Chart, Strip, forget, take };
}

async function start(figure) {
  shown.set(figure, null);
  if (!code) await load();
  if (shown.get(figure) !== null) return;
  if (figure.isConnected) shown.set(figure, "strip" in figure.dataset ? new code.Strip(figure) : new code.Chart(figure));
  else shown.delete(figure);
}

function look(part) {
  const found = part.matches?.(FIGURES) ? [part] : part.querySelectorAll(FIGURES);
  for (const figure of found) if (!shown.has(figure)) start(figure);
}

// htmx moves what it preserves: gone is only what is nowhere in the page when the swap is over.
function sweep() {
  for (const [figure, chart] of shown) {
    if (figure.isConnected || chart === null) continue;
    chart.destroy();
    shown.delete(figure);
  }
}

new MutationObserver((changes) => {
  if (shown.size) sweep();
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) look(node);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
look(document);

/* Colours -------------------------------------------------------------------------------------------------- */

new MutationObserver(() => {
  code?.forget();
  for (const chart of shown.values()) chart?.repaint();
}).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

/* Live tests ----------------------------------------------------------------------------------------------- */

const ATTRIBUTES = { load: "liveLoad", latency: "liveLatency" };

document.addEventListener("meridian:progress", ({ detail: frame }) => {
  const attribute = ATTRIBUTES[frame.report?.kind];
  const target = `${frame.connection}:${frame.vantage}`;
  for (const [figure, chart] of shown) {
    if (chart && figure.dataset[attribute] === target) code.take(chart, frame);
  }
});
