// One panel of a chart as a uPlot: its scales, axes, lines, and what is drawn over them.

import uPlot from "../../uplot/uPlot.esm.js";
import { clockTicks, figure, sinceStart, ticks } from "./figures.js";
import { drawMarks, drawMarkers, drawName, roomAbove } from "./over.js";
import { faded, fill, font, token } from "./palette.js";

const AXIS_WIDTH = 66;
const X_AXIS_HEIGHT = 38;
const BESIDE = 18; // room for half of the last label
const AREA_ALPHA = 0.16;
const LEAST_DRAG = 6;

const OF_BYTES = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((digit) => digit * 1024 ** power));
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 9 }, (_, power) => digit * 10 ** power)).sort((a, b) => a - b);
const OF_A_CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/**
 * Draws `panel` of the chart into `mount`. The chart gives `model`, `looks`, `view()` (the shown part of x) and is
 * told of a pointer (`pointed`), a dragged part (`zoom`) and a double click (`reset`).
 */
export function makePlot(chart, panel, mount, size) {
  const { model } = chart;
  const order = orderOf(model, panel);
  const isLast = panel === model.panels.length - 1;
  const options = {
    ...size,
    padding: [() => roomAbove(model), order.some((index) => model.series[index].right) ? 0 : BESIDE, isLast ? 0 : 6, 0],
    legend: { show: false },
    scales: { x: { time: model.kind === "time", range: () => chart.view() }, ...scalesOf(model, order) },
    axes: [xAxis(model, isLast), ...yAxes(model, order)],
    series: [{}, ...order.map((index) => seriesOptions(chart, index))],
    bands: bandsOf(chart, order),
    drawOrder: model.stacked ? ["series", "axes"] : ["axes", "series"],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: cursorOf(chart, order),
    hooks: {
      drawSeries: [(u, drawn) => drawMarkers(u, drawn, chart.looks[order[drawn - 1]])],
      draw: [(u) => drawMarks(u, model, panel), (u) => drawName(u, model.panels[panel])],
      setCursor: [(u) => chart.pointed(u)],
      setSelect: [(u) => selected(chart, u)],
    },
  };
  const plot = new uPlot(options, dataOf(model, panel), mount);
  plot.over.addEventListener("dblclick", () => chart.reset());
  return plot;
}

/** The columns of a panel, in the order in which uPlot has them: sums are painted from the highest down. */
export function dataOf(model, panel) {
  const [xs, ...columns] = model.drawn(panel);
  return [xs, ...(model.stacked ? columns.reverse() : columns)];
}

export function orderOf(model, panel) {
  const own = model.inPanel(panel);
  return model.stacked ? own.reverse() : own;
}

/** The size of each panel in the box: of two, the first takes two fifths. */
export function sizesOf({ panels }, { clientWidth: width, clientHeight: height }) {
  const first = panels.length === 1 ? height : Math.round(height * 0.4);
  return panels.map((_, panel) => ({ width, height: panel ? Math.floor((height - first) / (panels.length - 1)) : first }));
}

/** Puts the cursor of a plot to x, or away when it is null or out of view. */
export function place(plot, x) {
  const left = x === null ? -1 : plot.valToPos(x, "x");
  const isOut = left < 0 || left > plot.over.clientWidth;
  plot.setCursor(isOut ? { left: -10, top: -10 } : { left, top: 0 }, false);
}

