// Longitudes on a flat map: one window of 360 degrees, cut so that as little as possible lies across its edge.

const STEP = (4 * Math.PI) / 180; // points that lie closer look ragged, as each is drawn at a whole pixel

const rad = (degrees) => (degrees * Math.PI) / 180;
const deg = (radians) => (radians * 180) / Math.PI;

/** The longitude opposite the widest gap between these: the middle of a map that shows all of them together. */
export function middleOf(longitudes) {
  const sorted = [...new Set(longitudes)].sort((a, b) => a - b);
  if (sorted.length === 0) return 0;
  let widest = { gap: 360 - (sorted.at(-1) - sorted[0]), end: sorted[0] };
  for (let i = 1; i < sorted.length; i += 1) {
    const gap = sorted[i] - sorted[i - 1];
    if (gap > widest.gap) widest = { gap, end: sorted[i] };
  }
  const middle = widest.end + (360 - widest.gap) / 2;
  return middle > 180 ? middle - 360 : middle;
}

/** The same meridian within 180 degrees of the middle. */
export function within(longitude, middle) {
  return middle + ((((longitude - middle + 180) % 360) + 360) % 360) - 180;
}

/**
 * The shortest way between two [latitude, longitude] over the ground, as one or two lists of points: it leaves the
 * window on one side and comes back on the other.
 */
export function arc(from, to, middle) {
  const [a, b] = [vector(from), vector(to)];
  const angle = Math.acos(Math.min(1, Math.max(-1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])));
  if (angle < 1e-6 || Math.PI - angle < 1e-6) return [[from, to]];
  const steps = Math.max(2, Math.ceil(angle / STEP));
  const parts = [[]];
  for (let step = 0; step <= steps; step += 1) {
    const point = between(a, b, angle, step / steps, middle);
    const before = parts.at(-1).at(-1);
    if (before && Math.abs(point[1] - before[1]) > 180) parts.push([]);
    parts.at(-1).push(point);
  }
  return parts;
}

function vector([latitude, longitude]) {
  const [north, east] = [rad(latitude), rad(longitude)];
  return [Math.cos(north) * Math.cos(east), Math.cos(north) * Math.sin(east), Math.sin(north)];
}

function between(a, b, angle, share, middle) {
  const [left, right] = [Math.sin((1 - share) * angle), Math.sin(share * angle)].map((part) => part / Math.sin(angle));
  const [x, y, z] = a.map((value, axis) => left * value + right * b[axis]);
  return [deg(Math.atan2(z, Math.hypot(x, y))), within(deg(Math.atan2(y, x)), middle)];
}
