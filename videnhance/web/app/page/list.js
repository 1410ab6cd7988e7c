// The list of files: rows in order, what is selected, and the keys that act on it.

import { send } from "./api.js";
import { byId, say, setAttribute, setShown } from "./dom.js";
import { RowView } from "./row.js";
import { apply, applyRows, on, select, store, tell } from "./store.js";
import { t } from "./words.js";

const views = new Map();
const list = byId("rows");
let anchor = null;

/** Does something with rows that the server knows, by its name there. */
export async function act(ids, action, more = {}) {
  const { rows } = await send("POST", "/api/rows/action", { ids, action, ...more });
  if (action === "remove") apply("removed", { ids });
  else applyRows(rows ?? []);
}

/** Puts rows before another, or at the end (null), and says where they are. */
export async function move(ids, before) {
  const rest = store.order.filter((id) => !ids.includes(id));
  const at = before === null ? rest.length : rest.indexOf(before);
  rest.splice(at, 0, ...ids);
  apply("order", { ids: rest });
  const name = store.rows.get(ids[0]).name;
  say(t("said.moved", { name, place: at + 1, count: rest.length }));
  await act(ids, "move", { before });
}

/** Moves the active row by so many places. */
export function moveBy(id, places) {
  const at = store.order.indexOf(id),
    to = at + places;
  if (to < 0 || to >= store.order.length) return Promise.resolve();
  const rest = store.order.filter((other) => other !== id);
  return move([id], rest[to] ?? null);
}

/** Removes rows; the focus goes to the next one. */
export async function remove(ids) {
  const at = Math.min(...ids.map((id) => store.order.indexOf(id)));
  const next = store.order.filter((id) => !ids.includes(id)).at(at) ?? null;
  await act(ids, "remove");
  store.active = next ?? store.order.at(-1) ?? null;
  tell("selection");
  say(t("said.removed", { n: ids.length }));
  if (store.active) requestAnimationFrame(() => focusRow(store.active));
  else byId("browse").focus();
}

/** Shows the rows in their order; those that stay are not touched. */
function showOrder() {
  for (const [id, view] of views)
    if (!store.rows.has(id)) {
      view.root.remove();
      views.delete(id);
    }
  let place = list.firstElementChild;
  for (const id of store.order) {
    if (!views.has(id)) views.set(id, new RowView(store.rows.get(id)));
    const { root } = views.get(id);
    if (root === place) place = place.nextElementSibling;
    else list.insertBefore(root, place);
  }
  setShown(byId("list"), store.order.length > 0);
  document.body.classList.toggle("empty", store.order.length === 0);
  showSelection();
}

function showRows(ids) {
  for (const id of ids) {
    const row = store.rows.get(id);
    if (row) views.get(id)?.update(row);
  }
}

function showSelection() {
  for (const [id, { root, parts }] of views) {
    const selected = store.selected.has(id);
    root.classList.toggle("selected", selected);
    if (parts.pick.checked !== selected) parts.pick.checked = selected;
    // One row takes part in the way of the Tab key; arrows go to the others.
    const index = id === store.active ? 0 : -1;
    if (root.dataset.index === String(index)) continue;
    root.dataset.index = index;
    for (const control of root.querySelectorAll("button, input, summary"))
      setAttribute(control, "tabindex", index);
  }
  const all = byId("all"),
    count = store.selected.size;
  all.checked = count > 0 && count === store.order.length;
  all.indeterminate = count > 0 && !all.checked;
  const words = count
    ? t("list.selected", { n: count })
    : t("list.count", { n: store.order.length });
  byId("count").textContent = words;
  setShown(byId("remove-selected"), count > 0);
}

function focusRow(id) {
  const view = views.get(id);
  view?.parts.pick.focus({ preventScroll: true });
  view?.root.scrollIntoView({ block: "nearest" });
}

const rowOf = (event) => event.target.closest(".row")?.dataset.id;

/** From the first row of a choice to this one. */
function range(id) {
  const ends = [store.order.indexOf(anchor ?? id), store.order.indexOf(id)];
  return store.order.slice(Math.min(...ends), Math.max(...ends) + 1);
}

function toggle(id) {
  const rest = [...store.selected].filter((other) => other !== id);
  select(store.selected.has(id) ? rest : [...rest, id], id);
}

function click(event) {
  const id = rowOf(event);
  if (!id || event.target.closest("button, summary, dd, dt")) return;
  if (event.target.matches("input")) {
    if (event.shiftKey) select(range(id), id);
    else toggle(id);
  } else if (event.shiftKey) select(range(id), id);
  else if (event.ctrlKey || event.metaKey) toggle(id);
  else select(store.selected.size === 1 && store.selected.has(id) ? [] : [id], id);
  if (!event.shiftKey) anchor = id;
  focusRow(id);
}

function press(event, open) {
  const id = rowOf(event);
  if (!id || !event.target.matches("input")) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const many = store.selected.has(id)
    ? store.order.filter((each) => store.selected.has(each))
    : [id];
  if (step && event.altKey) moveBy(id, step).then(() => focusRow(id));
  else if (step) goTo(store.order[store.order.indexOf(id) + step], event.shiftKey);
  else if (event.key === "Home") goTo(store.order[0], event.shiftKey);
  else if (event.key === "End") goTo(store.order.at(-1), event.shiftKey);
  else if (event.key === "Delete") remove(many);
  else if (event.key === "Enter") open(id);
  else if (event.key === "Escape") select([], id);
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) select([...store.order], id);
  else return;
  event.preventDefault();
}

function goTo(id, extend) {
  if (id === undefined) return;
  anchor = extend ? (anchor ?? store.active) : id;
  store.active = id;
  if (extend) select(range(id), id);
  showSelection();
  focusRow(id);
}

/** Shows the list and listens to it; `open` takes the id of a row to preview. */
export function startList(open) {
  on("order", showOrder);
  on("rows", showRows);
  on("selection", showSelection);
  list.addEventListener("click", click);
  list.addEventListener("keydown", (event) => press(event, open));
  list.addEventListener("focusin", (event) => {
    const id = rowOf(event);
    if (id && id !== store.active) Object.assign(store, { active: id }) && tell("selection");
  });
  byId("all").addEventListener("change", ({ target }) =>
    select(target.checked ? [...store.order] : []),
  );
  byId("remove-selected").addEventListener("click", () =>
    remove(store.order.filter((id) => store.selected.has(id))),
  );
}
