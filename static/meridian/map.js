// Gives a page's map its code once it is unfolded, and tells it what happens around it: live results, swaps, the
// back button, the colour scheme.

let world = null; // the map that is shown
let loading = false;

const root = document.documentElement;
const isFolded = (box) => box.dataset.map === "card" && root.hasAttribute("data-map-folded");

async function look() {
  const box = document.querySelector("[data-map]");
  if (world && world.box !== box) {
    world.end();
    world = null;
  }
  if (!box || world || loading || isFolded(box)) return;
  loading = true;
  const { WorldMap } = await import("./map/world-map.js");
  loading = false;
  if (box.isConnected) world = new WorldMap(box);
  else look();
}

function showFold() {
  for (const button of document.querySelectorAll("[data-map-fold]")) {
    button.setAttribute("aria-expanded", String(!root.hasAttribute("data-map-folded")));
  }
}

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-map-fold]")) return;
  const folds = root.toggleAttribute("data-map-folded");
  localStorage.setItem("meridian-map", folds ? "folded" : "open");
  showFold();
  if (folds) return;
  if (world) world.catchUp();
  else look();
});

document.addEventListener("meridian:spots", ({ detail }) => {
  if (world && !isFolded(world.box)) world.change(detail);
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "live") return;
  showFold();
  look();
  if (world && !isFolded(world.box)) world.refresh(Number(document.getElementById("live").dataset.connections));
});

// The links and fields of a list know nothing of what the map shows, which its selects write into the address alone.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get" || detail.target?.id !== "live" || detail.headers["X-Resync"]) return;
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (name.startsWith("map-")) detail.parameters[name] = value;
  }
});
addEventListener("popstate", () => world?.readAddress());
new MutationObserver(() => world?.repaint()).observe(root, { attributeFilter: ["data-bs-theme"] });

showFold();
look();
