// Keeps "3 min ago" and running times true between two answers of the server, by the server's clock.

const skew = Date.now() - Number(document.body.dataset.now) * 1000;
const UNITS = [
  ["s", 1, 60],
  ["min", 60, 60],
  ["h", 3600, 24],
  ["d", 86400, 30],
];

function inOneUnit(seconds) {
  const fitting = UNITS.find(([, length, limit]) => seconds < length * limit);
  return fitting && `${Math.floor(seconds / fitting[1])} ${fitting[0]}`;
}

function ago(seconds) {
  if (seconds < 5) return "just now";
  const spent = inOneUnit(seconds);
  return spent && `${spent} ago`;
}

function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const until = (seconds) => (seconds > 0 ? `in ${inOneUnit(seconds) ?? `${Math.floor(seconds / 86_400)} d`}` : "now");

// A time that changes has its whole group of rows laid out anew: in a long list only those in sight are kept true.

const outOfSight = new WeakSet();
const sight = new IntersectionObserver((groups) => {
  for (const { target, isIntersecting } of groups) {
    if (isIntersecting) outOfSight.delete(target);
    else outOfSight.add(target);
  }
  tick();
});

function watchGroups() {
  for (const group of document.querySelectorAll(".listing tbody")) sight.observe(group);
}

const timesInSight = (selector) =>
  [...document.querySelectorAll(selector)].filter((time) => !outOfSight.has(time.closest("tbody")));

function tick() {
  if (document.hidden) return;
  for (const time of timesInSight("time[data-in]")) {
    const text = until(Math.floor((Date.parse(time.dateTime) - Date.now() + skew) / 1000));
    if (time.textContent !== text) time.textContent = text;
  }
  for (const time of timesInSight("time[data-ago], time[data-for], time[data-elapsed]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - skew - Date.parse(time.dateTime)) / 1000));
    const text = "ago" in time.dataset ? ago(seconds) : "for" in time.dataset ? inOneUnit(seconds) : duration(seconds);
    if (text && time.textContent !== text) time.textContent = text;
  }
}

setInterval(tick, 1_000);
document.addEventListener("visibilitychange", tick);
document.addEventListener("htmx:afterSwap", watchGroups);
watchGroups();

// The progress in words, not more often than somebody can listen to.

const announcer = document.getElementById("announcer");
let saidAt = -Infinity;

document.addEventListener("htmx:afterSettle", () => {
  const words = document.querySelector("#live [data-announce]")?.dataset.announce ?? "";
  if (words === announcer.textContent || (words && performance.now() - saidAt < 5_000)) return;
  saidAt = performance.now();
  announcer.textContent = words;
});
