// Charts with the same data-sync share their cursor and their zoom.

const groups = new Map();

export function join(name, chart) {
  if (!name) return;
  if (!groups.has(name)) groups.set(name, new Set());
  groups.get(name).add(chart);
}

export function leave(name, chart) {
  const charts = groups.get(name);
  charts?.delete(chart);
  if (charts?.size === 0) groups.delete(name);
}

/** The charts of a group; a chart without one is its own. */
export const peersOf = (name, chart) => groups.get(name) ?? [chart];
