// The keys of a chart: arrows walk its points, plus and minus zoom, Escape goes back.

const FAR = 10;
const CLOSER = 0.6;

const KEYS = {
  ArrowRight: (chart, { shiftKey }) => walk(chart, shiftKey ? FAR : 1),
  ArrowLeft: (chart, { shiftKey }) => walk(chart, shiftKey ? -FAR : -1),
  PageDown: (chart) => walk(chart, FAR),
  PageUp: (chart) => walk(chart, -FAR),
  Home: (chart) => chart.goTo(chart.model.walk(-1, 1)),
  End: (chart) => chart.goTo(chart.model.walk(chart.model.xs.length, -1)),
  "+": (chart) => zoom(chart, CLOSER),
  "=": (chart) => zoom(chart, CLOSER),
  "-": (chart) => zoom(chart, 1 / CLOSER),
  Escape: (chart) => leave(chart),
};

/** Does what the key of this event means, if it means something here. */
export function answer(chart, event) {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || !chart.model || chart.model.isEmpty) return;
  if (act(chart, event) === false) return;
  event.preventDefault();
  event.stopPropagation();
}

function walk(chart, steps) {
  const { model, row } = chart;
  if (row !== null && row >= 0) {
    chart.goTo(model.walk(row, steps));
    return;
  }
  const [low, high] = chart.view();
  const start = steps > 0 ? model.nearest(low) - 1 : model.nearest(high) + 1;
  chart.goTo(model.walk(start, Math.sign(steps)));
}

function zoom(chart, factor) {
  const [low, high] = chart.view();
  const { row, model } = chart;
  const middle = row !== null && row >= 0 ? model.xs[row] : (low + high) / 2;
  chart.zoom(middle - (middle - low) * factor, middle + (high - middle) * factor);
}

function leave(chart) {
  if (chart.isZoomed) chart.reset();
  else if (chart.row !== null) chart.leave();
  else return false;
  return true;
}
