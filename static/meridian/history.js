// Tells the figures that show what is happening now (data-reload-on) when results have come in, at most every few seconds;
// and keeps the fields for time of one mind: either a named stretch is asked for, or a range.

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

document.addEventListener("change", ({ target }) => {
  if (target.form?.id !== "history-filters") return;
  const { window: time, from, to } = target.form.elements;
  if (target === time && time.value !== "range") from.value = to.value = "";
  if ((target === from || target === to) && target.value) time.value = "range";
});
