// The film's line of time: small pictures with a slider over them, and single frames.

import { rowAddress } from "./api.js";
import { byId, make, setAttribute } from "./dom.js";
import { clock } from "./words.js";

const PICTURES = 12;
const PICTURE_PIXELS = 160;
const range = byId("time");

let row = null;

const rate = () => row?.info?.rate || 25;
const last = () => Math.max((row?.info?.seconds ?? 0) - 1 / rate(), 0);

/** The moment that is chosen, in seconds. */
export const moment = () => Number(range.value);

/** Chooses a moment, kept within the film. */
export function setMoment(seconds) {
  range.value = Math.min(Math.max(seconds, 0), last());
  showMoment(moment());
}

/** Tells which moment is seen. */
export function showMoment(seconds) {
  byId("time-words").textContent =
    `${clock(seconds, 2)} / ${clock(row?.info?.seconds ?? 0, 2)}`;
  setAttribute(range, "aria-valuetext", clock(seconds, 2));
  const share = last() ? moment() / last() : 0;
  byId("time-mark").style.left = `${share * 100}%`;
}

/** Shows another film's line. */
export function fillTimeline(shown) {
  row = shown;
  Object.assign(range, { min: 0, max: last(), step: 0.001 });
  const length = row.info?.seconds ?? 0,
    count = length > 0 ? PICTURES : 1;
  byId("strip").replaceChildren(
    ...Array.from({ length: count }, (_, number) => {
      const at = ((length * (number + 0.5)) / count).toFixed(2);
      const src = rowAddress(row.id, "thumbnail", { at, width: PICTURE_PIXELS });
      return make("img", { src, alt: "", decoding: "async" });
    }),
  );
}

/** Listens; `changed` is called when another moment is chosen. */
export function startTimeline(changed) {
  const go = (seconds) => {
    setMoment(seconds);
    changed();
  };
  range.addEventListener("input", () => go(moment()));
  range.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 1 : 1 / rate();
    const to = {
      ArrowLeft: moment() - step,
      ArrowDown: moment() - step,
      ArrowRight: moment() + step,
      ArrowUp: moment() + step,
      PageDown: moment() - last() / 10,
      PageUp: moment() + last() / 10,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  byId("frame-back").addEventListener("click", () => go(moment() - 1 / rate()));
  byId("frame-on").addEventListener("click", () => go(moment() + 1 / rate()));
}
