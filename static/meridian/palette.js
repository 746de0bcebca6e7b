// The command palette: Ctrl-K, a few letters, Enter. Pages come from the rail, commands from #palette-commands and
// connections from the server. What was chosen lately stays in this tab. Names are only ever shown as text.

const DEBOUNCE_MS = 120;
const MOST_RECENT = 5;
const FEW = 3; // so many connections are offered with everything that can be asked of them

// What can be asked of a connection, by the word that it begins with: how it is done, and which address of its does it.
const VERBS = {
  test: { label: "Test", how: "post", address: "test" },
  latency: { label: "Latency…", how: "sheet", address: "latency" },
  load: { label: "Load…", how: "sheet", address: "load" },
  health: { label: "Health", how: "post", address: "health" },
  history: { label: "History", how: "go", address: "past" },
  edit: { label: "Edit", how: "go", address: "edit" },
};

const palette = document.getElementById("palette");
const field = document.getElementById("palette-words");
const list = document.getElementById("palette-found");
const said = palette.querySelector(".palette-said");
const memory = palette.dataset.memory;

/* Doing it ------------------------------------------------------------------------------------------------- */

const WAYS = {
  go: (where) => location.assign(where),
  post: (where) => htmx.ajax("POST", where, { swap: "none" }),
  sheet: (where) => htmx.ajax("GET", where, { target: "#dialog", swap: "innerHTML" }),
  press: (where) => document.querySelector(where)?.click(),
};

function perform(option) {
  if (option.how === "type") {
    field.value = option.where;
    typed();
    return;
  }
  remember(option);
  palette.close();
  // What the server says to a failure is told by a toast.
  Promise.resolve(WAYS[option.how](option.where)).catch(() => {});
}

function recent() {
  return JSON.parse(sessionStorage.getItem(memory) ?? "[]");
}

function remember({ label, name, note, how, where }) {
  const others = recent().filter((one) => one.how !== how || one.where !== where);
  sessionStorage.setItem(memory, JSON.stringify([{ label, name, note, how, where }, ...others].slice(0, MOST_RECENT)));
}

/* What there is -------------------------------------------------------------------------------------------- */

const commands = [...document.getElementById("palette-commands").content.children].map((one) => ({
  label: one.textContent,
  also: one.dataset.also ?? "",
  how: one.dataset.how,
  where: one.dataset.where,
}));
const pages = [...document.querySelectorAll(".rail-link")].map((link) => ({
  label: link.textContent.trim(),
  how: "go",
  where: link.getAttribute("href"),
}));

function read(text) {
  const [, first, rest] = /^\s*(\S+)\s+(.*)$/.exec(text) ?? [];
  const verb = VERBS[first?.toLowerCase()];
  return verb ? { verb, words: rest.trim() } : { verb: null, words: text.trim() };
}

// Every word begins one of the option's words.
function matching(options, text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter(({ label, also = "" }) => {
    const words = `${label} ${also}`.toLowerCase().split(/[\s-]+/);
    return wanted.every((part) => words.some((word) => word.startsWith(part)));
  });
}

const asked = ({ label, how, address }, found) => ({ label, name: found.name, note: found.place, how, where: found[address] });

function connections() {
  const { verb } = read(field.value);
  if (verb) return hits.map((found) => asked(verb, found));
  const opened = hits.map((found) => ({ ...asked({ label: "", how: "go", address: "open" }, found), ...shapeOf(found) }));
  const verbs = hits.length <= FEW ? hits.flatMap((found) => Object.values(VERBS).map((each) => asked(each, found))) : [];
  return [...opened, ...verbs];
}

const shapeOf = ({ shape, state, word }) => ({ shape, state, word });

// What the page knows stands above what the server will still find: nothing moves under somebody's hand.
function groups() {
  const text = field.value;
  if (!text.trim()) return { Recent: recent(), Commands: commands, Pages: pages };
  return { Commands: matching(commands, text), Pages: matching(pages, text), Connections: connections() };
}

/* Asking the server ---------------------------------------------------------------------------------------- */

let hits = []; // the connections that were found last
let search = null; // the AbortController of the search under way
let timer = null;
let searching = false;
let wanted = false; // Enter was pressed before the answer was here

function typed() {
  clearTimeout(timer);
  search?.abort();
  wanted = moved = false;
  const { verb, words } = read(field.value);
  searching = Boolean(verb || words);
  if (searching) timer = setTimeout(find, DEBOUNCE_MS, words);
  else hits = [];
  show();
}

