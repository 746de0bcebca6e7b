// The ground that everything stands on: the window, the outline of the land, and tiles where they are configured.

import { L } from "./leaflet.js";
import { fetchOutline, inWindow } from "./outline.js";

const SOUTH = -70;
const NORTH = 84;
const CLOSEST = 7; // the outline has nothing more to show
const CLOSEST_WITH_TILES = 18;
const PANES = { outline: 150, lines: 350, labels: 380, vantages: 590 };

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Ground {
  map;
  middle = 0;

  #outline = null;
  #drawn = []; // {layer, fill or line: the token of its colour}
  #renderer = L.canvas({ pane: "outline", padding: 0.5 });
  #places = [];
  #moved = false;
  #fitting = false;
  #size;

  /** An empty map in the element. On a page among other things, fingers and wheels go on scrolling that page. */
  constructor(holder, { alone }) {
    this.map = L.map(holder, {
      attributionControl: false,
      dragging: alone || !L.Browser.mobile,
      scrollWheelZoom: alone,
      maxZoom: CLOSEST,
      zoomSnap: 0.25,
      maxBoundsViscosity: 1,
      zoomAnimation: !calm.matches,
      inertia: !calm.matches,
      zoomControl: false,
    }).setView([25, 0], 1);
    for (const [name, depth] of Object.entries(PANES)) this.map.createPane(name).style.zIndex = depth;
    this.map.getPane("labels").style.pointerEvents = "none";
    this.map.on("dragstart zoomstart", () => {
      this.#moved ||= !this.#fitting;
    });
    L.control.zoom({ position: "bottomright" }).addTo(this.map);
    this.#size = new ResizeObserver(() => this.#resized());
    this.#size.observe(holder);
  }

  end() {
    this.#size.disconnect();
    this.map.remove();
  }

  /** Whether somebody has chosen what part of the world to look at. */
  get isMoved() {
    return this.#moved;
  }

  /** Puts this meridian into the middle, draws the land around it, and keeps the window. */
  centre(middle) {
    this.middle = middle;
    this.map.setMaxBounds([[SOUTH, middle - 180], [NORTH, middle + 180]]);
    this.#draw();
  }

  /** Shows these places, or the inhabited world. */
  fit(places) {
    this.#places = places;
    this.#moved = false;
    this.#fitting = true;
    const bounds = places.length ? places : [[-40, this.middle - 150], [68, this.middle + 150]];
    this.map.invalidateSize({ pan: false });
    this.map.fitBounds(bounds, { paddingTopLeft: [40, 44], paddingBottomRight: [56, 28], maxZoom: 5, animate: false });
    this.#fitting = false;
  }

  #resized() {
    if (this.#moved) this.map.invalidateSize({ pan: false });
    else this.fit(this.#places);
  }

  /* The land ------------------------------------------------------------------------------------------------- */

  /** Fetches the outline; the map is of use without it, too. */
  async loadOutline(address) {
    this.#outline = await fetchOutline(address);
    this.#draw();
  }

  /** Land and borders in the window, and water on both sides of it. */
  #draw() {
    if (!this.#outline) return;
    for (const { layer } of this.#drawn) layer.remove();
    const options = { renderer: this.#renderer, interactive: false };
    const { middle } = this;
    const land = this.#outline.land.flatMap((rings) => inWindow(rings, middle).map((ring) => [ring]));
    const side = (from, to) => L.rectangle([[-85.1, from], [85.1, to]], options);
    this.#drawn = [
      { layer: L.polygon(land, options), fill: "--map-land" },
      { layer: L.polyline(inWindow(this.#outline.borders, middle), options), line: "--map-border" },
      { layer: side(middle - 720, middle - 180), fill: "--map-water" },
      { layer: side(middle + 180, middle + 720), fill: "--map-water" },
    ];
    this.repaint();
    for (const { layer } of this.#drawn) layer.addTo(this.map);
  }

  /** Draws in the colours of the scheme that is shown. */
  repaint() {
    for (const { layer, fill, line } of this.#drawn) {
      layer.setStyle(line ? { color: this.colour(line), weight: 0.8 } : { stroke: false, fillOpacity: 1, fillColor: this.colour(fill) });
    }
  }

  /** The value of a token now. */
  colour(token) {
    return getComputedStyle(this.map.getContainer()).getPropertyValue(token).trim();
  }

  /* Tiles ---------------------------------------------------------------------------------------------------- */

  /** Puts tiles over the outline, and says whose they are. */
  showTiles({ url, attribution }) {
    this.map.setMaxZoom(CLOSEST_WITH_TILES);
    L.tileLayer(url, { maxZoom: CLOSEST_WITH_TILES }).addTo(this.map);
    const said = L.control({ position: "bottomleft" });
    said.onAdd = () => {
      const note = document.createElement("p");
      note.className = "map-attribution";
      note.textContent = attribution;
      return note;
    };
    said.addTo(this.map);
  }
}
