// What is shown of the connections, by provider and state; the address of the page says which.

import { element } from "./elements.js";

export class Filters {
  #selects;
  #changed;
  #ended = new AbortController();

  /** `changed()` is called when somebody chooses; the address has it already. */
  constructor(box, changed) {
    this.#selects = [...box.querySelectorAll("[data-map-filter]")];
    this.#changed = changed;
    for (const select of this.#selects) select.addEventListener("change", () => this.#write(), { signal: this.#ended.signal });
  }

  end() {
    this.#ended.abort();
  }

  /** The chosen values by field: {provider, state}, "" for any. */
  get chosen() {
    const asked = new URLSearchParams(location.search);
    return Object.fromEntries(this.#selects.map(({ name, dataset }) => [dataset.mapFilter, asked.get(name) ?? ""]));
  }

  admits(connection) {
    return Object.entries(this.chosen).every(([field, value]) => !value || connection[field] === value);
  }

  get isOn() {
    return Object.values(this.chosen).some(Boolean);
  }

  /** Offers what there is to choose from: names by value for each field. */
  offer(names) {
    const { chosen } = this;
    for (const select of this.#selects) {
      const field = select.dataset.mapFilter;
      const offered = Object.entries(names[field]);
      if (chosen[field] && !(chosen[field] in names[field])) offered.push([chosen[field], chosen[field]]);
      if (offered.map(([value]) => value).join() !== [...select.options].slice(1).map(({ value }) => value).join()) {
        select.replaceChildren(select.options[0], ...offered.map(([value, name]) => option(value, name)));
      }
      select.value = chosen[field];
    }
  }

  clear() {
    for (const select of this.#selects) select.value = "";
    this.#write();
  }


  #write() {
    const address = new URL(location.href);
    for (const { name, value } of this.#selects) {
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    history.pushState(null, "", address);
    this.#changed();
  }
}

function option(value, name) {
  const made = element("option", "", name);
  made.value = value;
  return made;
}