async function find(words) {
  search = new AbortController();
  const { signal } = search;
  let failed = false;
  try {
    const answer = await fetch(`${palette.dataset.search}?q=${encodeURIComponent(words)}`, { signal });
    if (answer.redirected) document.dispatchEvent(new CustomEvent("signed-out"));
    failed = !answer.ok || answer.redirected;
    hits = failed ? [] : (await answer.json()).connections;
  } catch (error) {
    if (signal.aborted) return;
    [hits, failed] = [[], true];
  }
  searching = false;
  show();
  if (failed) said.textContent = "The server does not answer, so connections cannot be searched. Try again.";
  else if (wanted && shown.length) perform(shown[active]);
}

/* The list ------------------------------------------------------------------------------------------------- */

let shown = []; // the options in their order
let active = 0;
let moved = false; // somebody chose with the arrows or the pointer

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

function drawn(option, index) {
  const row = element("div", "palette-option");
  row.id = `palette-option-${index}`;
  row.setAttribute("role", "option");
  row.dataset.index = index;
  if (option.shape) {
    const shape = element("span", `shape state-${option.state}`, option.shape);
    shape.setAttribute("aria-hidden", "true");
    row.append(shape, element("span", "visually-hidden", `${option.word} `));
  }
  const label = element("span", "palette-label", option.label);
  if (option.name) label.append(option.label ? " " : "", element("bdi", "", option.name));
  row.append(label);
  if (option.note) row.append(" ", element("small", "", option.note));
  return row;
}

function show() {
  const before = shown[active];
  shown = [];
  list.replaceChildren();
  for (const [title, options] of Object.entries(groups())) {
    if (options.length === 0) continue;
    const group = element("div", "palette-group");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", title);
    const heading = element("div", "palette-title", title);
    heading.setAttribute("aria-hidden", "true");
    group.append(heading);
    for (const option of options) group.append(drawn(option, shown.push(option) - 1));
    list.append(group);
  }
  list.hidden = shown.length === 0;
  field.setAttribute("aria-expanded", String(shown.length > 0));
  said.textContent = shown.length || searching ? "" : "Nothing found.";
  const same = moved ? shown.findIndex((one) => one.how === before?.how && one.where === before.where) : 0;
  choose(Math.max(0, same));
}

function choose(index) {
  active = index;
  for (const row of list.querySelectorAll("[role=option]")) {
    row.setAttribute("aria-selected", String(Number(row.dataset.index) === active));
  }
  const row = document.getElementById(`palette-option-${active}`);
  if (row) field.setAttribute("aria-activedescendant", row.id);
  else field.removeAttribute("aria-activedescendant");
  row?.scrollIntoView({ block: "nearest" });
}

function walk(step) {
  if (shown.length === 0) return;
  moved = true;
  choose((active + step + shown.length) % shown.length);
}

/* Keys and pointer ----------------------------------------------------------------------------------------- */

function open() {
  field.value = "";
  palette.showModal();
  typed();
}

const KEYS = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  Enter: () => {
    // An old answer is not what was asked for, unless it was chosen by hand; a command is there at once.
    const old = searching && !moved && (shown.length === 0 || shown[active].name !== undefined);
    if (old) wanted = true;
    else if (shown.length) perform(shown[active]);
  },
};

field.addEventListener("input", typed);
field.addEventListener("keydown", (event) => {
  if (event.isComposing || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
list.addEventListener("pointermove", ({ target }) => {
  const row = target.closest("[role=option]");
  if (!row || Number(row.dataset.index) === active) return;
  moved = true;
  choose(Number(row.dataset.index));
});
// The caret stays where it is.
list.addEventListener("pointerdown", (event) => event.preventDefault());
list.addEventListener("click", ({ target }) => {
  const row = target.closest("[role=option]");
  if (row) perform(shown[Number(row.dataset.index)]);
});
palette.addEventListener("click", ({ target }) => {
  if (target === palette) palette.close();
});
palette.addEventListener("close", () => {
  clearTimeout(timer);
  search?.abort();
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-open-palette]")) open();
});
document.addEventListener("keydown", (event) => {
  const alone = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!alone || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  if (palette.open) palette.close();
  else open();
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("[data-palette-key]")) key.textContent = "⌘K";
}
