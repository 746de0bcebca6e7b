// One figure with a chart: where its data comes from, when it is drawn, and what keys and pointers do to it.

import { Unreadable } from "./format.js";
import { Frames } from "./frames.js";
import { join, leave, peersOf } from "./groups.js";
import { answer } from "./keys.js";
import { Legend } from "./legend.js";
import { Model } from "./model.js";
import { looksOf } from "./palette.js";
import { build, tell } from "./parts.js";
import { download } from "./picture.js";
import { dataOf, makePlot, orderOf, place, sizesOf } from "./plot.js";
import { Reader } from "./reader.js";
import { chartOf } from "./reports.js";
import { Source } from "./source.js";
import { fillTable, summaryOf } from "./words.js";

const WORDS_AFTER_MS = 1_000; // live data comes several times a second; nobody listens that fast

export class Chart {
  model = null;
  looks = [];
  plots = [];

  #figure;
  #parts;
  #reader;
  #source;
  #frames = new Frames((stale) => this.#draw(stale));
  #legend = null;
  #zoomed = null;
  #x = null; // what is pointed at
  #heard = null; // the pointer's last event
  #words = null;
  #late = ""; // why what is shown is not the newest
  #ended = new AbortController();
  #size = new ResizeObserver(() => this.#frames.ask("size"));

