// The elements inside a figure: what a chart builds around its plots. Data reaches them as text only.

let made = 0;

export function element(name, className, attributes = {}) {
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function button(text, name, onclick) {
  const made = element("button", "chart-button", { type: "button", "aria-label": name, title: name });
  made.textContent = text;
  made.addEventListener("click", onclick);
  return made;
}

/**
 * Puts into the figure, in order: its caption, buttons, what is under the cursor, the plot, the legend, and for
 * screen readers a summary, a table and an announcer. `figure.focus()` goes to the plot.
 */
export function build(figure, { reset, picture }) {
  made += 1;
  const described = `chart-summary-${made}`;
  const caption = figure.querySelector("figcaption") ?? element("figcaption");
  const head = element("div", "chart-head");
  const unzoom = button("Reset zoom", "Show everything again", reset);
  const save = button("PNG", "Download PNG", picture);
  const reading = element("p", "chart-reading", { "aria-hidden": "true" });
  const plot = element("div", "chart-plot", {
    "aria-label": caption.textContent.trim() || "Chart",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "chart",
    "aria-describedby": described,
  });
  const panels = element("div", "chart-panels");
  const notice = element("div", "chart-notice");
  const legend = element("div", "chart-legend", { role: "group", "aria-label": "Series" });
  const spoken = element("div", "visually-hidden");
  const summary = element("p", "", { id: described });
  const table = element("table");
  const announcer = element("p", "visually-hidden", { role: "status", "aria-live": "polite" });
  unzoom.hidden = true;
  head.append(caption, unzoom, save);
  plot.append(panels, notice);
  spoken.append(summary, table);
  const added = [head, reading, plot, legend, spoken, announcer];
  figure.append(...added);
  figure.tabIndex = -1;
  return { caption, unzoom, save, reading, plot, panels, notice, legend, summary, table, announcer, added };
}

/** A sentence in place of the plots, with a button when something can be done about it. */
export function tell(notice, sentence, retry = null) {
  const said = element("p");
  said.textContent = sentence;
  notice.replaceChildren(said);
  if (retry) notice.append(button("Try again", "Try again", retry));
  notice.hidden = sentence === "";
}
