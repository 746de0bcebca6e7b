// The map of a page: its data, what of it is shown, and who draws it.

import * as details from "./details.js";
import { Filters } from "./filters.js";
import { middleOf, within } from "./geometry.js";
import { Ground } from "./ground.js";
import { offerHere } from "./here.js";
import { explain } from "./legend.js";
import { L } from "./leaflet.js";
import { Lines } from "./lines.js";
import { Markers } from "./markers.js";
import { hereMark, markOf, vantageMark } from "./marks.js";
import { Notes } from "./notes.js";
import { clustersOf, GRAVEST, sitesOf } from "./sites.js";
import { Source } from "./source.js";
import { update } from "./table.js";

export class WorldMap {
  data = null;
  home = null; // the vantage that the lines begin at
  here = null; // where you are, once you let the browser say it
  shown = []; // the connections that the filters admit

  #ground;
  #filters;
  #source;
  #lines;
  #markers;
  #notes;
  #sites = [];
  #accuracy = 0;
  #tiled = false;
  #ended = new AbortController();

  constructor(box) {
    this.box = box;
    const { signal } = this.#ended;
    this.#ground = new Ground(box.querySelector(".map-ground"), { alone: box.dataset.map === "page" });
    this.map = this.#ground.map;
    this.#lines = new Lines(this.#ground);
    this.#markers = new Markers(this.map, box.querySelector(".map-body"), (thing) => this.#lines.light(thing?.sites ?? []));
    this.#notes = new Notes(box.querySelector(".map-notes"));
    this.#filters = new Filters(box, () => this.readAddress());
    this.#source = new Source(box.dataset.src, { show: (json) => this.#take(json), fail: (sentence) => this.#fail(sentence) });
    offerHere(box.querySelector("[data-map-here]"), { found: (found) => this.#standHere(found), failed: (said) => this.#sayOfPlace(said) }, signal);
    box.addEventListener("keydown", (event) => this.#leave(event), { signal });
    this.map.on("zoomend", () => this.#mark());
    this.#addFit();
    this.#ground.loadOutline(box.dataset.outline);
    this.#source.ask();
  }

  end() {
    this.#ended.abort();
    this.#source.end();
    this.#filters.end();
    this.#ground.end();
  }

  /** The page was fetched anew; `there` is how many connections it knows of. */
  refresh(there) {
    if (this.data && there !== this.data.connections.length) this.#source.askSoon();
    else this.#source.ask();
  }

  /** Nobody looked at it for a while. */
  catchUp() {
    this.#source.askSoon();
  }

  /** Results have changed these connections. */
  change(connections) {
    this.#source.change(connections);
  }

  /** The colours of the page have changed. */
  repaint() {
    this.#ground.repaint();
    this.#lines.repaint();
  }

  /** The address says what is shown. */
  readAddress() {
    if (!this.data) return;
    this.#show();
    if (!this.#ground.isMoved) this.#fit();
  }

  /* Data --------------------------------------------------------------------------------------------------- */

  #take(json) {
    const before = this.data && this.home?.place;
    this.data = json;
    this.home = json.vantages.find(({ home }) => home) ?? null;
    const moved = this.home?.place !== before;
    if (moved) this.#centre();
    if (json.tiles && !this.#tiled) this.#ground.showTiles(json.tiles);
    this.#tiled ||= Boolean(json.tiles);
    for (const vantage of json.vantages) vantage.at = this.#at(vantage.place);
    this.#notes.late("");
    this.#show();
    if (moved) this.#fit();
    this.box.dataset.state = "ready";
  }

  /** Around the home vantage no line crosses the edge; without one, the edge is where nobody is. */
  #centre() {
    const { places } = this.data;
    const longitudes = Object.values(places).map(({ longitude }) => longitude);
    this.#ground.centre(places[this.home?.place]?.longitude ?? middleOf(longitudes));
  }

  #at(key) {
    const place = this.data.places[key];
    return place ? [place.latitude, within(place.longitude, this.#ground.middle)] : null;
  }

  #fail(sentence) {
    this.#notes.late(this.data ? `Not up to date: ${sentence}` : sentence);
    this.#say();
  }

  /* Drawing ------------------------------------------------------------------------------------------------ */

  #show() {
    const { connections, places, providers, states } = this.data;
    this.shown = connections.filter((connection) => this.#filters.admits(connection));
    this.#sites = sitesOf(this.shown, places, this.#ground.middle);
    const words = Object.entries(states).map(([state, { word }]) => [state, word]);
    this.#filters.offer({ provider: providers, state: Object.fromEntries(words) });
    this.#count();
    explain(this.box.querySelector(".map-legend"), this.data);
    update(this.data, (connection) => this.#filters.admits(connection));
    this.#lines.show(this.home?.at, this.#sites);
    this.#mark();
    this.#say();
  }

  #count() {
    const whole = this.data.connections.length;
    const lost = this.shown.filter(({ place }) => place === null).length;
    const counted = this.#filters.isOn ? `${this.shown.length} of ${whole}` : String(whole);
    this.box.querySelector("[data-map-count]").textContent = lost ? `${counted} · ${lost} without a region` : counted;
  }

  #say() {
    this.#notes.show(this, () => this.#filters.clear());
  }

  #mark() {
    if (!this.data) return;
    const clusters = clustersOf(this.#sites, (at) => this.map.project(at));
    const vantages = this.data.vantages.filter(({ at }) => at).map((vantage) => this.#vantage(vantage));
    const here = this.here ? [this.#hereThing()] : [];
    this.#markers.show([...vantages, ...clusters.map((cluster) => this.#cluster(cluster)), ...here]);
  }

  #cluster(cluster) {
    const far = cluster.sites.some(({ at }) => Math.abs(at[0] - cluster.at[0]) + Math.abs(at[1] - cluster.at[1]) > 0.01);
    const closer = far && this.map.getZoom() < this.map.getMaxZoom() ? () => this.#closer(cluster) : null;
    return {
      ...cluster,
      key: `site-${cluster.key}`,
      sign: JSON.stringify([cluster.at, cluster.connections, Boolean(closer), this.here, this.home?.name]),
      label: labelOf(cluster, this.data.states),
      picture: () => markOf(cluster),
      details: () => details.ofCluster(cluster, this, closer),
    };
  }

  #closer({ sites }) {
    this.#markers.close();
    this.map.fitBounds(L.latLngBounds(sites.map(({ at }) => at)), { padding: [60, 60] });
    this.map.getContainer().focus({ preventScroll: true });
  }

  #vantage(vantage) {
    const place = this.data.places[vantage.place];
    return {
      key: `vantage-${vantage.code}`,
      at: vantage.at,
      pane: "vantages",
      sign: JSON.stringify([vantage, place, this.here]),
      label: `Vantage ${vantage.name}, ${place.city}`,
      picture: () => vantageMark(vantage),
      details: () => details.ofVantage(vantage, place, this),
    };
  }

  /* The view ----------------------------------------------------------------------------------------------- */

  #fit() {
    const standing = [this.home?.at, this.here].filter(Boolean);
    this.#ground.fit([...this.#sites.map(({ at }) => at), ...standing]);
    this.#mark();
    this.#lines.label();
  }

  #addFit() {
    const control = L.control({ position: "bottomright" });
    control.onAdd = () => {
      const holder = document.createElement("div");
      holder.className = "leaflet-bar map-fit";
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Show everything";
      button.setAttribute("aria-label", "Show everything");
      button.textContent = "⤢";
      button.addEventListener("click", () => this.#fit());
      L.DomEvent.disableClickPropagation(holder);
      holder.append(button);
      return holder;
    };
    control.addTo(this.map);
  }

  #leave(event) {
    if (event.key === "Escape" && this.#markers.close()) event.stopPropagation();
  }

  /* Your own place ----------------------------------------------------------------------------------------- */

  #standHere(found) {
    this.here = found ? [found.at[0], within(found.at[1], this.#ground.middle)] : null;
    this.#accuracy = found?.accuracy ?? 0;
    this.#sayOfPlace("");
    this.#mark();
    if (found && !this.map.getBounds().contains(this.here)) this.#fit();
  }

  #sayOfPlace(sentence) {
    this.#notes.place(sentence);
    this.#say();
  }

  #hereThing() {
    return {
      key: "here",
      at: this.here,
      sign: String(this.here),
      label: "Your place",
      picture: hereMark,
      details: () => details.ofHere(this.#accuracy),
    };
  }
}

/** A cluster in one sentence: one connection with its state and latency, or how many in each state. */
function labelOf({ sites, connections }, states) {
  const where = sites.length === 1 ? sites[0].place.city : `${sites[0].place.city} and ${sites.length - 1} more`;
  if (connections.length === 1) {
    const [{ name, state, latency, comparison }] = connections;
    return `${name}, ${where}: ${[states[state].word, latency, comparison].filter(Boolean).join(", ")}`;
  }
  const counted = GRAVEST.map((state) => [connections.filter((one) => one.state === state).length, states[state].word]);
  const words = counted.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `${connections.length} connections, ${where}: ${words.join(", ")}`;
}
