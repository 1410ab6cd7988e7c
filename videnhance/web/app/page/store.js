// What the page knows: the rows, their order, the queue; who shows it is told.
//
// Changes are gathered and told once a picture of the screen, so that a storm of events
// costs no more than what can be seen.

import { get } from "./api.js";

export const store = {
  rows: new Map(),
  order: [],
  selected: new Set(),
  active: null,
  queue: { state: "idle", cores: null, seconds_left: null, done: 0, failed: 0, waiting: 0 },
  presets: [],
  options: [],
  looks: [],
  can: {},
  version: "",
  online: true,
};

const listeners = {
  rows: [],
  order: [],
  queue: [],
  selection: [],
  presets: [],
  online: [],
  finished: [],
};
const changed = new Map();
const PATIENCE_MS = 3000;
let offlineSince = null;
let planned = false;

/** Calls back when something changed: "rows" gets the set of their ids. */
export function on(what, listener) {
  listeners[what].push(listener);
}

/** Tells the listeners of something before the next picture of the screen. */
export function tell(what, id) {
  if (!changed.has(what)) changed.set(what, new Set());
  if (id !== undefined) changed.get(what).add(id);
  if (planned) return;
  planned = true;
  // A hidden tab draws nothing, and would gather without end.
  if (document.hidden) setTimeout(flush, 500);
  else requestAnimationFrame(flush);
}

/** Tells what is gathered now. */
export function flush() {
  planned = false;
  const told = [...changed];
  changed.clear();
  for (const [what, ids] of told) for (const listener of listeners[what]) listener(ids);
}

const appliers = {
  state(state) {
    store.rows = new Map(state.rows.map((row) => [row.id, row]));
    store.order = state.rows.map((row) => row.id);
    for (const name of ["queue", "presets", "options", "looks", "can", "version"])
      store[name] = state[name] ?? store[name];
    keepSelection();
    for (const what of ["order", "queue", "presets", "selection"]) tell(what);
    for (const id of store.order) tell("rows", id);
  },
  row(row) {
    const before = store.rows.get(row.id);
    store.rows.set(row.id, row);
    if (!before) {
      store.order.push(row.id);
      tell("order");
    }
    const ended = row.state === "done" || row.state === "failed";
    if (ended && before?.state === "running") tell("finished", row.id);
    tell("rows", row.id);
  },
  removed({ ids }) {
    for (const id of ids) store.rows.delete(id);
    store.order = store.order.filter((id) => store.rows.has(id));
    keepSelection();
    tell("order");
    tell("selection");
  },
  order({ ids }) {
    store.order = ids.filter((id) => store.rows.has(id));
    tell("order");
  },
  queue(queue) {
    store.queue = queue;
    tell("queue");
  },
  presets(presets) {
    store.presets = presets;
    tell("presets");
  },
};

/** Takes one event of the server. */
export function apply(event, data) {
  appliers[event](data);
}

/** Takes rows that an answer carries, without waiting for their events. */
export function applyRows(rows) {
  for (const row of rows) apply("row", row);
}

function keepSelection() {
  for (const id of store.selected) if (!store.rows.has(id)) store.selected.delete(id);
  if (!store.rows.has(store.active)) store.active = store.order[0] ?? null;
}

/** Selects these rows and no other; the last is the one that keys act on. */
export function select(ids, active = ids.at(-1)) {
  store.selected = new Set(ids);
  if (active !== undefined) store.active = active;
  tell("selection");
}

/** The rows that settings and commands are for: the selected ones, or all. */
export function chosen() {
  const ids = store.order.filter((id) => store.selected.has(id));
  return (ids.length ? ids : store.order).map((id) => store.rows.get(id));
}

/** Reads the state, then hears of each change; comes back after each break. */
export async function connect() {
  apply("state", await get("/api/state"));
  const events = new EventSource("/api/events");
  for (const name of Object.keys(appliers))
    events.addEventListener(name, ({ data }) => apply(name, JSON.parse(data)));
  events.onopen = () => setOnline(true);
  events.onerror = () => {
    // A reload, or an app that is started anew, is no reason for a word.
    offlineSince ??= setTimeout(() => setOnline(false), PATIENCE_MS);
    // A browser gives up on a server that answers with an error.
    if (events.readyState === EventSource.CLOSED) setTimeout(connectAgain, 2000);
  };
}

async function connectAgain() {
  try {
    await connect();
    setOnline(true);
  } catch {
    setTimeout(connectAgain, 2000);
  }
}

function setOnline(online) {
  clearTimeout(offlineSince);
  offlineSince = null;
  if (store.online === online) return;
  store.online = online;
  tell("online");
}
