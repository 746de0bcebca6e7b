// How figures and moments are written: as probes/telling/figures.py writes them into pages.

export const NONE = "—";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const KIBI = 1024;

const COUNTS = [
  [1, ""],
  [1e3, " k"],
  [1e6, " M"],
  [1e9, " G"],
];
const SCALES = {
  ms: [
    [1, " ms"],
    [1e3, " s"],
  ],
  s: [
    [1, " s"],
    [MINUTE, " min"],
    [HOUR, " h"],
    [DAY, " days"],
  ],
  "%": [[1, " %"]],
  count: COUNTS,
  per_s: COUNTS.map(([size, name]) => [size, `${name}/s`]),
  bytes: ["B", "KiB", "MiB", "GiB", "TiB"].map((name, power) => [KIBI ** power, ` ${name}`]),
};

/** The units that a chart may name. */
export const UNITS = Object.keys(SCALES);

const WRITERS = { ms, s: span, "%": share, count, per_s: rate, bytes: volume };

const grouped = (value, digits = 0) =>
  value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const rounded = (value, digits) => Number(value.toFixed(digits));

function ms(value) {
  if (rounded(value, 3) < 1) return `${value.toFixed(3)} ms`;
  if (rounded(value, 2) < 10) return `${value.toFixed(2)} ms`;
  return rounded(value, 1) < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}

// Means of counts have a fraction; counts have none.
function count(value) {
  if (value >= 10_000) return scaled(value);
  return Number.isInteger(value) ? grouped(value) : grouped(value, 1);
}

function rate(value) {
  if (rounded(value, 1) < 10) return `${rounded(value, 1)}/s`;
  return `${Math.round(value) < 10_000 ? grouped(value) : scaled(value)}/s`;
}

function scaled(value) {
  const [size, name] = COUNTS.slice(1).find(([size]) => rounded(value / size, 1) < 1000) ?? COUNTS.at(-1);
  return `${(value / size).toFixed(1)}${name}`;
}

// Neither 0 nor 100 is said of what is not quite that.
function share(value) {
  const digits = [1, 2, 3].find((digits) => ![0, 100].includes(rounded(value, digits)) || value === 0 || value === 100);
  return `${rounded(value, digits ?? 3)} %`;
}

function volume(value) {
  const [size, name] = SCALES.bytes.findLast(([size]) => Math.abs(value) >= size) ?? SCALES.bytes[0];
  if (size === 1) return `${value.toFixed(0)}${name}`;
  return size === KIBI ** 4 ? `${grouped(value / size, 1)}${name}` : `${Number((value / size).toPrecision(3))}${name}`;
}

function span(seconds) {
  if (seconds < 2 * MINUTE) return seconds < 10 && seconds % 1 ? `${seconds.toFixed(1)} s` : `${seconds.toFixed(0)} s`;
  if (seconds < 2 * HOUR) return `${(seconds / MINUTE).toFixed(0)} min`;
  return seconds < 2 * DAY ? `${(seconds / HOUR).toFixed(0)} h` : `${grouped(seconds / DAY)} days`;
}

/** One value with its unit; a dash when there is none. */
export function figure(unit, value) {
  return value === null || value === undefined ? NONE : WRITERS[unit](value);
}

/** The labels of an axis: all in one unit, with as many decimals as the step between them needs. */
export function ticks(unit, values, step) {
  const highest = Math.max(...values.map(Math.abs));
  const [size, name] = SCALES[unit].findLast(([size]) => highest >= size) ?? SCALES[unit][0];
  const decimals = Math.min(3, Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9)));
  return values.map((value) => (value === 0 && unit !== "%" ? "0" : `${(value / size).toFixed(decimals)}${name}`));
}

/* Moments: of a clock, or counted from the start ----------------------------------------------------------- */

const two = (number) => String(number).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment in unix seconds, exact and in UTC, as everywhere on the pages. */
export function moment(seconds) {
  const [day, time] = new Date(seconds * 1000).toISOString().split("T");
  return `${day} ${time.slice(0, 8)} UTC`;
}

/** From one moment to another, in UTC, to the minute. */
export function stretch(from, to) {
  const [first, last] = [moment(from), moment(to)].map((text) => text.slice(0, 16));
  return `${first} – ${first.slice(0, 10) === last.slice(0, 10) ? last.slice(11) : last} UTC`;
}

/** Seconds since the start: `12 s`, `1:20`. */
export function sinceStart(seconds) {
  const whole = Math.floor(seconds);
  return whole < MINUTE ? `${Number(seconds.toFixed(1))} s` : `${Math.floor(whole / MINUTE)}:${two(whole % MINUTE)}`;
}

/** The labels of a time axis: the time, and below it the day where it changes. */
export function clockTicks(values, step) {
  let before = "";
  return values.map((seconds) => {
    const at = new Date(seconds * 1000);
    const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
    if (step >= 28 * DAY) return `${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
    if (step >= DAY) return day;
    const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${step < MINUTE ? `:${two(at.getUTCSeconds())}` : ""}`;
    const label = day === before ? time : `${time}\n${day}`;
    before = day;
    return label;
  });
}
