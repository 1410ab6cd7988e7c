// Two videos under one slider, in step: the source on the left, the result on the right.

import { copy, setAttribute } from "./dom.js";
import { t } from "./words.js";

const APART_S = 0.1;
let stop = null;

/** Ends what plays, if anything does. */
export function stopPair() {
  stop?.();
  stop = null;
}

/** Resolves when a video has what it needs to be shown from where it is. */
function ready(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return Promise.resolve();
  return new Promise((resolve) => video.addEventListener("canplay", resolve, { once: true }));
}

/** Has both play in step, from the beginning again and again if asked. */
function inStep(before, after, loop) {
  const play = async () => {
    await Promise.all([ready(before), ready(after)]);
    await Promise.all([before.play(), after.play()]);
  };
  const follow = (most) => {
    const apart = Math.abs(before.currentTime - after.currentTime);
    // A seek that is not over would be begun anew, and never end.
    if (apart > most && !before.seeking) before.currentTime = after.currentTime;
  };
  after.addEventListener("timeupdate", () => follow(APART_S));
  after.addEventListener("seeked", () => follow(0));
  after.addEventListener("pause", () => before.pause());
  after.addEventListener("ended", () => {
    if (!loop) return;
    before.currentTime = after.currentTime = 0;
    play().catch(() => {});
  });
  return play;
}

/** What is under the videos: the button, the place, and the share of each. */
function listen({ before, after, split, play, place, line, stage, error }, start) {
  const draw = () => {
    before.style.clipPath = `inset(0 ${100 - split.value}% 0 0)`;
    line.style.left = `${split.value}%`;
  };
  const fail = () => {
    error.textContent = t("player.cannot");
    error.hidden = false;
  };
  for (const video of [before, after]) video.addEventListener("error", fail);
  for (const kind of ["play", "pause"])
    after.addEventListener(kind, () => setAttribute(play, "aria-pressed", !after.paused));
  play.addEventListener("click", () => (after.paused ? start().catch(fail) : after.pause()));
  split.addEventListener("input", draw);
  after.addEventListener("loadedmetadata", () => {
    stage.style.aspectRatio = `${after.videoWidth} / ${after.videoHeight}`;
  });
  place.addEventListener("input", () => {
    after.currentTime = place.value * after.duration;
  });
  after.addEventListener("timeupdate", () => {
    place.value = after.currentTime / after.duration || 0;
  });
  draw();
}

/** Plays a source and a result in a box; they loop if asked. */
export function fillPair(box, { source, result, loop }) {
  stopPair();
  const { root, parts } = copy("pair-template"),
    { before, after } = parts;
  Object.assign(before, { src: source, muted: true });
  Object.assign(after, { src: result, muted: loop });
  box.replaceChildren(root);
  const start = inStep(before, after, loop);
  listen(parts, start);
  // A browser may not play sound before somebody asks for it.
  start().catch(() => {});
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
