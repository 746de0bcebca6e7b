// What a chart shows: rows of one x and a value (or none) per series. Knows nothing of pixels.

import { figure, moment, sinceStart, stretch } from "./figures.js";
import { read } from "./format.js";

const listed = (value) => (Array.isArray(value) ? value : [value]);

export class Model {
  #marksByRow = null;

  /** `json` as format.js has it; throws Unreadable. */
  constructor(json) {
    Object.assign(this, read(json));
  }

  get isEmpty() {
    if (this.xs.length === 0) return true;
    return this.marks.length === 0 && !this.series.some(({ values }) => values.some((value) => value !== null));
  }

  /** Whether another model can be drawn by the same plots: only the numbers differ. */
  isLike(other) {
    const shape = ({ kind, stacked, band, panels, series, labels, fromZero }) =>
      JSON.stringify([kind, stacked, band, panels, labels, fromZero, series.map(({ label, role, unit, draw, panel, right }) => [label, role, unit, draw, panel, right])]);
    return shape(this) === shape(other);
  }

  /** The series of one panel, as indexes into `series`. */
  inPanel(panel) {
    return this.series.flatMap((series, index) => (series.panel === panel ? [index] : []));
  }

  /** Takes the numbers of a model like this one; what is hidden stays hidden. */
  take(other) {
    this.#marksByRow = null;
    const { xs, marks, from, to, gap, window, empty, title, origin } = other;
    Object.assign(this, { xs, marks, from, to, gap, window, empty, title, origin });
    other.series.forEach(({ values }, index) => {
      this.series[index].values = values;
    });
  }

  /* Growing ------------------------------------------------------------------------------------------------ */

  /**
   * Adds rows: `{x, values, marks?, to?}` with lists, or with one x and one value for each series.
   * A row whose x is there already takes the new values; undefined leaves a value as it is.
   */
  append({ x, values = [], marks = [], to = null }) {
    this.#marksByRow = null;
    listed(x).forEach((at, row) => {
      if (!Number.isFinite(at)) return;
      const index = this.#rowFor(at);
      this.series.forEach((series, i) => {
        const given = Array.isArray(x) ? values[i]?.[row] : values[i];
        if (given !== undefined) series.values[index] = Number.isFinite(given) ? given : null;
      });
    });
    for (const { x: at, label, role = "note" } of marks) {
      this.marks = this.marks.filter((mark) => mark.x !== at || mark.role !== role);
      this.marks.push({ x: at, label: String(label), role });
    }
    if (to !== null) this.to = to;
    this.#slide();
  }

  #rowFor(x) {
    let index = this.xs.length;
    while (index > 0 && this.xs[index - 1] > x) index -= 1;
    if (this.xs[index - 1] === x) return index - 1;
    this.xs.splice(index, 0, x);
    for (const { values } of this.series) values.splice(index, 0, null);
    return index;
  }

  // A page that stays open for a day still shows its last hour, and holds no more than that.
  #slide() {
    const last = this.xs.at(-1);
    if (last === undefined) return;
    if (this.kind === "time" && this.to !== null && last > this.to) {
      if (this.from !== null) this.from += last - this.to;
      this.to = last;
    }
    const oldest = Math.max(last - this.window, this.kind === "time" ? (this.from ?? -Infinity) : -Infinity);
    const gone = this.xs.findIndex((x) => x >= oldest);
    if (gone <= 0) return;
    this.xs.splice(0, gone);
    for (const { values } of this.series) values.splice(0, gone);
    this.marks = this.marks.filter(({ x }) => x >= oldest);
  }

  /* Reading ------------------------------------------------------------------------------------------------ */

  /** The whole x axis: what was asked for, or what there is. */
  extent() {
    const ends = this.xs.length ? [this.xs[0], this.xs.at(-1)] : this.marks.map(({ x }) => x);
    const low = this.from ?? Math.min(...ends);
    const high = this.to ?? Math.max(...ends);
    if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
    const apart = this.kind === "index" ? 0.5 : low < high ? 0 : 30;
    return [low - apart, high + apart];
  }

  /** The part of x from `low` to `high` that there is, at least two points wide; null when it is all of it. */
  part(low, high) {
    const [first, last] = this.extent();
    const least = (2 * (last - first)) / Math.max(2, this.xs.length);
    const width = Math.max(high - low, least);
    if (width >= last - first) return null;
    const start = Math.min(Math.max((low + high - width) / 2, first), last - width);
    return [start, start + width];
  }

  hasRow(row) {
    return this.series.some(({ values }) => values[row] !== null);
  }

  /** The row nearest to x. */
  nearest(x) {
    let low = 0;
    let high = this.xs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.xs[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low > 0 && x - this.xs[low - 1] <= this.xs[low] - x ? low - 1 : low;
  }

  marksAt(row) {
    this.#marksByRow ??= Map.groupBy(this.marks, ({ x }) => this.nearest(x));
    return this.#marksByRow.get(row) ?? [];
  }

  /** The row at x, or -1 in a gap. */
  rowAt(x) {
    const row = this.nearest(x);
    return Math.abs(this.xs[row] - x) <= this.gap / 2 ? row : -1;
  }

  /** The next row with something in it, `steps` of them away; the last one there is when there are fewer. */
  walk(row, steps) {
    let found = row;
    let left = Math.abs(steps);
    for (let at = row + Math.sign(steps); left > 0 && at >= 0 && at < this.xs.length; at += Math.sign(steps)) {
      if (!this.hasRow(at) && this.marksAt(at).length === 0) continue;
      found = at;
      left -= 1;
    }
    return found;
  }

  /** A row's x in words. */
  nameOf(row) {
    const x = this.xs[row];
    if (this.labels) return this.labelUnit ? figure(this.labelUnit, this.labels[row]) : String(this.labels[row]);
    if (this.kind === "time") return moment(x);
    return this.kind === "seconds" ? sinceStart(x) : `${this.xName} ${x}`;
  }

  /** A part of x in words. */
  partInWords([low, high]) {
    if (this.kind === "time") return stretch(low, high);
    return `${this.nameOf(this.nearest(low))} – ${this.nameOf(this.nearest(high))}`;
  }

  /** A row in one sentence. */
  sentence(row) {
    const values = this.series.filter(({ shown }) => shown).map(({ label, unit, values }) => `${label} ${figure(unit, values[row])}`);
    return `${this.nameOf(row)}: ${[...values, ...this.marksAt(row).map(({ label }) => label)].join(", ")}`;
  }

  /** Rows of a chart as they are drawn: with an empty row between two that lie further apart than the gap. */
  drawn(panel) {
    const rows = [];
    const xs = [];
    this.xs.forEach((x, row) => {
      if (row > 0 && x - this.xs[row - 1] > this.gap) {
        xs.push((x + this.xs[row - 1]) / 2);
        rows.push(-1);
      }
      xs.push(x);
      rows.push(row);
    });
    const own = this.inPanel(panel);
    const columns = this.stacked ? this.#sums(own) : own.map((index) => this.series[index].values);
    return [xs, ...columns.map((values) => rows.map((row) => (row < 0 ? null : values[row])))];
  }

  // The last series lies on all before it; one that is missing in a row has no height there.
  #sums(own) {
    const below = this.xs.map((_, row) => (own.some((index) => this.series[index].values[row] !== null) ? 0 : null));
    return own.map((index) => {
      const { shown, values } = this.series[index];
      values.forEach((value, row) => {
        if (shown && below[row] !== null) below[row] += value ?? 0;
      });
      return [...below];
    });
  }
}
