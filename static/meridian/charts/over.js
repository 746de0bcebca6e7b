// What is drawn over a plot: failures as crosses along the top, notes as lines, markers on lines, a panel's name.

import uPlot from "../../uplot/uPlot.esm.js";
import { faded, font, marker, token } from "./palette.js";

const MARK_EVERY = 72; // CSS pixels between two markers of a line
const CROSS_EVERY = 7; // closer crosses are one
const LONGEST_NOTE = 28;
const ROW = 16; // CSS pixels above the plot for crosses, and as many for names of notes

const isFailure = ({ role }) => role === "error";

/** How many CSS pixels the marks need above a plot. */
export function roomAbove({ marks }) {
  return marks.some(isFailure) && !marks.every(isFailure) ? 2 * ROW : ROW + 2;
}

/** Crosses and notes of the rows that are in view; notes are named in the first panel only. */
export function drawMarks(u, model, panel) {
  const ratio = uPlot.pxRatio;
  const { left, width } = u.bbox;
  const shown = model.marks
    .map((mark) => ({ ...mark, at: u.valToPos(mark.x, "x", true) }))
    .filter(({ at }) => at >= left && at <= left + width)
    .sort((a, b) => a.at - b.at);
  const context = u.ctx;
  context.save();
  drawNotes(u, shown.filter((mark) => !isFailure(mark)), ratio, panel === 0);
  if (panel === 0) drawCrosses(u, shown.filter(isFailure), roomAbove(model), ratio);
  context.restore();
}

function drawCrosses(u, marks, room, ratio) {
  const context = u.ctx;
  const arm = 3.5 * ratio;
  const y = u.bbox.top - (room - ROW / 2) * ratio;
  context.strokeStyle = token("--unhealthy");
  context.lineWidth = 2 * ratio;
  context.setLineDash([]);
  context.beginPath();
  let before = -Infinity;
  for (const { at } of marks) {
    if (at - before < CROSS_EVERY * ratio) continue;
    before = at;
    context.moveTo(at - arm, y - arm);
    context.lineTo(at + arm, y + arm);
    context.moveTo(at + arm, y - arm);
    context.lineTo(at - arm, y + arm);
  }
  context.stroke();
}

function drawNotes(u, marks, ratio, named) {
  const context = u.ctx;
  const { left, top, width, height } = u.bbox;
  context.strokeStyle = faded(token("--muted"), 0.9);
  context.fillStyle = token("--text");
  context.lineWidth = ratio;
  context.setLineDash([3 * ratio, 3 * ratio]);
  context.font = font(11 * ratio);
  context.textBaseline = "bottom";
  let free = left;
  for (const { at, label } of marks) {
    context.beginPath();
    context.moveTo(at, top - 2 * ratio);
    context.lineTo(at, top + height);
    context.stroke();
    if (!named) continue;
    const text = label.length > LONGEST_NOTE ? `${label.slice(0, LONGEST_NOTE - 1)}…` : label;
    const wide = context.measureText(text).width;
    const start = Math.min(at, left + width - wide);
    if (start < free) continue;
    context.textAlign = "left";
    context.fillText(text, start, top - 3 * ratio);
    free = start + wide + 8 * ratio;
  }
}

/** Markers of the series that uPlot has just drawn, spread along its line. */
export function drawMarkers(u, drawn, look) {
  if (!look?.marker) return;
  const ratio = uPlot.pxRatio;
  const [first, last] = u.series[0].idxs ?? [0, -1];
  const { left, width } = u.bbox;
  const scale = u.series[drawn].scale;
  // Shifted from series to series, so that markers of lines that run together do not hide each other.
  let next = left + ((drawn % 4) + 0.5) * (MARK_EVERY / 4) * ratio;
  for (let i = first; i <= last; i += 1) {
    const value = u.data[drawn][i];
    if (value == null) continue;
    const x = u.valToPos(u.data[0][i], "x", true);
    if (x < next || x > left + width) continue;
    marker(u.ctx, look.marker, x, u.valToPos(value, scale, true), 3.5 * ratio, token(look.token), 1.5 * ratio);
    next = x + MARK_EVERY * ratio;
  }
}

/** The name of a panel, above its left end. */
export function drawName(u, name) {
  if (!name) return;
  const ratio = uPlot.pxRatio;
  const context = u.ctx;
  context.save();
  context.font = font(11 * ratio, 600);
  context.fillStyle = token("--muted");
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(name, 6 * ratio, u.bbox.top - 4 * ratio);
  context.restore();
}
