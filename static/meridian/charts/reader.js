// What is under the cursor, in words: for the eye above the plot, for screen readers as an announcement.

import { moment } from "./figures.js";

const SAY_AFTER_MS = 120; // somebody who holds an arrow key down hears where it ends

export class Reader {
  #reading;
  #announcer;
  #timer = null;

  constructor({ reading, announcer }) {
    this.#reading = reading;
    this.#announcer = announcer;
  }

  /** Shows what `row` of the model is about; `x` is what is pointed at, or null for the latest. */
  show(model, x, row) {
    const marks = row === null || row < 0 ? [] : model.marksAt(row);
    const named = marks.map(({ label, role }) => (role === "error" ? `✕ ${label}` : label));
    this.write([where(model, x, row), ...named].join(" · "));
  }

  write(sentence) {
    this.#reading.textContent = sentence;
  }

  say(sentence) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#announcer.textContent = sentence;
    }, SAY_AFTER_MS);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

function where(model, x, row) {
  if (row === null) return `${model.xs.length} values`;
  if (row < 0) return model.kind === "time" ? `${moment(x)} · no data` : "no data";
  return `${x === null ? "Latest: " : ""}${model.nameOf(row)}`;
}
