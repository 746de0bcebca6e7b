// What the shapes and colours of the map mean: those that are on it.

import { element } from "./elements.js";
import { providerSwatch, simulatedSwatch, stateSwatch, vantageSwatch } from "./marks.js";

/** Fills the list for this data. */
export function explain(list, { states, providers, connections, vantages }) {
  const said = [
    ...Object.entries(states).map(([state, { word }]) => entry(stateSwatch(state), word)),
    ...Object.entries(providers).map(([provider, name]) => entry(providerSwatch(provider), name)),
  ];
  if (vantages.some(({ at }) => at)) said.push(entry(vantageSwatch(), "Vantage"));
  if (connections.some(({ made_up: madeUp }) => madeUp)) said.push(entry(simulatedSwatch(), "Simulated distance"));
  const text = said.map((each) => each.textContent).join();
  if (list.dataset.said === text) return;
  list.dataset.said = text;
  list.replaceChildren(...said);
}

const entry = (swatch, text) => element("li", "", swatch, text);
