// The map's data, from an address of this server, and what live results change of it. One request at a time, and seldom:
// each is about every connection.

const EVERY_MS = 30_000;
const SOON_MS = 1_000;
const SHOWN_EVERY_MS = 1_000;
const PATIENCE_MS = 20_000;

/** The data could not be had; the message is for the person who looks at the map. */
class Unavailable extends Error {}
class SignedOut extends Unavailable {}

export class Source {
  #address;
  #told;
  #data = null;
  #changed = new Map(); // connections by id, as results have told of them since the data was asked for
  #due = Infinity;
  #timer = null;
  #askedAt = -Infinity;
  #loading = false;
  #showing = null;
  #shownAt = -Infinity;
  #ended = new AbortController();

  /** Calls `show(data)` or `fail(sentence)` after each time it was asked, and `show(data)` after changes. */
  constructor(address, told) {
    this.#address = address;
    this.#told = told;
  }

  ask() {
    this.#askAfter(EVERY_MS);
  }

  /** For what cannot wait: there is something that the data knows nothing of. */
  askSoon() {
    this.#askAfter(SOON_MS);
  }

  change(connections) {
    for (const connection of connections) this.#changed.set(connection.id, connection);
    if (!this.#data) return;
    this.#showing ??= setTimeout(() => this.#show(), Math.max(0, this.#shownAt + SHOWN_EVERY_MS - performance.now()));
  }

  end() {
    this.#ended.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#showing);
  }

  #askAfter(pause) {
    this.#due = Math.min(this.#due, this.#askedAt + pause);
    if (this.#loading || this.#ended.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), Math.max(0, this.#due - performance.now()));
  }

  async #load() {
    this.#merge();
    this.#changed.clear();
    this.#due = Infinity;
    this.#loading = true;
    this.#askedAt = performance.now();
    try {
      this.#data = await fetched(this.#address, this.#ended.signal);
      if (!this.#ended.signal.aborted) this.#show();
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      this.#told.fail(error.message);
      if (!(error instanceof SignedOut)) this.ask();
    } finally {
      this.#loading = false;
    }
    if (this.#due < Infinity) this.ask();
  }

  #show() {
    clearTimeout(this.#showing);
    this.#showing = null;
    this.#shownAt = performance.now();
    this.#merge();
    this.#told.show(this.#data);
  }

  // What arrived while the data was on its way may be newer than it.
  #merge() {
    if (!this.#data) return;
    const { connections, places, providers } = this.#data;
    const known = new Set(connections.map(({ id }) => id));
    for (const [id, { place, provider }] of this.#changed) {
      if (known.has(id) && (place === null || place in places) && provider in providers) continue;
      this.#changed.delete(id);
      this.askSoon();
    }
    this.#data.connections = connections.map((one) => this.#changed.get(one.id) ?? one);
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
    throw new SignedOut("You have been signed out.");
  }
  if (!answer.ok) throw new Unavailable(`The server could not answer (${answer.status}).`);
  try {
    return await answer.json();
  } catch {
    throw new Unavailable("The server's answer could not be read.");
  }
}
