// What a page keeps while parts of it are swapped: open menus, the scroll position, the dialog; and where it goes on
// after errors.

/* Menus (<details data-menu id>): one open at a time, closed by a click elsewhere or Escape. */

const openMenus = new Set();

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches("details[data-menu]")) return;
    if (target.open) openMenus.add(target.id);
    else openMenus.delete(target.id);
  },
  true,
);

// Asks the page and not the set: a quick hand is here before the event that tells of an opened menu.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu === except) continue;
    // What has the focus is about to vanish: a dialog that opens now gives it back to the menu.
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.removeAttribute("open");
    openMenus.delete(menu.id);
  }
}

document.addEventListener("click", ({ target }) => closeMenus(target.closest("summary")?.parentElement));
document.addEventListener("keydown", ({ key, target }) => {
  if (key !== "Escape") return;
  const menu = target.closest("details[data-menu][open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});
document.addEventListener("htmx:load", () => {
  for (const id of openMenus) document.getElementById(id)?.setAttribute("open", "");
});

/* On a phone, the pages that the bar has no room for. */

for (const link of document.querySelectorAll(".rail-link.wide-only")) {
  const entry = link.cloneNode(true);
  entry.removeAttribute("class");
  entry.removeAttribute("data-key");
  document.querySelector("#rail-more .menu-items").append(entry);
}

/* The place on the page, when #live is fetched again. */

let scrolledTo = null;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "live") scrolledTo = scrollY;
});
// Rows that are swapped tell of it, too: to scroll lays out the whole list, for each of them.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (scrolledTo === null || target.id !== "live") return;
  scrollTo({ top: scrolledTo, behavior: "instant" });
  scrolledTo = null;
});

/* The dialog: an answer swapped into it opens it, an empty answer or data-close closes it. */

const dialog = document.getElementById("dialog");
let opener = "";

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!dialog || detail.target !== dialog) return;
  if (dialog.textContent.trim() === "") dialog.close();
  else if (!dialog.open) {
    opener = document.activeElement.id;
    dialog.showModal();
  }
});
// The browser gives the focus back, unless a live event has replaced what had it: then it is still in what has just
// closed, or nowhere.
dialog?.addEventListener("close", () => {
  const focused = document.activeElement;
  if (focused === document.body || dialog.contains(focused)) document.getElementById(opener)?.focus();
});
dialog?.addEventListener("click", ({ target }) => {
  if (target === dialog || target.closest("[data-close]")) dialog.close();
});

/* The address of this page, for somebody else. */

document.documentElement.toggleAttribute("data-can-copy", Boolean(navigator.clipboard));
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy-address]");
  if (!button) return;
  await navigator.clipboard.writeText(location.href);
  button.textContent = "Copied";
});

/* A form that came back with errors: the first of them is where to go on. */

document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
  if (detail.xhr?.status === 422) target.querySelector(".is-invalid")?.focus();
});
