// The chart for those who do not see it: a summary in sentences, and the rows as a table.

import { figure } from "./figures.js";
import { element } from "./parts.js";

const MOST_ROWS = 200;

function about({ label, unit, values }) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${label}: no values.`;
  const lowest = known.reduce((a, b) => Math.min(a, b));
  const highest = known.reduce((a, b) => Math.max(a, b));
  return `${label}: lowest ${figure(unit, lowest)}, highest ${figure(unit, highest)}, last ${figure(unit, known.at(-1))}.`;
}

/** What the chart shows, in a few sentences. */
export function summaryOf(model) {
  if (model.isEmpty) return model.empty;
  const failures = model.marks.filter(({ role }) => role === "error").length;
  const rows = model.xs.length;
  const span = rows ? `${rows} points from ${model.nameOf(0)} to ${model.nameOf(rows - 1)}.` : "";
  const failed = failures ? `${failures} marked as failed.` : "";
  const keys = "Arrow keys walk the points, plus and minus zoom, Escape shows everything.";
  return [span, ...model.series.map(about), failed, keys].filter(Boolean).join(" ");
}

/** Fills the table with the rows, evenly thinned out to what somebody can listen to. */
export function fillTable(table, model, title) {
  const every = Math.max(1, Math.ceil(model.xs.length / MOST_ROWS));
  const rows = model.xs.map((_, row) => row).filter((row) => row % every === 0);
  const caption = element("caption");
  caption.textContent = every === 1 ? title : `${title}: one in ${every} of ${model.xs.length} points`;
  const marked = model.marks.length > 0;
  const head = line("th", [model.kind === "time" ? "Time" : "At", ...model.series.map(({ label }) => label), ...(marked ? ["Notes"] : [])]);
  for (const cell of head.children) cell.scope = "col";
  const body = element("tbody");
  body.append(...rows.map((row) => lineOf(model, row, marked)));
  const top = element("thead");
  top.append(head);
  table.replaceChildren(caption, top, body);
}

function lineOf(model, row, marked) {
  const values = model.series.map(({ unit, values }) => figure(unit, values[row]));
  const notes = marked ? [model.marksAt(row).map(({ label }) => label).join(", ")] : [];
  return line("td", [model.nameOf(row), ...values, ...notes]);
}

function line(name, texts) {
  const row = element("tr");
  row.append(...texts.map((text) => Object.assign(element(name), { textContent: text })));
  return row;
}
