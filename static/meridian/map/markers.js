// The marks on the map, kept while nothing about them changes, so that the focus and what is open survive results.

import { element } from "./elements.js";
import { L } from "./leaflet.js";
import { Panel } from "./panel.js";

/**
 * A thing is {key, at, sign, label, picture(), details()}, and names a pane when it has one of its own. It is drawn
 * anew when its sign is another one than before.
 */
export class Markers {
  #map;
  #panel;
  #pointed;
  #marks = new Map(); // key → {marker, thing}

  /** Tells of marks in the holder; `pointed(thing)` hears what is pointed at or open, null for nothing. */
  constructor(map, holder, pointed) {
    this.#map = map;
    this.#pointed = pointed;
    this.#panel = new Panel(holder, (key, hadFocus) => this.#closed(key, hadFocus));
  }

  show(things) {
    const wanted = new Set(things.map(({ key }) => key));
    for (const [key, { marker }] of this.#marks) {
      if (wanted.has(key)) continue;
      marker.remove();
      this.#marks.delete(key);
      if (this.#panel.key === key) this.#panel.close();
    }
    for (const thing of things) this.#put(thing);
  }

  /** Closes what is open; returns whether anything was. */
  close() {
    return this.#panel.close();
  }

  #put(thing) {
    const known = this.#marks.get(thing.key);
    const mark = known ?? this.#make(thing);
    const same = known?.thing.sign === thing.sign;
    mark.thing = thing;
    if (same) return;
    const holder = mark.marker.getElement();
    holder.replaceChildren(thing.picture());
    holder.setAttribute("aria-label", thing.label);
    mark.marker.setLatLng(thing.at);
    if (this.#panel.key === thing.key) this.#panel.renew(thing.details());
  }

  #make(thing) {
    const icon = L.divIcon({ className: "mark", html: "", iconSize: null });
    const marker = L.marker(thing.at, { icon, pane: thing.pane ?? "markerPane", riseOnHover: true }).addTo(this.#map);
    const mark = { marker, thing };
    this.#marks.set(thing.key, mark);
    const holder = marker.getElement();
    marker.on("click", () => this.#open(mark));
    holder.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.#open(mark, true);
    });
    for (const name of ["mouseenter", "focus"]) holder.addEventListener(name, () => this.#pointed(mark.thing));
    for (const name of ["mouseleave", "blur"]) holder.addEventListener(name, () => this.#pointed(this.#opened));
    const tip = L.tooltip({ direction: "auto", offset: [18, 0], className: "map-tip", opacity: 1 });
    marker.bindTooltip(tip).on("tooltipopen", () => tip.setContent(element("div", "", mark.thing.label)));
    return mark;
  }

  get #opened() {
    return this.#marks.get(this.#panel.key)?.thing ?? null;
  }

  /** On the side where the mark is not. */
  #open({ marker, thing }, byKeyboard = false) {
    const isLeft = this.#map.latLngToContainerPoint(thing.at).x < this.#map.getSize().x / 2;
    marker.closeTooltip();
    this.#panel.open(thing.key, thing.label, thing.details(), isLeft ? "right" : "left", byKeyboard);
    this.#pointed(thing);
  }

  #closed(key, hadFocus) {
    this.#pointed(null);
    if (hadFocus) this.#marks.get(key)?.marker.getElement().focus();
  }
}
