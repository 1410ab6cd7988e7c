// The bar of the queue: start, pause and stop; how far all is, and the last picture.

import { rowAddress, send } from "./api.js";
import { byId, setAttribute, setShown, setText } from "./dom.js";
import { share } from "./row.js";
import { apply, on, store, tell } from "./store.js";
import { number, percent, span, t } from "./words.js";

const PICTURE_EVERY_MS = 2000;
const WORTH = { ready: 1, waiting: 1, running: 1, paused: 1, done: 1 };

let pictured = 0;
let hovered = null;

/** The share of all work that is done, each row worth the time it is expected to take. */
export function shareOfAll(rows) {
  let all = 0,
    done = 0;
  for (const row of rows) {
    const worth = WORTH[row.state] ? row.plan?.seconds || 1 : 0;
    all += worth;
    done += worth * share(row);
  }
  return all ? done / all : 0;
}

/** Has the queue do something (`action`), or with so many `cores`. */
export async function command(what) {
  apply("queue", await send("POST", "/api/queue", what));
}

function rowsBy() {
  const rows = [...store.rows.values()];
  const count = (...states) => rows.filter((row) => states.includes(row.state)).length;
  return {
    rows,
    running: rows.find((row) => row.state === "running"),
    done: count("done"),
    failed: count("failed", "refused"),
    open: count("ready", "waiting", "paused", "running", "looking"),
  };
}

function summary({ done, failed, open }) {
  const { state, seconds_left: left } = store.queue,
    all = done + open;
  if (!store.rows.size) return t("queue.empty");
  const parts = [];
  if (open === 0) parts.push(t("queue.all", { n: done }));
  else if (done || state !== "idle")
    parts.push(t("queue.some", { done: number(done), n: all }));
  else parts.push(t("queue.ready", { n: open }));
  if (open && left !== null && left > 0) parts.push(t("queue.left", { time: span(left) }));
  if (failed) parts.push(t("queue.failed", { n: failed }));
  return parts.join(" · ");
}

function current({ running }) {
  if (!running) return "";
  const { frames_per_second: rate, seconds_left: left } = running.progress ?? {};
  const parts = [running.name, percent(share(running))];
  if (rate) parts.push(t("row.speed", { rate: number(rate, 1) }));
  if (left !== null && left !== undefined) parts.push(t("row.left", { time: span(left) }));
  return parts.join(" · ");
}

function show() {
  const found = rowsBy(),
    { state } = store.queue,
    all = shareOfAll(found.rows);
  setText(byId("queue-summary"), summary(found));
  setText(byId("queue-current"), current(found));
  byId("queue-bar").firstElementChild.style.transform = `scaleX(${all})`;
  setAttribute(byId("queue-bar"), "aria-valuenow", Math.floor(all * 100));
  setShown(byId("queue-bar"), state !== "idle" || (all > 0 && found.open > 0));
  showButtons(found, state);
  showPicture(found.running);
  const title = found.running ? `${percent(all)} · videnhance` : "videnhance";
  if (document.title !== title) document.title = title;
}

function showButtons(found, state) {
  const start = byId("start"),
    active = state !== "idle" && found.open > 0;
  setShown(start, !active);
  setShown(byId("pause"), active);
  setShown(byId("stop-after"), active);
  setAttribute(byId("stop-after"), "aria-pressed", state === "stopping");
  start.disabled = found.open === 0;
  const goesOn = found.rows.some(({ state: each }) => each === "paused" || each === "waiting");
  setText(start.querySelector("span"), t(goesOn ? "queue.resume" : "queue.start"));
  setShown(byId("clear"), found.done > 0);
}

function showPicture(running) {
  const picture = byId("queue-picture"),
    frames = running?.progress?.frames ?? 0;
  setShown(picture, frames > 0 && hovered !== false);
  if (!frames || performance.now() - pictured < PICTURE_EVERY_MS) return;
  pictured = performance.now();
  picture.src = rowAddress(running.id, "last", { frames });
  setAttribute(picture, "alt", t("queue.picture", { name: running.name }));
}

/** Shows the bar and listens to it; errors go to `report`. */
export function startQueue(report) {
  const picture = byId("queue-picture");
  picture.addEventListener("error", () => {
    hovered = false;
    setShown(picture, false);
  });
  picture.addEventListener("load", () => {
    hovered = true;
  });
  for (const what of ["rows", "order", "queue"]) on(what, show);
  const doing = (work) => () => Promise.resolve(work()).catch(report);
  byId("start").addEventListener(
    "click",
    doing(async () => {
      await command({ action: "start" });
      byId("pause").focus();
    }),
  );
  byId("pause").addEventListener(
    "click",
    doing(async () => {
      await command({ action: "pause" });
      byId("start").focus();
    }),
  );
  byId("stop-after").addEventListener(
    "click",
    doing(() => command({ action: store.queue.state === "stopping" ? "start" : "stop_after" })),
  );
  byId("clear").addEventListener(
    "click",
    doing(async () => {
      await command({ action: "clear_done" });
      tell("order");
    }),
  );
}
