// A chart as a PNG: its title, what it shows, its plots and its legend, in the colours and the density of the screen.

import { font, swatch, token } from "./palette.js";

const EDGE = 16;
const TITLE = 26;
const LINE = 22;
const SWATCH = 22;
const LONGEST = 120; // characters; what does not fit is cut further

/** Offers the picture of the chart as a file. */
export async function download(chart) {
  const blob = await new Promise((done) => pictureOf(chart).toBlob(done, "image/png"));
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = `${nameOf(chart.title)}.png`;
  link.click();
  // The download has begun when the click returns, but reads on.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function nameOf(title) {
  const words = title.toLowerCase().match(/[\p{Letter}\p{Number}]+/gu) ?? ["chart"];
  return `${words.join("-").slice(0, 60)}-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}`;
}

function pictureOf(chart) {
  const plots = chart.plots;
  const ratio = plots[0].ctx.canvas.width / plots[0].width;
  const width = plots[0].width + 2 * EDGE;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const rows = legendRows(context, chart, width - 2 * EDGE);
  const drawn = plots.reduce((sum, { height }) => sum + height, 0);
  const height = EDGE + TITLE + LINE + drawn + rows.length * LINE + EDGE;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = token("--surface");
  context.fillRect(0, 0, width, height);
  context.textBaseline = "middle";
  write(context, chart.title, font(15, 600), "--text", EDGE, EDGE + TITLE / 2, width - 2 * EDGE);
  write(context, chart.model.partInWords(chart.view()), font(12), "--muted", EDGE, EDGE + TITLE + LINE / 2, width - 2 * EDGE);
  let y = EDGE + TITLE + LINE;
  for (const { ctx, height: own, width: wide } of plots) {
    context.drawImage(ctx.canvas, EDGE, y, wide, own);
    y += own;
  }
  rows.forEach((row, index) => drawRow(context, chart, row, y + index * LINE + LINE / 2, width - 2 * EDGE));
  return canvas;
}

function write(context, text, type, colour, x, y, room) {
  context.font = type;
  context.fillStyle = token(colour);
  let shown = text.slice(0, LONGEST);
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, x, y);
}

// Only what is shown belongs into the legend of a picture.
function legendRows(context, { model }, room) {
  context.font = font(12);
  const rows = [[]];
  let x = 0;
  model.series.forEach((series, index) => {
    if (!series.shown) return;
    const wide = SWATCH + 8 + context.measureText(series.label.slice(0, LONGEST)).width + 20;
    if (x > 0 && x + wide > room) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1).push({ index, x });
    x += wide;
  });
  return rows;
}

function drawRow(context, { model, looks }, row, y, room) {
  for (const { index, x } of row) {
    swatch(context, looks[index], model.series[index].draw, model.stacked, EDGE + x, y - 6, 1);
    write(context, model.series[index].label, font(12), "--text", EDGE + x + SWATCH + 8, y, room - x - SWATCH - 8);
  }
}
