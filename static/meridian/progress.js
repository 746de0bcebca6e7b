// How far a test is: live frames become the figures and the bar of what is marked data-progress="connection-vantage".

const NONE = "—";

const rounded = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

function milliseconds(value) {
  if (value === null) return NONE;
  if (value >= 1000) return `${rounded(value / 1000, 2)} s`;
  return `${rounded(value, value < 1 ? 3 : value < 10 ? 2 : 1)} ms`;
}

function scaled(value) {
  if (value < 10_000) return rounded(value, 0);
  return value < 1e6 ? `${rounded(value / 1e3, 1)} k` : `${rounded(value / 1e6, 1)} M`;
}

const FIGURES = {
  latency: ({ done, total }) => ({ done: scaled(done), total: scaled(total) }),
  health: ({ done, total, title }) => ({ done: scaled(done), total: scaled(total), title }),
  load: ({ elapsed, rate, p50, p95, p99, connected, done, failed }) => ({
    elapsed: rounded(elapsed, 0),
    rate: `${scaled(rate)}/s`,
    p50: milliseconds(p50),
    p95: milliseconds(p95),
    p99: milliseconds(p99),
    connected: scaled(connected),
    answered: scaled(done),
    failed: scaled(failed),
  }),
};

function fill(place, report) {
  for (const [name, text] of Object.entries(FIGURES[report.kind](report))) {
    const figure = place.querySelector(`[data-figure="${name}"]`);
    if (figure && figure.textContent !== text) figure.textContent = text;
  }
  const bar = place.querySelector("[data-bar]");
  if (bar) [bar.max, bar.value] = report.kind === "load" ? [report.seconds, report.elapsed] : [report.total, report.done];
}

document.addEventListener("meridian:progress", ({ detail: { connection, vantage, report } }) => {
  const place = document.querySelector(`[data-progress="${CSS.escape(`${connection}-${vantage}`)}"]`);
  if (!place || !(report.kind in FIGURES)) return;
  fill(place, report);
  const words = [...place.querySelectorAll("[data-when-moving]"), ...document.querySelectorAll("#run-head [data-when-moving]")];
  for (const word of words) word.textContent = word.dataset.whenMoving;
});
