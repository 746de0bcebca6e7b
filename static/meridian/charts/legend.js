// The legend: one button per series that hides and shows it, with its value under the cursor.

import { figure } from "./figures.js";
import { swatch } from "./palette.js";
import { element } from "./parts.js";

const WIDTH = 22;
const HEIGHT = 12;

export class Legend {
  #items = [];

  constructor(box, { model, looks }, toggle) {
    this.#items = model.series.map((series, index) => {
      const item = element("button", "chart-series", { type: "button" });
      const picture = element("canvas", "chart-swatch", { "aria-hidden": "true" });
      const label = element("bdi", "chart-label");
      const value = element("span", "chart-value");
      label.textContent = series.label;
      item.append(picture, label, value);
      item.addEventListener("click", () => toggle(index));
      return { item, picture, value, series, look: looks[index], stacked: model.stacked };
    });
    box.replaceChildren(...this.#items.map(({ item }) => item));
    this.paint();
  }

  /** Draws the swatches in the colours of now, and says which series are hidden. */
  paint() {
    const ratio = devicePixelRatio;
    for (const { item, picture, series, look, stacked } of this.#items) {
      picture.width = WIDTH * ratio;
      picture.height = HEIGHT * ratio;
      const context = picture.getContext("2d");
      context.scale(ratio, ratio);
      swatch(context, look, series.draw, stacked, 0, 0, 1);
      item.setAttribute("aria-pressed", String(series.shown));
    }
  }

  /** Shows the values of one row; of none when `row` is null. */
  read(row) {
    for (const { value, series } of this.#items) {
      const text = row === null ? "" : figure(series.unit, series.values[row]);
      if (value.textContent !== text) value.textContent = text;
    }
  }
}
