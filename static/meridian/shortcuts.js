// Single keys for what is done often: never while somebody types, never with a modifier, and only while they are on.
// A page of the rail is reached by "g" and its data-key. The sheet that lists them all is #shortcuts.

const OFF = "meridian-shortcuts-off";
const SECOND_KEY_MS = 1_500;
const ROWS = "#live .listing tbody tr";
const TEXTLESS = ["checkbox", "radio", "button", "submit", "reset", "range", "file", "color", "image"];

const sheet = document.getElementById("shortcuts");
const press = (selector, within = document) => within?.querySelector(selector)?.click();

/* Rows ----------------------------------------------------------------------------------------------------- */

const linkOf = (row) => row?.querySelector("th a[href], .c-first a[href], a[href]");
const current = () => document.activeElement.closest(ROWS);
let kept = ""; // the row that has the focus, in case that it is swapped

function walk(step) {
  const rows = [...document.querySelectorAll(ROWS)].filter((row) => linkOf(row) && row.getClientRects().length);
  const at = rows.indexOf(current());
  const next = at < 0 ? rows.at(step > 0 ? 0 : -1) : rows[at + step];
  linkOf(next)?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusin", () => {
  kept = current()?.id ?? "";
});
document.addEventListener("pointerdown", ({ target }) => {
  if (!target.closest(ROWS)) kept = "";
});
document.addEventListener("htmx:load", () => {
  if (kept && document.activeElement === document.body) linkOf(document.getElementById(kept))?.focus({ preventScroll: true });
});

/* Keys ----------------------------------------------------------------------------------------------------- */

const KEYS = {
  "?": () => sheet.showModal(),
  "/": () => {
    const search = document.querySelector("#content input[type=search]");
    if (search) search.select();
    else press("[data-open-palette]");
  },
  ".": () => press("[data-switch-theme]"),
  n: () => location.assign(sheet.dataset.new),
  u: () => press("#toasts [data-undo]:last-of-type button"),
  j: () => walk(1),
  k: () => walk(-1),
  x: () => press("[data-select]", current()),
  t: () => press("[id^=test-]", current() ?? document.querySelector("#live .head")),
};
const IN_A_ROW = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1) };

let leading = -Infinity; // when "g" was pressed

function meaning(key) {
  if (performance.now() - leading < SECOND_KEY_MS) {
    leading = -Infinity;
    const page = document.querySelector(`.rail-link[data-key="${CSS.escape(key)}"]`);
    if (page) return () => page.click();
  }
  if (key === "g") return () => (leading = performance.now());
  if (key in IN_A_ROW && current() && !document.activeElement.closest("[data-menu]")) return IN_A_ROW[key];
  return Object.hasOwn(KEYS, key) ? KEYS[key] : null;
}

// A field that was just closed keeps the focus for a moment.
function typing({ target }) {
  const field = target.closest("input, textarea, select, [contenteditable], [role=textbox], [role=combobox]");
  return field !== null && !TEXTLESS.includes(field.type) && field.getClientRects().length > 0;
}

document.addEventListener("keydown", (event) => {
  const modified = event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
  if (event.defaultPrevented || modified || localStorage.getItem(OFF) !== null) return;
  if (document.querySelector("dialog[open]") || typing(event)) return;
  const act = meaning(event.key);
  if (!act) return;
  event.preventDefault();
  act();
});

/* The sheet ------------------------------------------------------------------------------------------------ */

const on = sheet.querySelector("[data-shortcuts-on]");

function addPages() {
  const pages = sheet.querySelector("[data-pages]");
  const pattern = pages.querySelector("template");
  for (const link of document.querySelectorAll(".rail-link[data-key]")) {
    const entry = pattern.content.cloneNode(true);
    entry.querySelector("[data-second]").textContent = link.dataset.key;
    entry.querySelector("dd").textContent = link.textContent.trim();
    pages.append(entry);
  }
}

addPages();
on.checked = localStorage.getItem(OFF) === null;
on.addEventListener("change", () => {
  if (on.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "");
});
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-show-shortcuts]")) sheet.showModal();
  else if (target === sheet || target.closest("[data-close-shortcuts]")) sheet.close();
});
