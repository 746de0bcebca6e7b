// Tells the figures that show what is happening now (data-reload-on) when results have come in, at most every few seconds.

const EVERY_MS = 5_000;

let timer = null;
let toldAt = -Infinity;

function arrived() {
  if (timer !== null) return;
  timer = setTimeout(tell, Math.max(0, toldAt + EVERY_MS - performance.now()));
}

function tell() {
  timer = null;
  toldAt = performance.now();
  document.dispatchEvent(new CustomEvent("meridian:history-grew"));
}

document.addEventListener("htmx:oobAfterSwap", ({ target }) => {
  if (target.id === "results") arrived();
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "live") arrived();
});
