// Natural Earth's land and borders for a window of 360 degrees. Its rings run across the antimeridian, and one around
// the pole; on a flat map each has to go on past 180 degrees instead of jumping back.

import "../../topojson/topojson-client.min.js";

const { topojson } = globalThis;
const POLE = -85.05; // as far south as the projection goes

/** The outline at this address as {land: polygons of rings, borders: lines}, in [longitude, latitude]; null if it cannot be had. */
export async function fetchOutline(address) {
  const answer = await fetch(address);
  if (!answer.ok) return null;
  const topology = await answer.json();
  const { land, countries } = topology.objects;
  const polygons = topojson.feature(topology, land).features.flatMap(({ geometry: { type, coordinates } }) =>
    type === "Polygon" ? [coordinates] : coordinates,
  );
  const borders = topojson.mesh(topology, countries, (one, other) => one !== other);
  return {
    land: polygons.map((rings) => rings.map((ring) => closed(unrolled(ring)))),
    borders: borders.coordinates.map(unrolled),
  };
}

function unrolled(line) {
  let turns = 0;
  return line.map(([longitude, latitude], i) => {
    const step = i === 0 ? 0 : longitude - line[i - 1][0];
    if (Math.abs(step) > 180) turns -= 360 * Math.sign(step);
    return [longitude + turns, latitude];
  });
}

function closed(ring) {
  const [first, last] = [ring[0], ring.at(-1)];
  return Math.abs(last[0] - first[0]) < 180 ? ring : [...ring, [last[0], POLE], [first[0], POLE]];
}

/** Those of the lists of [longitude, latitude] that show in the window, as [latitude, longitude], wherever they show. */
export function inWindow(lists, middle) {
  const found = [];
  for (const list of lists) {
    const longitudes = list.map(([longitude]) => longitude);
    const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
    for (const shift of [-360, 0, 360]) {
      if (east + shift < middle - 180 || west + shift > middle + 180) continue;
      found.push(list.map(([longitude, latitude]) => [latitude, longitude + shift]));
    }
  }
  return found;
}
