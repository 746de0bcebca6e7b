// Where a figure's data comes from: JSON in the page, or an address of this server.

const PATIENCE_MS = 20_000;
const RELOAD_AT_MOST_EVERY_MS = 1_000;

/** The data could not be had; the message is for the person who looks at the figure. */
class Unavailable extends Error {}

/**
 * Loads a figure's data when it begins, when it is told to (`meridian:chart-reload`), by the document's event that
 * `data-reload-on` names, and when `data-src` changes. Calls `show(json)` (null: there is none), `wait()` before it
 * fetches, `fail(sentence)`, and `moved()` when the address changed.
 */
export class Source {
  #figure;
  #told;
  #request = null;
  #timer = null;
  #ended = new AbortController();
  #address;

  constructor(figure, told) {
    this.#figure = figure;
    this.#told = told;
    const { signal } = this.#ended;
    figure.addEventListener("meridian:chart-reload", () => this.load(), { signal });
    const { reloadOn } = figure.dataset;
    if (reloadOn) document.addEventListener(reloadOn, () => this.#soon(), { signal });
    this.#address = new MutationObserver(() => {
      told.moved();
      this.load();
    });
    this.#address.observe(figure, { attributeFilter: ["data-src"] });
  }

  /** What the page holds comes first where `inlineFirst`, and where there is no address. */
  async load({ inlineFirst = false } = {}) {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const { src } = this.#figure.dataset;
    try {
      const here = inlineFirst || !src ? inline(this.#figure) : null;
      if (here || !src) {
        this.#told.show(here);
        return;
      }
      this.#told.wait();
      const json = await fetched(src, signal);
      if (!signal.aborted) this.#told.show(json);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      this.#told.fail(error.message);
    }
  }

  #soon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.load();
    }, RELOAD_AT_MOST_EVERY_MS);
  }

  end() {
    this.#ended.abort();
    this.#address.disconnect();
    this.#request?.abort();
    clearTimeout(this.#timer);
  }
}

/**
 * The JSON that the page holds, or null. A <template> does what a <script> does, and survives being swapped in:
 * htmx drops scripts.
 */
function inline(figure) {
  const holder = figure.querySelector(':scope > script[type="application/json"], :scope > template');
  if (!holder) return null;
  try {
    return JSON.parse((holder.content ?? holder).textContent);
  } catch {
    throw new Unavailable("This chart's data cannot be read.");
  }
}

async function fetched(address, signal) {
  const answer = await ask(address, signal);
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    document.dispatchEvent(new CustomEvent("signed-out"));
    throw new Unavailable("You have been signed out.");
  }
  if (answer.status === 403) throw new Unavailable("You may not see this.");
  if (answer.status === 404) throw new Unavailable("This is no longer there.");
  if (answer.status === 422) throw new Unavailable(await refusalIn(answer));
  if (!answer.ok) throw new Unavailable(`The server could not answer (${answer.status}).`);
  try {
    return await answer.json();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Unavailable("This chart's data cannot be read.");
  }
}

/** The server says in `{"error"}` why it does not draw what was asked for. */
async function refusalIn(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return error ?? `The server could not answer (${answer.status}).`;
}

async function ask(address, signal) {
  const where = new URL(address, location.href);
  if (where.origin !== location.origin) throw new Unavailable("This chart's data lies elsewhere.");
  try {
    return await fetch(where, {
      credentials: "same-origin",
      redirect: "manual",
      headers: { Accept: "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Unavailable("The server could not be reached.");
  }
}
