// What is wrong, in the title and the icon of the tab: read from what the page shows, or, while nobody looks and it is not
// drawn, from the event that would have changed it.

const title = document.title;
const icon = document.querySelector("link[rel=icon]");
const COUNTS = "#tiles [data-state]";
const STATES = ["unhealthy", "slow"];

function counted(tiles) {
  return Object.fromEntries([...tiles].map(({ dataset }) => [dataset.state, Number(dataset.count)]));
}

// The connections by state: of the fleet, or of the list, or the only one.
function seen() {
  const tiles = document.querySelectorAll(COUNTS);
  if (tiles.length) return counted(tiles);
  const count = (state) => document.querySelectorAll(`#live .c-state .state-${state}, #live .head h2 .state-${state}`).length;
  return Object.fromEntries(STATES.map((state) => [state, count(state)]));
}

function say({ unhealthy = 0, slow = 0 }) {
  document.title = unhealthy ? `(${unhealthy} down) ${title}` : title;
  const wanted = unhealthy ? icon.dataset.down : slow ? icon.dataset.slow : icon.dataset.calm;
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
}

document.addEventListener("htmx:afterSettle", () => say(seen()));
document.addEventListener("meridian:unseen", ({ detail: html }) => {
  const at = html.indexOf('id="tiles"');
  if (at < 0) return;
  const parsed = new DOMParser().parseFromString(html.slice(html.lastIndexOf("<", at)), "text/html");
  say(counted(parsed.querySelectorAll(COUNTS)));
});
say(seen());
