// The format of a chart: what the page and the server agreed on, read once and checked.
//
// What has a default may be left out:
//   title         shown where the figure has no caption of its own
//   x             ascending numbers: unix seconds, seconds since the start, or counted (x_kind)
//   x_kind        "time" (default), "seconds", "index"; for "index" also x_labels (texts, or numbers with x_unit: the
//                 buckets of a histogram) or x_name ("Sample")
//   series        [{label, values, role, unit, draw, axis, panel}]: values has a number or null for each x; role is
//                 p50 p95 p99 rate ok error dns tcp tls auth query plain; axis "right" is a second scale; panel 1 is a
//                 plot below the first
//   unit, draw    for every series that names none: ms s % count bytes per_s; "line" (default), "bars", "points".
//                 Percentages go from 0 to 100
//   stacked       series lie on one another, the first one lowest
//   band          [low, high]: roles or labels of two series with the ground between them tinted
//   marks         [{x, label, role}]: "error" is a cross above the plot, "note" a line with its label
//   gap_seconds   rows further apart than this are not joined
//   from, to      the whole x axis, also where there is no data; it slides when rows are appended beyond it
//   window_seconds  appended rows push out those older than this
//   from_zero     whether y begins at zero: by default yes, but for percentages and points
//   panels        [{label}]: names of the plots
//   origin        "synthetic" or the like, said beside the caption of figures that nobody measured
//   empty         the sentence for when there is nothing to show

import { UNITS } from "./figures.js";

const DRAWS = ["line", "bars", "points"];
const KINDS = ["time", "seconds", "index"];
const MOST_PANELS = 4;
const LAST_MOMENT = 8.64e12; // seconds; a Date ends there

/** The data of a chart is not what the page and the server agreed on. */
export class Unreadable extends Error {}

function check(holds, message) {
  if (!holds) throw new Unreadable(message);
}

const numbers = (values) => values.map((value) => (Number.isFinite(value) ? value : null));

function seriesFrom(given, json, length) {
  check(given !== null && typeof given === "object", "a series");
  const unit = given.unit ?? json.unit ?? "count";
  const draw = given.draw ?? json.draw ?? "line";
  check(UNITS.includes(unit), `unit ${unit}`);
  check(DRAWS.includes(draw), `draw ${draw}`);
  const panel = given.panel ?? 0;
  check(Number.isInteger(panel) && panel >= 0 && panel < MOST_PANELS, `panel ${panel}`);
  check(Array.isArray(given.values) && given.values.length === length, "one value for each x");
  return {
    label: String(given.label),
    role: given.role ?? "plain",
    unit,
    draw,
    panel,
    right: given.axis === "right",
    shown: true,
    values: numbers(given.values),
  };
}

/** The fields of a model; null is like a field that is left out. Throws Unreadable. */
export function read(given) {
  check(given !== null && typeof given === "object" && Array.isArray(given.series), "series");
  const json = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const { x = [], marks = [], x_labels: labels = null, x_kind: kind = "time", x_unit: labelUnit = null } = json;
  check([x, marks, labels ?? []].every(Array.isArray), "lists");
  check(KINDS.includes(kind), `x_kind ${kind}`);
  check(x.every((at, i) => Math.abs(at) <= LAST_MOMENT && typeof at === "number" && (i === 0 || at > x[i - 1])), "x ascending");
  check(labelUnit === null || UNITS.includes(labelUnit), `x_unit ${labelUnit}`);
  const [from, to] = [json.from, json.to].map((end) => (Number.isFinite(end) ? end : null));
  check(from === null || to === null || from <= to, "from before to");
  const series = json.series.map((each) => seriesFrom(each, json, x.length));
  const panels = Math.max(1, ...series.map(({ panel }) => panel + 1));
  return {
    title: json.title ?? "",
    origin: json.origin ?? "",
    kind,
    labels,
    labelUnit,
    xName: json.x_name ?? "No.",
    xs: [...x],
    series,
    marks: marks.map(({ x: at, label, role = "note" }) => ({ x: at, label: String(label), role })),
    panels: Array.from({ length: panels }, (_, panel) => json.panels?.[panel]?.label ?? ""),
    stacked: Boolean(json.stacked),
    band: json.band ?? null,
    gap: json.gap_seconds ?? Infinity,
    from,
    to,
    window: json.window_seconds ?? Infinity,
    fromZero: json.from_zero ?? null,
    empty: json.empty ?? "There is nothing to show yet.",
  };
}
