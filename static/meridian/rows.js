// The menu of a row in a long list: made when somebody opens it, from the pattern that the page has once.

const ADDRESSES = ["href", "hx-get", "hx-post"];

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
}

// A click comes before the menu opens, also when it is a key: whoever types on finds it filled.
document.addEventListener("click", ({ target }) => {
  const menu = target.closest("details[data-menu-of] > summary")?.parentElement;
  if (menu) fill(menu);
});
// A row that was swapped while its menu was open.
document.addEventListener("toggle", ({ target }) => target.open && target.matches("details[data-menu-of]") && fill(target), true);
