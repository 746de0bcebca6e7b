// What stands where: connections by place, and places that lie too close to tell apart at a zoom.

import { within } from "./geometry.js";

/** The states, gravest first. */
export const GRAVEST = ["unhealthy", "slow", "unknown", "healthy"];
const NEAR_PIXELS = 32;

const rank = ({ state, active }) => GRAVEST.indexOf(state) + (active ? 0 : GRAVEST.length);

/** Gravest first, what rests last, then by name. */
export const byGravity = (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name);

/** The gravest state of these; what rests counts only among its like. */
export const gravest = (connections) => [...connections].sort(byGravity)[0].state;

/** The places with connections: {key, place, at: [latitude, longitude], connections}. */
export function sitesOf(connections, places, middle) {
  const sites = new Map();
  for (const connection of connections) {
    const place = places[connection.place];
    if (!place) continue;
    const key = String(connection.place);
    if (!sites.has(key)) {
      sites.set(key, { key, place, at: [place.latitude, within(place.longitude, middle)], connections: [] });
    }
    sites.get(key).connections.push(connection);
  }
  return [...sites.values()].sort((one, other) => other.connections.length - one.connections.length || one.key.localeCompare(other.key));
}

/**
 * Sites as clusters {key, at, sites, connections}: each stands at the true place of its largest site, and takes the
 * others that `project(at)`, in pixels, puts next to it.
 */
export function clustersOf(sites, project) {
  const clusters = [];
  const cells = new Map();
  for (const site of sites) {
    const { x, y } = project(site.at);
    const [column, row] = [Math.floor(x / NEAR_PIXELS), Math.floor(y / NEAR_PIXELS)];
    const near = nearest(cells, column, row, x, y);
    if (near) {
      near.sites.push(site);
      near.connections.push(...site.connections);
      continue;
    }
    const cluster = { key: site.key, at: site.at, x, y, sites: [site], connections: [...site.connections] };
    clusters.push(cluster);
    const name = `${column} ${row}`;
    if (!cells.has(name)) cells.set(name, []);
    cells.get(name).push(cluster);
  }
  return clusters;
}

function nearest(cells, column, row, x, y) {
  let found = null;
  let distance = NEAR_PIXELS;
  for (let across = column - 1; across <= column + 1; across += 1) {
    for (let down = row - 1; down <= row + 1; down += 1) {
      for (const cluster of cells.get(`${across} ${down}`) ?? []) {
        const away = Math.hypot(cluster.x - x, cluster.y - y);
        if (away < distance) [found, distance] = [cluster, away];
      }
    }
  }
  return found;
}
