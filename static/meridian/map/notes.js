// What is said over the map: what is missing from it and what can be done about that.

import { button, element, link } from "./elements.js";

export class Notes {
  #box;
  #said = "";
  #late = "";
  #place = "";

  constructor(box) {
    this.#box = box;
  }

  /** Why what is shown is not the newest; "" when it is. */
  late(sentence) {
    this.#late = sentence;
  }

  /** Why your own place cannot be shown; "" when it can. */
  place(sentence) {
    this.#place = sentence;
  }

  /** Says what there is to say of the world that is shown; `showAll` takes the filters away. */
  show({ data, home, shown }, showAll) {
    const notes = [];
    if (this.#late) notes.push(element("p", "map-note map-note-late", this.#late));
    if (this.#place) notes.push(element("p", "map-note", this.#place));
    if (data) notes.push(...this.#aboutHome(home, data), ...this.#aboutConnections(data, shown, showAll));
    const text = notes.map((note) => note.textContent).join("\n");
    if (text === this.#said) return;
    this.#said = text;
    this.#box.replaceChildren(...notes);
  }

  #aboutHome(home, data) {
    if (home?.at || data.connections.length === 0) return [];
    if (!home) return [element("p", "map-note", "No worker has started here yet, so there are no lines.")];
    const note = element("p", "map-note", `Lines need to know where ${home.name} is. `);
    if (home.edit) note.append(link(home.edit, "Set it"));
    else note.append("An administrator can set it.");
    return [note];
  }

  #aboutConnections({ connections }, shown, showAll) {
    if (shown.length > 0 || connections.length === 0) return [];
    const note = element("p", "map-note", "No connection fits these filters. ");
    note.append(button("Show all", showAll));
    return [note];
  }
}
