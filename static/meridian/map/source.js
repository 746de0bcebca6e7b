// The map's data, from an address of this server: at most one request at a time and one a second.

const EVERY_MS = 1_000;
const PATIENCE_MS = 20_000;

/** The data could not be had; the message is for the person who looks at the map. */
class Unavailable extends Error {}

export class Source {
  #address;
  #told;
  #timer = null;
  #askedAt = -Infinity;
  #loading = false;
  #again = false;
  #ended = new AbortController();

  /** Calls `show(json)` or `fail(sentence)` after each time it was asked. */
  constructor(address, told) {
    this.#address = address;
    this.#told = told;
  }

  ask() {
    this.#again = this.#loading;
    if (this.#loading || this.#ended.signal.aborted) return;
    this.#timer ??= setTimeout(() => this.#load(), Math.max(0, this.#askedAt + EVERY_MS - performance.now()));
  }

  async #load() {
    this.#timer = null;
    this.#loading = true;
    this.#askedAt = performance.now();
    try {
      const json = await fetched(this.#address, this.#ended.signal);
      if (!this.#ended.signal.aborted) this.#told.show(json);
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      this.#told.fail(error.message);
    } finally {
      this.#loading = false;
    }
    if (this.#again) this.ask();
  }

  end() {
    this.#ended.abort();
    clearTimeout(this.#timer);
  }
}

async function fetched(address, ended) {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(PATIENCE_MS)]);
  let answer;
  try {
    answer = await fetch(address, { credentials: "same-origin", redirect: "manual", signal });
  } catch {
    throw new Unavailable("The server could not be reached.");
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    document.dispatchEvent(new CustomEvent("signed-out"));
    throw new Unavailable("You have been signed out.");
  }
  if (!answer.ok) throw new Unavailable(`The server could not answer (${answer.status}).`);
  try {
    return await answer.json();
  } catch {
    throw new Unavailable("The server's answer could not be read.");
  }
}
