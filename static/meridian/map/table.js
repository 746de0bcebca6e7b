// The table beside the map: its rows follow the filters and the results, and the order that somebody chose.

import { stateOf } from "./elements.js";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

let order = { column: 0, falling: false }; // outlives the table, which is fetched anew when connections come and go

document.addEventListener("click", ({ target }) => {
  const head = target.closest("[data-map-table] [data-sort]")?.closest("th");
  if (!head) return;
  const column = head.cellIndex;
  order = { column, falling: order.column === column && !order.falling };
  sort(head.closest("table"));
});

function sort(table) {
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    if (column === order.column) head.setAttribute("aria-sort", order.falling ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  const [body] = table.tBodies;
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[order.column]) }));
  rows.sort((one, other) => compare(one.value, other.value));
  body.append(...rows.map(({ row }) => row));
}

function valueOf(cell) {
  if (!("value" in cell.dataset)) return cell.textContent.trim();
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

// What has no value comes last, whichever way the rest goes.
function compare(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  const way = typeof one === "number" ? one - other : collator.compare(one, other);
  return order.falling ? -way : way;
}

/** Writes the results into the rows, hides what the filters leave out, and keeps the order. */
export function update({ connections, states }, admits) {
  const table = document.querySelector("[data-map-table]");
  if (!table) return;
  for (const connection of connections) {
    const row = document.getElementById(`map-row-${connection.id}`);
    if (!row) continue;
    row.hidden = !admits(connection);
    write(row, connection, states);
  }
  const inOrder = order.column === 0 && !order.falling;
  if (!inOrder || table.tHead.rows[0].cells[0].getAttribute("aria-sort") !== "ascending") sort(table);
}

function write(row, connection, states) {
  const [state, latency, comparison] = ["state", "latency", "comparison"].map((name) => row.querySelector(`[data-cell="${name}"]`));
  if (row.dataset.state !== connection.state) {
    row.dataset.state = connection.state;
    state.replaceChildren(stateOf(connection.state, states[connection.state]));
  }
  const figure = latency.firstElementChild;
  if (figure.textContent !== connection.latency) figure.textContent = connection.latency;
  if (figure.className !== connection.grade) figure.className = connection.grade;
  latency.dataset.value = connection.ms ?? "";
  const compared = connection.comparison || "—";
  if (comparison.textContent !== compared) comparison.textContent = compared;
  comparison.dataset.value = connection.ratio ?? "";
}
