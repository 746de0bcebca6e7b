// What a mark on the map tells, as elements: names and errors come from anywhere and are only ever text.

import { button, element, link, stateOf } from "./elements.js";
import { byGravity } from "./sites.js";

const kilometres = (metres) => `${Math.round(metres / 1000).toLocaleString("en-GB")} km`;

/** The connections of a cluster, place by place; `closer` zooms in on its places, null when that would change nothing. */
export function ofCluster({ sites }, world, closer) {
  const box = element("div", "map-details");
  for (const site of sites) box.append(...siteParts(site, world));
  if (closer) box.append(button("Zoom in", closer));
  return box;
}

function siteParts(site, world) {
  const { city, country } = site.place;
  const list = element("ul");
  for (const connection of [...site.connections].sort(byGravity)) list.append(item(connection, world.data));
  return [element("h3", "", `${city}, ${country}`), list, ...distances(site, world)];
}

function item(connection, { states, providers, connection_url: address }) {
  const { id, name, provider, state, latency, comparison, grade, active } = connection;
  const title = link(address.replace("0", id), name);
  title.className = "map-name";
  const measured = element("span", `num ${grade}`, latency);
  const notes = [providers[provider], comparison, active ? "" : "inactive"].filter(Boolean).join(" · ");
  return element("li", "", stateOf(state, states[state]), title, measured, element("small", "", notes));
}

/** How far the place is, over the ground: from the vantage, and from where you are. */
function distances(site, { home, here, map }) {
  const said = [];
  const known = site.connections.find(({ distance }) => distance);
  if (known && home) said.push(fromVantage(known, home));
  if (here) said.push(`${kilometres(map.distance(here, site.at))} from your place.`);
  return said.map((text) => element("p", "muted", text));
}

function fromVantage({ distance, floor }, { name }) {
  if (!floor) return `In the same city as ${name}: ${distance} apart.`;
  return `${distance} from ${name}; light in fibre needs ${floor}, there and back.`;
}

export function ofVantage({ name, home, active, at }, place, { here, map }) {
  const box = element("div", "map-details", element("h3", "", name), element("p", "", `${place.city}, ${place.country}`));
  box.append(element("p", "muted", home ? "The lines show what is measured from here." : "Tests run from here, too."));
  if (!active) box.append(element("p", "muted", "Inactive."));
  if (here) box.append(element("p", "muted", `${kilometres(map.distance(here, at))} from your place.`));
  return box;
}

export function ofHere(accuracy) {
  return element("div", "map-details", element("h3", "", "Your place"), element("p", "muted", `To about ${kilometres(Math.max(accuracy, 1000))}, as your browser has it. It stays in this page.`));
}
