// Keeps #live in step with the server. Events carry a sequence number that grows by one: the next one is
// swapped in, anything else means that something was missed, and the page's own view is fetched again.
// A page marked data-whole has no fragments of its own: any event makes it fetch itself, and the longer the server takes for
// that, the seldomer.

const QUIET_MS = 12_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;
const RESYNC_EVERY_MS = 1_000;
const WHOLE_EVERY_MS = 2_000;
const WHOLE_SHARE = 0.1;
const SELDOMEST_MS = 10_000;
const OFFLINE_AFTER_ATTEMPTS = 3;
const MOST_WAITING = 200;
const DRAWN_AT_ONCE = 36;
const GROUPS_AT_ONCE = 6;
const REST_FACTOR = 2;
const FOLLOW_EVERY_MS = 2_000;
const CALM_MS = 3_000;
const MOST_FOLLOWED = 200;
const SIGNED_OUT = 4401;

const live = () => document.getElementById("live");

/* The state of the line ------------------------------------------------------------------------------------ */

const status = document.getElementById("live-status");
let lastHeard = new Date();

function show(state) {
  if (!status) return;
  const since = lastHeard.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const [shape, words] = {
    none: ["", ""],
    live: ["●", "Live"],
    reconnecting: ["◌", "Reconnecting…"],
    offline: ["■", `Offline since ${since}`],
  }[state];
  if (status.dataset.state === state) return;
  status.dataset.state = state;
  status.querySelector(".shape").textContent = shape;
  status.querySelector(".words").textContent = words;
}

/* Snapshots ------------------------------------------------------------------------------------------------ */

let shown = null; // the #live element that `last` belongs to
let last = 0; // the newest event that the page includes
let waiting = []; // events that arrived while a snapshot was on its way
let wanted = false;
let fetching = false;
let timer = null;
let fetchedAt = -Infinity;
let fetchedFor = 0;
let missedWhileHidden = false;

function resync() {
  if (document.hidden) {
    missedWhileHidden = true;
    return;
  }
  wanted = true;
  if (fetching || timer !== null) return;
  timer = setTimeout(fetchSnapshot, Math.max(0, fetchedAt + every() - performance.now()));
}

function every() {
  if (!shown || !("whole" in shown.dataset)) return RESYNC_EVERY_MS;
  return Math.min(SELDOMEST_MS, Math.max(WHOLE_EVERY_MS, fetchedFor / WHOLE_SHARE));
}

async function fetchSnapshot() {
  timer = null;
  wanted = false;
  fetching = true;
  fetchedAt = performance.now();
  const href = location.pathname + location.search;
  try {
    await htmx.ajax("GET", href, { target: "#live", swap: "outerHTML", headers: { "X-Resync": href } });
  } catch {
    // Told by the toast for network errors; the next pulse asks again.
  }
  fetching = false;
  fetchedFor = performance.now() - fetchedAt;
  const events = waiting;
  waiting = [];
  events.forEach(take);
  if (wanted) resync();
}

// A search may have changed the page's address while the snapshot was on its way.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asked = detail.requestConfig?.headers["X-Resync"];
  if (asked === undefined || asked === location.pathname + location.search) return;
  detail.shouldSwap = false;
  wanted = true;
});

/* Events --------------------------------------------------------------------------------------------------- */

function receive(message) {
  if (message.kind === "event") {
    if (message.spots && !document.hidden) document.dispatchEvent(new CustomEvent("meridian:spots", { detail: message.spots }));
    take(message);
    return;
  }
  if (message.kind === "progress") {
    if (!document.hidden) document.dispatchEvent(new CustomEvent("meridian:progress", { detail: message }));
    return;
  }
  if (message.kind === "hello") attempts = 0;
  show("live");
  if (message.seq !== last && !fetching) resync();
}

function take(event) {
  if (event.seq <= last) return;
  if (document.hidden) unseen(event);
  else if (fetching && waiting.length < MOST_WAITING) waiting.push(event);
  else if (event.resync || event.seq !== last + 1 || "whole" in shown.dataset) resync();
  else apply(event);
}

// Nothing is drawn for nobody, but the tab's title and icon may be in sight.
function unseen(event) {
  missedWhileHidden = true;
  if (event.html) document.dispatchEvent(new CustomEvent("meridian:unseen", { detail: event.html }));
}

/* Drawing -------------------------------------------------------------------------------------------------- */

// What may follow a legend is anything, so a browser looks at the style of everything beside what is replaced: of a thousand
// rows for a tile. No legend of ours floats.
for (const sheet of document.styleSheets) {
  const index = [...sheet.cssRules].findIndex(({ selectorText }) => selectorText === "legend + *");
  if (index >= 0) sheet.deleteRule(index);
}

// Of what replaces the same element only the newest is drawn, and never more at once than leaves the page its time.
let undrawn = new Map(); // by selector: the pieces that go there
let drawing = null;
let drawnAt = -Infinity;
let drawnFor = 0;

function apply(event) {
  last = event.seq;
  const template = document.createElement("template");
  template.innerHTML = event.html;
  for (const piece of template.content.children) {
    const root = piece.content?.firstElementChild ?? piece;
    const [how, selector] = (root.getAttribute("hx-swap-oob") ?? "").split(":");
    if (how === "true") replaceLater(`#${CSS.escape(root.id)}`, piece.outerHTML);
    else addLater(selector, piece.outerHTML);
  }
  drawSoon();
}

