// The ticked rows of a list: kept while rows are swapped, counted on the button that acts on them.

const chosen = new Set();
let anchor = null; // the box that a click with Shift reaches back to
let counting = false;

const boxes = () => [...document.querySelectorAll("[data-select]")];

function restore(within) {
  for (const box of within.querySelectorAll("[data-select]")) box.checked = chosen.has(box.value);
}

// Many rows may be swapped one after the other; they are counted once.
function countSoon() {
  if (counting) return;
  counting = true;
  queueMicrotask(count);
}

function count() {
  counting = false;
  const all = document.querySelectorAll("[data-select]").length;
  const ticked = document.querySelectorAll("[data-select]:checked").length;
  for (const label of document.querySelectorAll("[data-selected-count]")) label.textContent = ticked;
  for (const button of document.querySelectorAll("[data-needs-selection]")) button.disabled = ticked === 0;
  for (const master of document.querySelectorAll("[data-select-all]")) {
    master.checked = ticked > 0 && ticked === all;
    master.indeterminate = ticked > 0 && ticked < all;
  }
}

function mark(box, on) {
  box.checked = on;
  if (on) chosen.add(box.value);
  else chosen.delete(box.value);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-select], [data-select-all]");
  if (!box) return;
  const all = boxes();
  const on = box.checked;
  if (box.matches("[data-select-all]")) {
    for (const each of all) mark(each, on);
  } else {
    const from = event.shiftKey ? all.findIndex((each) => each.value === anchor) : -1;
    const to = all.indexOf(box);
    const range = from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of range) mark(each, on);
    anchor = box.value;
  }
  countSoon();
});

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  restore(elt);
  countSoon();
});
document.addEventListener("htmx:afterRequest", countSoon);
restore(document);
count();
