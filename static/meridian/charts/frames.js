// When to draw: once a frame however often it is asked for, and never while nobody looks.

export class Frames {
  #draw;
  #asked = new Set();
  #frame = 0;
  #ended = new AbortController();

  /** `draw(asked)` gets the set of what was asked for since the last time; it returns false to be asked again. */
  constructor(draw) {
    this.#draw = draw;
    document.addEventListener("visibilitychange", () => this.ask(), { signal: this.#ended.signal });
  }

  ask(what) {
    if (what) this.#asked.add(what);
    if (this.#asked.size === 0 || this.#frame || document.hidden) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const asked = [...this.#asked];
      this.#asked.clear();
      if (this.#draw(new Set(asked)) === false) for (const each of asked) this.#asked.add(each);
    });
  }

  end() {
    this.#ended.abort();
    cancelAnimationFrame(this.#frame);
  }
}