// What is replaced before it was drawn keeps its turn; else what changes often would never have one.
function replaceLater(target, html) {
  undrawn.set(target, [html]);
}

// Of what a list takes only as much waits as it shows: else it would never have caught up with many results a second.
function addLater(list, html) {
  const pieces = [...(undrawn.get(list) ?? []), html];
  undrawn.set(list, pieces.slice(-Number(document.querySelector(list)?.dataset.cap ?? pieces.length)));
}

function drawSoon() {
  if (drawing !== null || undrawn.size === 0) return;
  const pause = drawnAt + drawnFor * REST_FACTOR - performance.now();
  if (pause <= 0) draw();
  else drawing = setTimeout(draw, pause);
}

function draw() {
  const frame = (drawing = {});
  const before = counted();
  const began = performance.now();
  drawSome();
  trimLists();
  if (counted() !== before) follow();
  document.dispatchEvent(new CustomEvent("meridian:changed"));
  // To lay out a long list takes far longer than to change it, and about as long for one row as for many.
  requestAnimationFrame(() => setTimeout(rest, 0, frame, began));
}

function rest(frame, began) {
  if (drawing !== frame) return;
  drawing = null;
  drawnAt = performance.now();
  drawnFor = drawnAt - began;
  drawSoon();
}

// A fragment for what this page does not show (a filtered list, another layout) is no error. A long list comes in groups of
// rows, and each that changes is laid out anew: rows of further groups keep their turn.
function drawSome() {
  const some = [];
  const groups = new Set();
  for (const [target, pieces] of undrawn) {
    const place = document.querySelector(target);
    const group = place?.closest("tbody");
    if (group && !groups.has(group) && groups.size === GROUPS_AT_ONCE) continue;
    if (group) groups.add(group);
    undrawn.delete(target);
    if (place && some.push(...pieces) >= DRAWN_AT_ONCE) break;
  }
  if (some.length) htmx.swap(live(), some.join(""), { swapStyle: "none" });
}

function forgetUndrawn() {
  undrawn = new Map();
  clearTimeout(drawing);
  drawing = null;
}

/* Lists that depend on states ------------------------------------------------------------------------------ */

// When the totals change, a connection may belong elsewhere in such a list. Not while somebody acts on it.
let following = null;
let touchedAt = -Infinity;

const counted = () => [...document.querySelectorAll("#tiles [data-count]")].map(({ dataset }) => dataset.count).join();
const busy = () => performance.now() - touchedAt < CALM_MS || document.querySelector("details[data-menu][open], dialog[open]");

function follow() {
  if (following !== null || !("followsStates" in live().dataset)) return;
  // To lay out more rows anew takes longer than anybody should wait for a page; their order is that of the last look.
  if (document.querySelectorAll("#live .connections tbody tr").length > MOST_FOLLOWED) return;
  following = setTimeout(() => {
    following = null;
    if (busy()) follow();
    else resync();
  }, FOLLOW_EVERY_MS);
}

for (const name of ["pointermove", "pointerdown", "keydown", "wheel"]) {
  document.addEventListener(name, () => (touchedAt = performance.now()), { passive: true });
}

function trimLists() {
  for (const list of document.querySelectorAll("#live [data-cap]")) {
    while (list.children.length > Number(list.dataset.cap)) list.lastElementChild.remove();
  }
}

/* Reading anew, by hand or by the clock ---------------------------------------------------------------------- */

let pace = null;

function keepPace() {
  clearInterval(pace);
  const seconds = Number(shown?.dataset.refreshSeconds ?? 0);
  if (seconds > 0) pace = setInterval(resync, seconds * 1000);
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-refresh]")) resync();
});

/* The socket ----------------------------------------------------------------------------------------------- */

let socket = null;
let path = "";
let attempts = 0;
let retry = null;
let silence = null;

function connect() {
  hangUp();
  if (!path) {
    show("none");
    return;
  }
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = (socket = new WebSocket(address));
  listenForSilence();
  opened.onmessage = ({ data }) => {
    if (socket !== opened) return;
    lastHeard = new Date();
    listenForSilence();
    receive(JSON.parse(data));
  };
  opened.onclose = ({ code }) => {
    if (socket === opened) lost(code);
  };
}

function hangUp() {
  clearTimeout(retry);
  clearTimeout(silence);
  const old = socket;
  socket = null;
  old?.close();
}

function listenForSilence() {
  clearTimeout(silence);
  silence = setTimeout(lost, QUIET_MS);
}

function lost(code) {
  hangUp();
  if (code === SIGNED_OUT) {
    document.dispatchEvent(new CustomEvent("signed-out"));
    return;
  }
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  attempts += 1;
  show(attempts > OFFLINE_AFTER_ATTEMPTS || !navigator.onLine ? "offline" : "reconnecting");
  retry = setTimeout(connect, longest * (0.5 + Math.random() / 2));
}

/* The page ------------------------------------------------------------------------------------------------- */

function adopt() {
  if (live() === shown) return;
  shown = live();
  forgetUndrawn();
  keepPace();
  last = Number(shown?.dataset.seq ?? 0);
  if ((shown?.dataset.live ?? "") === path) return;
  path = shown?.dataset.live ?? "";
  attempts = 0;
  connect();
}

document.addEventListener("htmx:afterSwap", adopt);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (missedWhileHidden) resync();
  missedWhileHidden = false;
});

function reconnect() {
  attempts = 0;
  if (path) connect();
}

addEventListener("online", reconnect);
document.addEventListener("signed-in", reconnect);
adopt();
