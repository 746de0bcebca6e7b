// Lines from where tests run to what they measure, the shortest way over the ground, and what each says.

import { element } from "./elements.js";
import { arc } from "./geometry.js";
import { L } from "./leaflet.js";

const GRADES = { "lat-good": "--healthy", "lat-fair": "--slow", "lat-slow": "--unhealthy", "lat-none": "--unknown" };
const WORDY_FROM = 700; // pixels of width from which labels have room for the comparison
const MOST_LABELLED = 24; // lines beyond which labels would only hide the map
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.8];
const MARK = 44;
const LETTER = 6.6;
const LABEL_HEIGHT = 22;

/** The connection that tells how far a place is: the fastest one, if possible of a real distance. */
export function nearestOf({ connections }) {
  const measured = connections.filter(({ ms }) => ms !== null);
  const order = (one, other) => Boolean(one.made_up) - Boolean(other.made_up) || one.ms - other.ms;
  return measured.sort(order)[0] ?? null;
}

export class Lines {
  #ground;
  #renderer = L.canvas({ pane: "lines", padding: 0.3 });
  #lines = []; // {site, nearest, parts, layer}
  #labels = L.layerGroup();
  #lit = new Set();

  constructor(ground) {
    this.#ground = ground;
    this.#labels.addTo(ground.map);
    ground.map.on("moveend", () => this.label());
  }

  /** Draws a line from this place to each site with a latency; without a place to start from, none. */
  show(from, sites) {
    for (const { layer } of this.#lines) layer.remove();
    this.#lines = [];
    for (const site of from ? sites : []) {
      const nearest = nearestOf(site);
      if (!nearest) continue;
      const parts = arc(from, site.at, this.#ground.middle);
      const layer = L.polyline(parts, { renderer: this.#renderer, interactive: false, smoothFactor: 0.5 }).addTo(this.#ground.map);
      this.#lines.push({ site, nearest, parts, layer });
    }
    this.repaint();
    this.label();
  }

  /** Makes the lines to these sites stand out. */
  light(sites) {
    this.#lit = new Set(sites.map(({ key }) => key));
    this.repaint();
  }

  repaint() {
    for (const { site, nearest, layer } of this.#lines) {
      const lit = this.#lit.has(site.key);
      layer.setStyle({
        color: this.#ground.colour(GRADES[nearest.grade]),
        weight: lit ? 3 : 1.6,
        opacity: lit ? 1 : 0.75,
        dashArray: nearest.made_up ? "3 6" : null,
      });
    }
  }

  /* Labels: in the middle of their line, or beside it where another one is in the way. */

  label() {
    this.#labels.clearLayers();
    if (this.#lines.length > MOST_LABELLED) return;
    const { map } = this.#ground;
    const taken = this.#lines.map(({ site }) => around(map.latLngToContainerPoint(site.at), MARK, MARK));
    const wordy = map.getSize().x >= WORDY_FROM;
    for (const line of this.#lines) this.#place(line, textOf(line, wordy), taken);
  }

  #place({ parts }, text, taken) {
    const { map } = this.#ground;
    const points = parts.flat();
    for (const share of PLACES) {
      const at = points[Math.round(share * (points.length - 1))];
      const box = around(map.latLngToContainerPoint(at), text.length * LETTER + 14, LABEL_HEIGHT);
      if (!inside(box, map.getSize()) || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      const icon = L.divIcon({ className: "map-label", html: element("span", "", text), iconSize: null });
      this.#labels.addLayer(L.marker(at, { icon, pane: "labels", interactive: false, keyboard: false }));
      return;
    }
  }
}

function textOf({ site, nearest }, wordy) {
  const { latency, comparison, made_up: madeUp } = nearest;
  const said = (wordy || madeUp) && comparison ? `${latency}, ${comparison}` : latency;
  return site.connections.length > 1 ? `from ${said}` : said;
}

const around = ({ x, y }, width, height) => ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });
const inside = (box, { x, y }) => box.left >= 0 && box.top >= 0 && box.right <= x && box.bottom <= y;
const overlap = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
