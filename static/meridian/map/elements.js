// Elements made one by one. Data reaches them as text and attributes only.

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function link(href, text) {
  const made = element("a", "", text);
  made.href = href;
  return made;
}

export function button(text, onclick) {
  const made = element("button", "btn btn-sm btn-outline-secondary", text);
  made.type = "button";
  made.addEventListener("click", onclick);
  return made;
}

/** A state as everywhere on the pages: its colour, its shape and its word. */
export function stateOf(state, { word, shape }) {
  const picture = element("span", "shape", shape);
  picture.setAttribute("aria-hidden", "true");
  return element("span", `state state-${state}`, picture, ` ${word}`);
}
