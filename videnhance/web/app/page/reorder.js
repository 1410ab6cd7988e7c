// Rows are put in another order by dragging their handle, with a mouse or a finger.

import { byId, make } from "./dom.js";
import { move } from "./list.js";
import { store } from "./store.js";

const EDGE_PIXELS = 60;
const SCROLL_PIXELS = 12;

/** The row before which a drop at this height goes; null: the end. */
function rowBelow(rows, y) {
  const found = rows.find((row) => {
    const box = row.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  return found ?? null;
}

function drag(handle, event) {
  const row = handle.closest(".row"),
    id = row.dataset.id;
  const ids = store.selected.has(id)
    ? store.order.filter((each) => store.selected.has(each))
    : [id];
  const rows = [...row.parentElement.children],
    line = make("li", { className: "drop-line" });
  line.setAttribute("aria-hidden", "true");
  let below = null,
    moved = false;
  handle.setPointerCapture(event.pointerId);
  row.classList.add("dragged");
  const follow = ({ clientY }) => {
    moved = true;
    below = rowBelow(rows, clientY);
    row.parentElement.insertBefore(line, below);
    if (clientY < EDGE_PIXELS) scrollBy(0, -SCROLL_PIXELS);
    if (clientY > innerHeight - EDGE_PIXELS) scrollBy(0, SCROLL_PIXELS);
  };
  const end = ({ type }) => {
    handle.removeEventListener("pointermove", follow);
    line.remove();
    row.classList.remove("dragged");
    if (!moved || type === "pointercancel") return;
    // What is dragged itself is no place to go.
    const rest = store.order.slice(
      below ? store.order.indexOf(below.dataset.id) : store.order.length,
    );
    move(ids, rest.find((each) => !ids.includes(each)) ?? null);
  };
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", end, { once: true });
  handle.addEventListener("pointercancel", end, { once: true });
}

/** Listens to the handles of all rows. */
export function startReorder() {
  byId("rows").addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button) return;
    event.preventDefault();
    drag(handle, event);
  });
}
