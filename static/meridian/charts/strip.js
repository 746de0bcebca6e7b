// Checks over time as a row of cells, as on a status page: each says what happened by word, shape and colour.

import { moment, stretch } from "./figures.js";
import { element, tell } from "./parts.js";
import { Source } from "./source.js";

const STATES = {
  good: ["●", "Good"],
  partly: ["▲", "Partly failed"],
  bad: ["■", "Failed"],
  ours: ["◇", "Our own fault"],
  none: ["◌", "No data"],
};
const FAR = 10;
const MOST_ROWS = 200;

let made = 0;

export class Strip {
  #figure;
  #parts;
  #cells = [];
  #at = null;
  #late = ""; // why what is shown is not the newest
  #source;
  #ended = new AbortController();

  constructor(figure) {
    this.#figure = figure;
    this.#parts = partsOf(figure);
    const { cells } = this.#parts;
    const { signal } = this.#ended;
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    on(cells, "keydown", (event) => this.#key(event));
    on(cells, "pointermove", ({ clientX }) => this.#pointAt(clientX));
    on(cells, "pointerleave", () => this.#show(null));
    on(cells, "blur", () => this.#show(null));
    on(figure, "focus", () => cells.focus());
    this.#source = new Source(figure, {
      show: (json) => this.replace(json ?? []),
      wait: () => {},
      fail: (sentence) => this.#fail(sentence),
      moved: () => {},
    });
    figure.chart = { replace: (json) => this.replace(json), reload: () => this.#source.load() };
    this.#source.load({ inlineFirst: true });
  }

  destroy() {
    this.#ended.abort();
    this.#source.end();
    for (const part of this.#parts.added) part.remove();
    delete this.#figure.chart;
    delete this.#figure.dataset.state;
  }

  /** Only text and cells: the stylesheet knows the colours of both schemes. */
  repaint() {}

  /** Shows `{"cells": [{from, to, state, text}], "empty"}`, times in unix seconds, or the bare list of cells. */
  replace(json) {
    const given = Array.isArray(json) ? json : json?.cells;
    if (!Array.isArray(given)) {
      this.#fail("This strip's data cannot be read.");
      return;
    }
    const here = this.#cells[this.#at]?.from;
    this.#late = "";
    this.#cells = given.map((cell) => ({ ...cell, state: Object.hasOwn(STATES, cell.state) ? cell.state : "none" }));
    const at = this.#cells.findIndex(({ from }) => from === here);
    const { cells } = this.#parts;
    cells.replaceChildren(...this.#cells.map(({ state }) => element("span", "strip-cell", { "data-state": state, "aria-hidden": "true" })));
    this.#state(given.length ? "ready" : "empty", given.length ? "" : (json.empty ?? "There are no checks yet."));
    this.#describe();
    this.#show(at < 0 ? null : at);
  }

  #fail(sentence) {
    if (this.#cells.length) {
      this.#late = `Not up to date: ${sentence}`;
      this.#show(this.#at);
    } else {
      this.#state("error", sentence, () => this.#source.load());
    }
    this.#parts.announcer.textContent = sentence;
  }

  #state(state, sentence, retry = null) {
    this.#figure.dataset.state = state;
    tell(this.#parts.notice, sentence, retry);
  }

  #describe() {
    const { cells, ends, key, table } = this.#parts;
    const counts = Object.entries(STATES)
      .map(([state, [shape, word]]) => ({ state, shape, word, count: this.#cells.filter((cell) => cell.state === state).length }))
      .filter(({ count }) => count > 0);
    const title = captionOf(this.#figure);
    cells.setAttribute("aria-label", `${title}: ${counts.map(({ word, count }) => `${count} ${word.toLowerCase()}`).join(", ")}`);
    key.replaceChildren(...counts.map(keyItem));
    ends.replaceChildren();
    if (this.#cells.length) ends.append(text("span", toTheMinute(this.#cells[0].from)), text("span", toTheMinute(this.#cells.at(-1).to)));
    table.replaceChildren(text("caption", title), ...this.#cells.slice(-MOST_ROWS).map(rowOf));
  }

  #pointAt(clientX) {
    const { left, width } = this.#parts.cells.getBoundingClientRect();
    const at = Math.floor(((clientX - left) / width) * this.#cells.length);
    this.#show(Math.min(Math.max(at, 0), this.#cells.length - 1));
  }

  #show(at) {
    if (this.#cells.length === 0) return;
    const { cells, reading } = this.#parts;
    cells.querySelector("[data-here]")?.removeAttribute("data-here");
    this.#at = at;
    if (at !== null) cells.children[at].dataset.here = "";
    const latest = () => this.#late || `Latest: ${inWords(this.#cells.at(-1))}`;
    reading.textContent = at === null ? latest() : inWords(this.#cells[at]);
  }

  #key(event) {
    const last = this.#cells.length - 1;
    const far = event.shiftKey ? FAR : 1;
    const here = this.#at;
    const to = {
      ArrowRight: here === null ? 0 : here + far,
      ArrowLeft: here === null ? last : here - far,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#show(Math.min(Math.max(to, 0), last));
    this.#parts.announcer.textContent = this.#parts.reading.textContent;
  }
}

const captionOf = (figure) => figure.querySelector("figcaption")?.textContent.trim() || "Checks";

function partsOf(figure) {
  made += 1;
  const box = element("div", "strip-box");
  const cells = element("div", "strip-cells", {
    "aria-label": captionOf(figure),
    tabindex: "0",
    role: "application",
    "aria-roledescription": "strip of checks",
    "aria-describedby": `strip-key-${made}`,
  });
  const notice = element("div", "chart-notice");
  const ends = element("div", "strip-ends", { "aria-hidden": "true" });
  const reading = element("p", "chart-reading", { "aria-hidden": "true" });
  const key = element("p", "strip-key", { id: `strip-key-${made}` });
  const spoken = element("div", "visually-hidden");
  const table = element("table");
  const announcer = element("p", "visually-hidden", { role: "status", "aria-live": "polite" });
  box.append(cells, notice);
  spoken.append(table);
  const added = [reading, box, ends, key, spoken, announcer];
  figure.append(...added);
  figure.tabIndex = -1;
  return { cells, notice, ends, reading, key, table, announcer, added };
}

const toTheMinute = (seconds) => moment(seconds).slice(0, 16);
const text = (name, content) => Object.assign(element(name), { textContent: content });

function keyItem({ state, shape, word, count }) {
  const item = element("span");
  const mark = element("span", "shape", { "aria-hidden": "true", "data-state": state });
  mark.textContent = shape;
  item.append(mark, ` ${count} ${word.toLowerCase()}`);
  return item;
}

function inWords({ from, to, state, text: said }) {
  const [shape, word] = STATES[state];
  return [`${shape} ${word}`, stretch(from, to), said].filter(Boolean).join(" · ");
}

function rowOf(cell) {
  const row = element("tr");
  row.append(text("th", stretch(cell.from, cell.to)), text("td", STATES[cell.state][1]), text("td", cell.text ?? ""));
  row.firstChild.scope = "row";
  return row;
}