function selected(chart, u) {
  const { left, width } = u.select;
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (width >= LEAST_DRAG) chart.zoom(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
}

function cursorOf({ looks, model }, order) {
  return {
    y: false,
    bind: { dblclick: () => null },
    drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
    points: {
      size: 8,
      width: 2,
      ...(model.series.some(({ draw }) => draw === "bars") ? { show: false } : {}),
      stroke: () => token("--surface"),
      fill: (_, drawn) => token(looks[order[drawn - 1]].token),
    },
  };
}

/* Scales and axes ------------------------------------------------------------------------------------------ */

const scaleOf = ({ right }) => (right ? "right" : "left");

function scalesOf(model, order) {
  const sides = new Set(order.map((index) => scaleOf(model.series[index])));
  return Object.fromEntries([...sides].map((side) => [side, { range: rangeOf(unitOf(model, order, side), model) }]));
}

function unitOf(model, order, side) {
  return model.series[order.find((index) => scaleOf(model.series[index]) === side)].unit;
}

// Amounts start at zero, or a small change looks like a collapse; points and a share of 99.9 % would show nothing then.
function rangeOf(unit, model) {
  const fromZero = model.fromZero ?? (unit !== "%" && model.series.every(({ draw }) => draw !== "points"));
  return (_, low, high) => {
    if (low == null) return [0, 1];
    const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
    const ends = fromZero ? [Math.min(0, low), high + (high - Math.min(0, low)) * 0.08 || 1] : [low - room, high + room];
    return unit === "%" ? [Math.max(0, ends[0]), Math.min(100, ends[1])] : ends;
  };
}

const axisLook = {
  stroke: () => token("--muted"),
  font: font(12),
  grid: { stroke: () => faded(token("--muted"), 0.18), width: 1 },
  ticks: { stroke: () => faded(token("--muted"), 0.4), width: 1, size: 4 },
  border: { show: true, stroke: () => faded(token("--muted"), 0.4), width: 1 },
};

function xAxis(model, isLast) {
  const look = { ...axisLook, grid: { show: false }, space: 64 };
  if (!isLast) return { ...look, size: 1, values: (_, splits) => splits.map(() => ""), ticks: { show: false } };
  const values = {
    time: (_, splits, __, ___, step) => clockTicks(splits, step),
    seconds: (_, splits) => splits.map(sinceStart),
    index: (_, splits) => splits.map((x) => nameOfTick(model, x)),
  };
  const steps = { time: {}, seconds: { incrs: OF_A_CLOCK }, index: { incrs: WHOLE } };
  const height = model.kind === "time" ? X_AXIS_HEIGHT : X_AXIS_HEIGHT - 14;
  return { ...look, size: height, values: values[model.kind], ...steps[model.kind] };
}

function nameOfTick(model, x) {
  if (!model.labels) return String(x);
  const row = model.xs.indexOf(x);
  return row < 0 ? "" : model.nameOf(row);
}

function yAxes(model, order) {
  const sides = new Set(order.map((index) => scaleOf(model.series[index])));
  return [...sides].map((side) => {
    const unit = unitOf(model, order, side);
    return {
      ...axisLook,
      scale: side,
      side: side === "right" ? 1 : 3,
      size: AXIS_WIDTH,
      space: 34,
      grid: side === "right" ? { show: false } : axisLook.grid,
      values: (_, splits, __, ___, step) => ticks(unit, splits, step),
      ...(unit === "bytes" ? { incrs: OF_BYTES } : {}),
    };
  });
}

/* Series --------------------------------------------------------------------------------------------------- */

function seriesOptions({ model, looks }, index) {
  const series = model.series[index];
  const look = looks[index];
  const colour = () => token(look.token);
  const filled = (u) => fill(u.ctx, look, uPlot.pxRatio);
  const common = {
    label: series.label,
    scale: scaleOf(series),
    stroke: colour,
    width: look.width,
    show: series.shown,
    value: (_, value) => figure(series.unit, value),
  };
  // A bar of time begins at its moment; one that is counted stands over its number.
  const align = model.kind === "index" ? 0 : 1;
  if (series.draw === "bars") return { ...common, width: 0, fill: filled, paths: uPlot.paths.bars({ size: [0.86, 48], align }), points: { show: false } };
  if (series.draw === "points") return { ...common, paths: () => null, points: { show: true, size: 5, width: 0, fill: colour } };
  return {
    ...common,
    dash: model.stacked ? [] : look.dash,
    ...(model.stacked ? { fill: filled } : {}),
    points: { size: 5, space: 40, width: 0, fill: colour, stroke: colour, ...(look.marker || model.stacked ? { show: false } : {}), filter: lonely },
  };
}

// A value between two gaps has no line to be seen on.
function lonely(u, drawn, shown) {
  if (shown) return null;
  const values = u.data[drawn];
  const [first, last] = u.series[drawn].idxs ?? u.series[0].idxs;
  const alone = [];
  for (let i = first; i <= last; i += 1) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) alone.push(i);
  }
  return alone.length ? alone : null;
}

function bandsOf({ model, looks }, order) {
  if (!model.band || model.stacked) return [];
  const [low, high] = model.band.map((name) => order.findIndex((index) => [model.series[index].role, model.series[index].label].includes(name)));
  if (low < 0 || high < 0) return [];
  return [{ series: [high + 1, low + 1], fill: () => faded(token(looks[order[low]].token), AREA_ALPHA) }];
}