  constructor(figure) {
    this.#figure = figure;
    this.#parts = build(figure, { reset: () => this.reset(), picture: () => download(this) });
    this.#reader = new Reader(this.#parts);
    this.#source = new Source(figure, {
      show: (json) => this.replace(json ?? { series: [], empty: figure.dataset.empty }),
      wait: () => this.#state(this.model ? "stale" : "loading"),
      fail: (sentence) => this.#fail(sentence),
      moved: () => this.reset(),
    });
    join(figure.dataset.sync, this);
    this.#listen();
    figure.chart = { append: (points) => this.append(points), replace: (json) => this.replace(json), reload: () => this.#source.load() };
    this.#source.load({ inlineFirst: true });
  }

  /* Life --------------------------------------------------------------------------------------------------- */

  #listen() {
    const { signal } = this.#ended;
    const { plot, panels } = this.#parts;
    this.#figure.addEventListener("meridian:chart-append", ({ detail }) => this.append(detail), { signal });
    this.#figure.addEventListener("focus", () => plot.focus(), { signal });
    plot.addEventListener("keydown", (event) => answer(this, event), { signal });
    plot.addEventListener("blur", () => this.leave(), { signal });
    this.#size.observe(panels);
  }

  /** Frees everything and leaves the figure as it was found. */
  destroy() {
    this.#ended.abort();
    this.#size.disconnect();
    for (const part of [this.#source, this.#frames, this.#reader]) part.end();
    clearTimeout(this.#words);
    leave(this.#figure.dataset.sync, this);
    this.#tearDown();
    this.#figure.prepend(this.#parts.caption);
    delete this.#parts.caption.dataset.origin;
    for (const part of this.#parts.added) part.remove();
    delete this.#figure.chart;
    delete this.#figure.dataset.state;
  }

  #tearDown() {
    for (const plot of this.plots) plot.destroy();
    this.plots = [];
  }

  get title() {
    const title = this.#parts.caption.textContent.trim() || "Chart";
    return this.model?.origin ? `${title} (${this.model.origin})` : title;
  }

  get #peers() {
    return peersOf(this.#figure.dataset.sync, this);
  }

  /* Data --------------------------------------------------------------------------------------------------- */

  /** Shows other data: a chart's JSON, or the report or detail of a load or latency test. */
  replace(json) {
    try {
      this.#take(new Model(chartOf(json)));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#fail("This chart's data cannot be read.");
    }
  }

  #take(next) {
    if (this.model?.isLike(next)) {
      this.model.take(next);
    } else {
      const hidden = new Set(this.model?.series.filter(({ shown }) => !shown).map(({ label }) => label));
      for (const series of next.series) series.shown = !hidden.has(series.label);
      this.model = next;
      this.looks = looksOf(next);
      this.#tearDown();
      this.#legend = new Legend(this.#parts.legend, this, (index) => this.toggle(index));
    }
    this.#changed();
  }

  /** Adds rows, as Model.append has them; drawn with the next frame. */
  append(points) {
    if (!this.model) return;
    this.model.append(points);
    this.#changed();
  }

  #changed() {
    this.#late = "";
    const { isEmpty, empty } = this.model;
    this.#state(isEmpty ? "empty" : "ready", isEmpty ? empty : "");
    this.#frames.ask("data");
  }

  #fail(sentence) {
    if (this.model && !this.model.isEmpty) {
      this.#state("ready");
      this.#late = `Not up to date: ${sentence}`;
      this.point(this.#x);
    } else {
      this.#state("error", sentence);
    }
    this.#reader.say(sentence);
  }

  #state(state, sentence = "") {
    const { plot, notice, save } = this.#parts;
    this.#figure.dataset.state = state;
    plot.setAttribute("aria-busy", String(state === "loading" || state === "stale"));
    save.disabled = state !== "ready" && state !== "stale";
    tell(notice, sentence, state === "error" ? () => this.#source.load() : null);
  }

  /* Drawing ------------------------------------------------------------------------------------------------ */

  #draw(stale) {
    const { panels } = this.#parts;
    if (!this.model || panels.clientWidth === 0) return false;
    const sizes = sizesOf(this.model, panels);
    if (this.plots.length === 0) {
      this.plots = sizes.map((size, panel) => makePlot(this, panel, panels, size));
    } else {
      if (stale.has("size")) this.plots.forEach((plot, panel) => plot.setSize(sizes[panel]));
      if (stale.has("data")) this.plots.forEach((plot, panel) => plot.setData(dataOf(this.model, panel)));
    }
    this.point(this.#x);
    if (stale.has("data")) this.#describe();
    this.#figure.dispatchEvent(new CustomEvent("meridian:chart-drawn"));
    return true;
  }

  #describe() {
    const { caption, plot, save, summary, table } = this.#parts;
    if (this.model.title && !caption.textContent.trim()) caption.textContent = this.model.title;
    caption.dataset.origin = this.model.origin;
    plot.setAttribute("aria-label", this.title);
    save.setAttribute("aria-label", `Download PNG of ${this.title}`);
    this.#words ??= setTimeout(() => {
      this.#words = null;
      summary.textContent = summaryOf(this.model);
      fillTable(table, this.model, this.title);
    }, summary.textContent ? WORDS_AFTER_MS : 0);
  }

  /** The colours are others now. */
  repaint() {
    this.#legend?.paint();
    for (const plot of this.plots) plot.redraw();
  }

  /** Hides a series, or shows it again. */
  toggle(index) {
    const series = this.model.series[index];
    series.shown = !series.shown;
    const plot = this.plots[series.panel];
    plot?.setSeries(orderOf(this.model, series.panel).indexOf(index) + 1, { show: series.shown });
    if (this.model.stacked) plot?.setData(dataOf(this.model, series.panel));
    this.#legend.paint();
  }

  /* The cursor --------------------------------------------------------------------------------------------- */

  /** The row that is pointed at: null for none, -1 in a gap. */
  get row() {
    return this.#x === null ? null : this.model.rowAt(this.#x);
  }

  /** A plot's pointer moved: every chart of the group follows. Of a cursor that is only drawn anew it tells as well. */
  pointed(plot) {
    const { left, idx, event } = plot.cursor;
    if (!event || event === this.#heard) return;
    this.#heard = event;
    const x = left < 0 || idx === null || idx === undefined ? null : plot.data[0][idx];
    for (const peer of this.#peers) peer.point(x, plot);
  }

  /** Shows the values at x, or the latest when it is null; `from` is the plot whose own cursor is there already. */
  point(x, from = null) {
    this.#x = x;
    for (const plot of this.plots) if (plot !== from) place(plot, x);
    if (!this.model || this.model.isEmpty) return;
    const latest = this.model.kind === "index" ? null : this.model.walk(this.model.xs.length, -1);
    const row = x === null ? latest : this.row;
    this.#legend.read(row);
    if (x === null && this.#late) this.#reader.write(this.#late);
    else this.#reader.show(this.model, x, row);
  }

  /** Goes to a row: points at it, brings it into view, and says it. */
  goTo(row) {
    const x = this.model.xs[row];
    const [low, high] = this.view();
    if (x < low || x > high) this.zoom(x - (high - low) / 2, x + (high - low) / 2);
    for (const peer of this.#peers) peer.point(x);
    this.#reader.say(this.model.sentence(row));
  }

  /** Points at nothing. */
  leave() {
    for (const peer of this.#peers) peer.point(null);
  }

  /* The zoom ----------------------------------------------------------------------------------------------- */

  /** The part of x that is shown, as [low, high]. */
  view() {
    return this.#zoomed ?? this.model.extent();
  }

  get isZoomed() {
    return this.#zoomed !== null;
  }

  /** Shows x from `low` to `high` in every chart of the group. */
  zoom(low, high) {
    const part = this.model.part(low, high);
    for (const peer of this.#peers) peer.#show(part);
  }

  reset() {
    for (const peer of this.#peers) peer.#show(null);
  }

  #show(part) {
    this.#zoomed = part;
    this.#parts.unzoom.hidden = part === null;
    if (!this.model) return;
    const [min, max] = this.view();
    for (const plot of this.plots) plot.setScale("x", { min, max });
    this.point(this.#x);
  }
}
