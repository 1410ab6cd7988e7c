// The preview: any moment of a film before and after, in any settings, before it is run.

import { send } from "./api.js";
import { byId, openDialog, say, setShown, setText } from "./dom.js";
import { forget, frameAddress, picture, pixelAspect } from "./frames.js";
import { fillPair, stopPair } from "./pair.js";
import { focusOn } from "./settings.js";
import { fillSides, pin, resetSides, sideName, sideOptions } from "./sides.js";
import { on, store } from "./store.js";
import { fillTimeline, moment, setMoment, showMoment, startTimeline } from "./timeline.js";
import { clock, said, showSaid, t } from "./words.js";

const SETTLE_MS = 120;
const CLIP_S = 2;
const dialog = byId("preview");
const slider = byId("slider");

let id = null;
let loading = null;
let timer = 0;
let shown = "";

const row = () => store.rows.get(id);
const defaults = () =>
  Object.fromEntries(store.options.map((each) => [each.name, each.default]));

/** Addresses of both sides at the chosen moment. */
function addresses() {
  const at = moment().toFixed(3);
  return ["side-left", "side-right"].map((side) =>
    frameAddress(row(), at, sideOptions(side, row()), defaults()),
  );
}

/** Shows the chosen moment once the user has settled on it. */
function later() {
  clearTimeout(timer);
  stopPair();
  setShown(byId("clip"), false);
  setShown(slider, true);
  timer = setTimeout(load, SETTLE_MS);
}

/** A row changes while it runs, too: only other pictures are a reason to load. */
function reload() {
  if (addresses().join(" ") !== shown) later();
}

async function load() {
  const [left, right] = addresses(),
    key = `${left} ${right}`;
  if (key === shown) return nameSides();
  shown = key;
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading,
    mine = loading;
  setShown(byId("preview-busy"), true);
  setText(byId("preview-error"), "");
  try {
    const aspect = pixelAspect(row().info),
      both = [left, right];
    const [before, after] = await Promise.all(
      both.map((each) => picture(each, aspect, signal)),
    );
    if (loading !== mine) return undefined;
    nameSides();
    slider.setAttribute("before", before.address);
    slider.setAttribute("after", after.address);
    if (after.seconds !== null) showMoment(after.seconds);
    say(t("said.frame", { time: clock(after.seconds ?? moment(), 2) }));
  } catch (error) {
    if (signal.aborted) return undefined;
    shown = "";
    setText(
      byId("preview-error"),
      error instanceof TypeError ? t("error.offline") : said(error.message),
    );
  }
  setShown(byId("preview-busy"), false);
  return undefined;
}

function nameSides() {
  slider.setAttribute("before-name", sideName("side-left"));
  slider.setAttribute("after-name", sideName("side-right"));
}

async function playClip() {
  const button = byId("play-clip");
  button.disabled = true;
  setShown(byId("preview-busy"), true);
  setText(byId("preview-error"), "");
  try {
    const options = sideOptions("side-right", row()) ?? row().options;
    const asked = { at: moment(), seconds: CLIP_S, options };
    const { source, result } = await send(
      "POST",
      `/api/rows/${encodeURIComponent(id)}/clip`,
      asked,
    );
    setShown(slider, false);
    setShown(byId("clip"), true);
    fillPair(byId("clip"), { source, result, loop: true });
  } catch (error) {
    showSaid(byId("preview-error"), error.message);
  } finally {
    button.disabled = false;
    setShown(byId("preview-busy"), false);
  }
}

/** Shows a row's preview until it is closed. */
export async function openPreview(wanted) {
  if (!store.rows.get(wanted)?.info) return;
  id = wanted;
  shown = "";
  setText(byId("preview-title"), row().name);
  resetSides();
  fillTimeline(row());
  setMoment((row().info.seconds ?? 0) / 3);
  focusOn(id);
  byId("preview-settings").append(byId("settings"));
  const closed = openDialog(dialog);
  byId("time").focus();
  later();
  await closed;
  close();
}

function close() {
  clearTimeout(timer);
  loading?.abort();
  stopPair();
  forget();
  byId("settings-place").append(byId("settings"));
  for (const name of ["before", "after"]) slider.removeAttribute(name);
  id = null;
  focusOn(null);
}

/** The slider's keys work wherever the focus is, but where one types. */
function press(event) {
  const { target, key, ctrlKey, metaKey, altKey, defaultPrevented } = event;
  const typed = target.closest("select, textarea, input:not([type=radio], [type=range])");
  if (typed || ctrlKey || metaKey || altKey || defaultPrevented || slider.hidden) return;
  if (slider.press(key)) event.preventDefault();
}

/** Listens to the dialog. */
export function startPreview() {
  fillSides();
  startTimeline(later);
  on("presets", fillSides);
  on("order", fillSides);
  on("rows", (ids) => {
    if (id !== null && ids.has(id) && row()) reload();
  });
  for (const side of ["side-left", "side-right"]) byId(side).addEventListener("change", later);
  byId("pin").addEventListener("click", () => {
    pin(row());
    later();
    say(t("said.pinned"));
  });
  byId("swap").addEventListener("click", () => {
    const [left, right] = [byId("side-left"), byId("side-right")];
    [left.value, right.value] = [right.value, left.value];
    later();
  });
  byId("play-clip").addEventListener("click", playClip);
  dialog.addEventListener("keydown", press);
}
