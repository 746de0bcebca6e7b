// Reports of load and latency tests as charts: what a page holds of them, and the frames that arrive.

/** Any JSON of a figure as a chart's JSON: the report or the detail of a test says so by its `kind`. */
export function chartOf(json) {
  if (json?.kind === "load") return loadChart(json);
  if (json?.kind === "latency") return latencyChart(json);
  return json;
}

/** Rate above, percentiles below, errors of a second as marks, the levels of a ramp as notes. */
export function loadChart({ title = "", series = [], seconds = null, steps = [] }) {
  const rows = rowsOf(series);
  return {
    title,
    x_kind: "seconds",
    from: 0,
    to: seconds,
    gap_seconds: 2.5,
    panels: [{ label: "Rate" }, { label: "Latency" }],
    band: ["p50", "p99"],
    x: rows.x,
    series: [
      { label: "Rate", role: "rate", unit: "per_s", panel: 0, values: rows.values[0] },
      { label: "p50", role: "p50", unit: "ms", panel: 1, values: rows.values[1] },
      { label: "p95", role: "p95", unit: "ms", panel: 1, values: rows.values[2] },
      { label: "p99", role: "p99", unit: "ms", panel: 1, values: rows.values[3] },
    ],
    marks: [...rows.marks, ...steps.map(({ start, level }) => ({ x: start, label: `level ${level}`, role: "note" }))],
    empty: "The first figures come within a second of the start.",
  };
}

function rowsOf(series) {
  const failed = series.filter(({ errors }) => Object.keys(errors ?? {}).length > 0);
  return {
    x: series.map(({ start }) => start),
    values: ["rate", "p50", "p95", "p99"].map((key) => series.map((row) => row[key] ?? null)),
    marks: failed.map(({ start, errors }) => ({ x: start, role: "error", label: errorsInWords(errors) })),
  };
}

function errorsInWords(errors) {
  return Object.entries(errors)
    .map(([code, count]) => `${count} × ${code}`)
    .join(", ");
}

/** Every sample as a point, every failure as a cross above it. */
export function latencyChart({ title = "", samples = [], total = samples.length }) {
  const x = samples.map((_, index) => index + 1);
  return {
    title,
    unit: "ms",
    x_kind: "index",
    x_name: "Sample",
    from: 1,
    to: Math.max(total, 1),
    draw: "points",
    x,
    series: [{ label: "Round trip", role: "p50", values: samples }],
    marks: x.filter((_, index) => samples[index] === null).map((at) => ({ x: at, label: "failed", role: "error" })),
    empty: "The first samples come within a second of the start.",
  };
}

/** Gives a live frame of a run to the chart of a figure that waits for this connection and vantage. */
export function take(chart, { report }) {
  if (report.kind === "latency") {
    chart.replace(latencyChart(report));
  } else if (report.kind === "load" && (chart.model === null || chart.model.isEmpty)) {
    chart.replace(loadChart(report));
  } else if (report.kind === "load") {
    chart.append({ ...rowsOf(report.series ?? []), to: report.seconds });
  }
}
