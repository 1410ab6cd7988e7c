// Two videos under one slider, in step: the source on the left, the result on the right.

import { copy, setAttribute } from "./dom.js";
import { t } from "./words.js";

const APART_S = 0.04;
let stop = null;

/** Ends what plays, if anything does. */
export function stopPair() {
  stop?.();
  stop = null;
}

/** Plays a source and a result in a box; they loop if asked. */
export function fillPair(box, { source, result, loop }) {
  stopPair();
  const { root, parts } = copy("pair-template");
  const { before, after, split, play, error } = parts;
  Object.assign(before, { src: source, loop, muted: true });
  Object.assign(after, { src: result, loop, muted: loop });
  box.replaceChildren(root);
  const draw = () => {
    before.style.clipPath = `inset(0 ${100 - split.value}% 0 0)`;
    parts.line.style.left = `${split.value}%`;
  };
  const follow = () => {
    if (Math.abs(before.currentTime - after.currentTime) > APART_S)
      before.currentTime = after.currentTime;
  };
  split.addEventListener("input", draw);
  after.addEventListener("timeupdate", follow);
  after.addEventListener("seeked", follow);
  after.addEventListener("play", () => before.play().catch(() => {}));
  after.addEventListener("pause", () => before.pause());
  const fail = () => {
    error.textContent = t("player.cannot");
    error.hidden = false;
  };
  for (const video of [before, after]) video.addEventListener("error", fail);
  const tell = () => setAttribute(play, "aria-pressed", !after.paused);
  for (const kind of ["play", "pause"]) after.addEventListener(kind, tell);
  play.addEventListener("click", () =>
    after.paused ? after.play().catch(fail) : after.pause(),
  );
  after.addEventListener("loadedmetadata", () => {
    parts.stage.style.aspectRatio = `${after.videoWidth} / ${after.videoHeight}`;
  });
  parts.place.addEventListener("input", () => {
    after.currentTime = parts.place.value * after.duration;
  });
  after.addEventListener("timeupdate", () => {
    parts.place.value = after.currentTime / after.duration || 0;
  });
  draw();
  after.play().catch(() => {});
  stop = () => {
    for (const video of [before, after]) {
      video.pause();
      // Without it the browser keeps on loading.
      video.removeAttribute("src");
      video.load();
    }
    box.replaceChildren();
  };
}
