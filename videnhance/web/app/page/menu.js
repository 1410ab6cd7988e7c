// What can be done with one row: its buttons, and a menu of the rest.

import { send } from "./api.js";
import { ask } from "./ask.js";
import { byId, setShown } from "./dom.js";
import { act, moveBy, remove } from "./list.js";
import { openPlayer } from "./player.js";
import { select, store } from "./store.js";
import { t } from "./words.js";

let open = null;

async function removeAsked(id) {
  const { state, name } = store.rows.get(id);
  if (state === "running" && !(await ask(t("ask.remove", { name }), t("menu.remove")))) return;
  await remove([id]);
}

const actions = (preview) => ({
  preview,
  retry: (id) => act([id], "retry"),
  pause: (id) => act([id], "pause"),
  resume: (id) => act([id], "resume"),
  play: (id) => openPlayer(store.rows.get(id)),
  up: (id) => moveBy(id, -1),
  down: (id) => moveBy(id, 1),
  first: (id) => moveBy(id, -store.order.indexOf(id)),
  folder: (id) => send("POST", "/api/open", { id, what: "folder" }),
  watch: (id) =>
    send("PATCH", "/api/rows", {
      ids: [id],
      options: {},
      keep_watching: !store.rows.get(id).keep_watching,
    }),
  remove: removeAsked,
});

/** What of the menu makes sense for a row as it stands. */
function possible(row) {
  const at = store.order.indexOf(row.id);
  return {
    preview: row.info !== null && row.kind === "file",
    retry: ["failed", "refused", "done"].includes(row.state),
    pause: row.state === "running" || row.state === "waiting",
    resume: row.state === "paused",
    play: row.state === "done" && row.kind === "file",
    up: at > 0,
    down: at < store.order.length - 1,
    first: at > 1,
    folder: store.can.open_folder === true,
    watch: row.kind === "folder",
    remove: true,
  };
}

function show(button, id) {
  const menu = byId("row-menu"),
    row = store.rows.get(id),
    can = possible(row);
  open = { id, button };
  for (const item of menu.querySelectorAll("button")) setShown(item, can[item.dataset.do]);
  menu.querySelector("[data-do=retry]").textContent = t(
    row.state === "done" ? "menu.again" : "menu.retry",
  );
  menu.querySelector("[data-do=watch]").setAttribute("aria-checked", row.keep_watching);
  if (!store.selected.has(id)) select([id], id);
  menu.showPopover();
  const box = button.getBoundingClientRect();
  const top = Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8);
  menu.style.top = `${Math.max(top, 8)}px`;
  menu.style.left = `${Math.max(box.right - menu.offsetWidth, 8)}px`;
  [...menu.querySelectorAll("button")].find((item) => !item.hidden).focus();
}

function step(event) {
  const items = [...byId("row-menu").querySelectorAll("button")].filter((item) => !item.hidden);
  const at = items.indexOf(document.activeElement),
    last = items.length - 1;
  const to = {
    ArrowDown: at === last ? 0 : at + 1,
    ArrowUp: at <= 0 ? last : at - 1,
    Home: 0,
    End: last,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[to].focus();
}

/** Listens to the buttons of the rows and of the menu; errors go to `report`. */
export function startMenu(preview, report) {
  const menu = byId("row-menu"),
    doing = actions(preview);
  const run = (name, id) => Promise.resolve(doing[name](id)).catch(report);
  byId("rows").addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-do]"),
      id = target.closest(".row")?.dataset.id;
    if (!button) return;
    if (button.dataset.do === "menu") show(button, id);
    else run(button.dataset.do, id);
  });
  menu.addEventListener("keydown", step);
  menu.addEventListener("click", ({ target }) => {
    const item = target.closest("button");
    if (!item) return;
    menu.hidePopover();
    open.button.focus();
    run(item.dataset.do, open.id);
  });
  byId("rows").addEventListener("dblclick", ({ target }) => {
    const id = target.closest(".row")?.dataset.id;
    if (id && !target.closest("button, summary, input") && possible(store.rows.get(id)).preview)
      preview(id);
  });
}
