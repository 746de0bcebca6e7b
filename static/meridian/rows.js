// The menu of a row in a long list: made when somebody opens it, from the pattern that the page has once.

const ADDRESSES = ["href", "hx-get", "hx-post"];

// The entry that had the focus when its row was swapped: whoever walks a menu by keyboard goes on from there.
let left = null;

document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const menu = detail.target.querySelector("details[data-menu-of][open]");
  if (!menu) return;
  const entry = [...menu.querySelector(".menu-items").children].indexOf(document.activeElement);
  if (entry >= 0) left = { menu: menu.id, entry };
});

function fill(menu) {
  const place = menu.querySelector(".menu-items");
  const pattern = document.getElementById("row-menu");
  if (!pattern || place.childElementCount) return;
  const entries = pattern.content.cloneNode(true);
  for (const entry of entries.children) {
    for (const name of ADDRESSES) {
      const address = entry.getAttribute(name);
      if (address) entry.setAttribute(name, address.replace("/0/", `/${Number(menu.dataset.menuOf)}/`));
    }
  }
  place.append(entries);
  htmx.process(place);
  if (left?.menu === menu.id) place.children[left.entry]?.focus();
  left = null;
}

// A click comes before the menu opens, also when it is a key: whoever types on finds it filled.
document.addEventListener("click", ({ target }) => {
  const menu = target.closest("details[data-menu-of] > summary")?.parentElement;
  if (menu) fill(menu);
});
// A row that was swapped while its menu was open.
document.addEventListener("toggle", ({ target }) => target.open && target.matches("details[data-menu-of]") && fill(target), true);
