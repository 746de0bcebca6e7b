// What a mark tells, on a sheet at the edge of the map: a pop-up at the mark would be cut off by a map this low.

import { element } from "./elements.js";

export class Panel {
  #box = element("section", "map-panel");
  #body = element("div", "map-panel-body");
  #closed;
  #key = null;

  /** Puts itself into the holder, hidden. `closed(key, hadFocus)` hears that what was told is gone. */
  constructor(holder, closed) {
    const close = element("button", "map-panel-close btn-plain", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => this.close());
    this.#closed = closed;
    this.#box.hidden = true;
    this.#box.setAttribute("role", "dialog");
    this.#box.append(close, this.#body);
    holder.append(this.#box);
  }

  /** The key of what is told, null while nothing is. */
  get key() {
    return this.#key;
  }

  /** Tells it on that side; by keyboard the focus goes there. */
  open(key, label, content, side, byKeyboard) {
    this.#key = key;
    this.#box.setAttribute("aria-label", label);
    this.#box.dataset.side = side;
    this.#box.hidden = false;
    this.renew(content);
    this.#body.scrollTop = 0;
    if (byKeyboard) this.#box.querySelector("a, button:not(.map-panel-close)")?.focus();
  }

  /** The same, as it is now. */
  renew(content) {
    const hadFocus = this.#body.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.#body.replaceChildren(content);
    if (hadFocus === null) return;
    const focusable = [...this.#body.querySelectorAll("a, button")];
    (focusable.find(({ textContent }) => textContent === hadFocus) ?? this.#box.firstElementChild).focus();
  }

  /** Returns whether anything was open. */
  close() {
    if (this.#key === null) return false;
    const [key, hadFocus] = [this.#key, this.#box.contains(document.activeElement)];
    this.#key = null;
    this.#box.hidden = true;
    this.#body.replaceChildren();
    this.#closed(key, hadFocus);
    return true;
  }
}
