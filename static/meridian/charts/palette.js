// The colours of charts, read from the tokens of the scheme that is shown, and what tells series apart besides colour.

const ROLES = {
  p50: { token: "--chart-p50", width: 2 },
  p95: { token: "--chart-p95", width: 1.5, dash: [7, 4] },
  p99: { token: "--chart-p99", width: 1.5, dash: [3, 3] },
  rate: { token: "--chart-rate", width: 2 },
  ok: { token: "--healthy", width: 2 },
  error: { token: "--unhealthy", width: 2, dash: [7, 3, 2, 3], hatch: "/" },
  dns: { token: "--phase-dns", width: 1.5, hatch: "." },
  tcp: { token: "--phase-tcp", width: 1.5 },
  tls: { token: "--phase-tls", width: 1.5, hatch: "/" },
  auth: { token: "--phase-auth", width: 1.5, hatch: "\\" },
  query: { token: "--phase-query", width: 1.5, hatch: "-" },
};
const PLAIN = 8;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const MARKERS = ["circle", "square", "triangle", "diamond"];
const HATCHES = [null, "/", ".", "\\", "-"];

let styles = null;
let hatched = new Map();

/** The scheme changed: everything is read anew. */
export function forget() {
  styles = null;
  hatched = new Map();
}

/** The value of a token now. */
export function token(name) {
  styles ??= getComputedStyle(document.documentElement);
  return styles.getPropertyValue(name).trim();
}

export const font = (size, weight = 400) => `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;

/** How each series looks: token, width, dash, marker, hatch. Plain ones differ in colour, dash, and marker or hatch. */
export function looksOf({ series, stacked }) {
  let plain = 0;
  return series.map(({ role, draw }) => {
    if (Object.hasOwn(ROLES, role)) return { dash: [], marker: null, hatch: null, ...ROLES[role] };
    const number = plain++;
    return {
      token: `--chart-${(number % PLAIN) + 1}`,
      width: 2,
      dash: DASHES[number % DASHES.length],
      marker: series.length > 1 && draw === "line" && !stacked ? MARKERS[number % MARKERS.length] : null,
      hatch: HATCHES[number % HATCHES.length],
    };
  });
}

export function faded(colour, alpha) {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1];
  if (!digits) return colour;
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
  return `rgb(${pairs.map((pair) => parseInt(pair, 16)).join(" ")} / ${alpha})`;
}

const STROKES = {
  "/": [[0, 8, 8, 0], [-2, 2, 2, -2], [6, 10, 10, 6]],
  "\\": [[0, 0, 8, 8], [-2, 6, 2, 10], [6, -2, 10, 2]],
  "-": [[0, 4, 8, 4]],
  ".": [[1, 2, 3, 2], [5, 6, 7, 6]],
};

/** The fill of an area: its colour, with lines of the ground in it that survive a grey print. */
export function fill(context, look, ratio) {
  const colour = token(look.token);
  if (!look.hatch) return colour;
  const key = `${look.token}${look.hatch}${ratio}`;
  if (!hatched.has(key)) hatched.set(key, hatchedTile(look.hatch, colour, ratio));
  return context.createPattern(hatched.get(key), "repeat");
}

function hatchedTile(hatch, colour, ratio) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(8 * ratio);
  const context = tile.getContext("2d");
  context.scale(tile.width / 8, tile.height / 8);
  context.fillStyle = colour;
  context.fillRect(0, 0, 8, 8);
  context.strokeStyle = faded(token("--surface"), 0.55);
  context.lineWidth = hatch === "." ? 2 : 1.2;
  for (const [x0, y0, x1, y1] of STROKES[hatch]) {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }
  return tile;
}

const SHAPES = {
  circle: (context, r) => context.arc(0, 0, r, 0, 2 * Math.PI),
  square: (context, r) => context.rect(-r * 0.9, -r * 0.9, r * 1.8, r * 1.8),
  triangle: (context, r) => polygon(context, [[0, -r * 1.2], [r * 1.1, r * 0.8], [-r * 1.1, r * 0.8]]),
  diamond: (context, r) => polygon(context, [[0, -r * 1.3], [r * 1.3, 0], [0, r * 1.3], [-r * 1.3, 0]]),
};

function polygon(context, corners) {
  corners.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

/** A marker around (x, y), filled with the ground so that its shape shows on its line. */
export function marker(context, shape, x, y, radius, colour, lineWidth) {
  context.save();
  context.translate(x, y);
  context.beginPath();
  SHAPES[shape](context, radius);
  context.setLineDash([]);
  context.fillStyle = token("--surface");
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.fill();
  context.stroke();
  context.restore();
}

/** What stands for a series in a legend, in a box of 22 by 12 CSS pixels at (x, y). */
export function swatch(context, look, draw, stacked, x, y, ratio) {
  const colour = token(look.token);
  context.save();
  context.translate(x, y);
  if (stacked || draw === "bars") {
    context.fillStyle = fill(context, look, ratio);
    context.fillRect(0, 1, 22, 10);
  } else if (draw === "points") {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(11, 6, 3, 0, 2 * Math.PI);
    context.fill();
  } else {
    context.strokeStyle = colour;
    context.lineWidth = look.width + 0.5;
    context.setLineDash(look.dash);
    context.beginPath();
    context.moveTo(0, 6);
    context.lineTo(22, 6);
    context.stroke();
    if (look.marker) marker(context, look.marker, 11, 6, 3.5, colour, 1.5);
  }
  context.restore();
}
