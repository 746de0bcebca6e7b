// What stands on the map, as pictures: a connection, a cluster of them, a vantage, your own place.
// A state is a shape as well as a colour; a provider is a colour that the legend names.

import { GRAVEST, gravest } from "./sites.js";

const SVG = "http://www.w3.org/2000/svg";
const ROUND = 100; // the length of a whole ring, whatever its radius

const SHAPES = {
  healthy: (r) => svg("circle", { r }),
  slow: (r) => svg("path", { d: `M0 ${-1.25 * r}L${1.2 * r} ${0.85 * r}L${-1.2 * r} ${0.85 * r}Z` }),
  unhealthy: (r) => svg("rect", { x: -0.92 * r, y: -0.92 * r, width: 1.84 * r, height: 1.84 * r, rx: 0.2 * r }),
  unknown: (r) => svg("circle", { r, "stroke-dasharray": `${0.42 * r} ${0.366 * r}` }),
};

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function picture(radius, ...children) {
  const size = 2 * radius;
  return svg("svg", { width: size, height: size, viewBox: `${-radius} ${-radius} ${size} ${size}`, "aria-hidden": "true", focusable: "false" }, ...children);
}

/** The shape of a state, in its colour. */
function ring(state, radius) {
  const shape = SHAPES[state](radius);
  shape.setAttribute("class", `mark-ring mark-${state}`);
  return shape;
}

export function stateSwatch(state) {
  return picture(8, ring(state, 5));
}

export function providerSwatch(provider) {
  return picture(6, disc(provider, 5));
}

export function vantageSwatch() {
  return picture(8, svg("path", { class: "mark-diamond mark-home", d: "M0 -6.5L6 0L0 6.5L-6 0Z" }));
}

export function simulatedSwatch() {
  return svg("svg", { width: 22, height: 8, "aria-hidden": "true", focusable: "false" }, svg("path", { class: "mark-simulated", d: "M1 4H21" }));
}

function disc(provider, r, cy = 0) {
  return svg("circle", { class: "mark-disc", "data-provider": provider, r, cy });
}

/** The mark of a cluster: for one connection its state around its provider, for more how many, and of which. */
export function markOf({ connections }) {
  const resting = connections.every(({ active }) => !active);
  const drawn = connections.length === 1 ? single(connections[0]) : several(connections);
  if (resting) drawn.classList.add("mark-resting");
  return drawn;
}

function single({ state, provider }) {
  return picture(14, ring(state, 9.5), disc(provider, 5, state === "slow" ? 1.2 : 0));
}

function several(connections) {
  const count = String(connections.length);
  const radius = 15 + Math.min(7, 1.4 * Math.log2(connections.length));
  const worst = gravest(connections);
  const number = svg("text", { class: "mark-count", "text-anchor": "middle", y: 4.2 });
  number.textContent = count;
  const parts = [
    svg("circle", { class: "mark-ground", r: radius - 1 }),
    ...segments(shares(connections, "state", GRAVEST), radius - 2.5, 4, (state) => ({ class: `mark-part mark-${state}` })),
    ...segments(shares(connections, "provider"), radius - 6.2, 2.4, (provider) => ({ class: "mark-part mark-provider", "data-provider": provider })),
    number,
  ];
  if (worst !== "healthy") parts.push(badge(worst, radius));
  return picture(radius + 4, ...parts);
}

function badge(state, radius) {
  const shape = SHAPES[state](state === "unknown" ? 4 : 5);
  shape.setAttribute("class", `mark-badge mark-${state}`);
  shape.setAttribute("transform", `translate(${0.74 * radius} ${-0.74 * radius})`);
  return shape;
}

function shares(connections, field, order = []) {
  const counts = new Map(order.map((value) => [value, 0]));
  for (const connection of connections) counts.set(connection[field], (counts.get(connection[field]) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 0);
}

function segments(counted, r, width, attributesOf) {
  const whole = counted.reduce((sum, [, count]) => sum + count, 0);
  let start = 0;
  return counted.map(([value, count]) => {
    const length = (ROUND * count) / whole;
    const attributes = { r, pathLength: ROUND, "stroke-width": width, "stroke-dasharray": `${length} ${ROUND}`, "stroke-dashoffset": -start, transform: "rotate(-90)" };
    start += length;
    return svg("circle", { ...attributesOf(value), ...attributes });
  });
}

/** A flag whose foot is the place, so that it hides no connection there. */
export function vantageMark({ home, active }) {
  const drawn = picture(
    26,
    svg("path", { class: "mark-stem", d: "M0 0V-14" }),
    svg("path", { class: `mark-diamond${home ? " mark-home" : ""}`, d: "M0 -25L8 -16.5L0 -8L-8 -16.5Z" }),
  );
  if (!active) drawn.classList.add("mark-resting");
  return drawn;
}

export function hereMark() {
  return picture(12, svg("circle", { class: "mark-here", r: 8 }), svg("circle", { class: "mark-here-dot", r: 3 }));
}
