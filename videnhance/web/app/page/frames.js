// Pictures of a moment, before and after: asked of the server, the last ones kept.

import { getPicture, rowAddress } from "./api.js";

const KEPT = 16;
// What comes after a picture is made, and is no reason to make it anew.
const LATER = new Set([
  "codec",
  "crf",
  "preset",
  "audio",
  "verify",
  "compare",
  "overwrite",
  "discard",
]);
const kept = new Map();

/** Every option that either has, so that one set of options stands for itself. */
function spelled(options, own, defaults) {
  const names = new Set([...Object.keys(options), ...Object.keys(own)]);
  return Object.fromEntries(
    [...names]
      .filter((name) => !LATER.has(name))
      .sort()
      .map((name) => [name, options[name] ?? defaults[name] ?? null]),
  );
}

/** The address of one side of a moment; `options` null: the source. */
export function frameAddress(row, at, options, defaults) {
  const said = JSON.stringify(spelled(options ?? row.options, row.options, defaults));
  const side = options === null ? "source" : "result";
  return rowAddress(row.id, "frame", { at, side, options: said });
}

/** The picture as it is seen where pixels are not square; else the picture itself. */
async function seen(blob, aspect) {
  if (Math.abs(aspect - 1) < 0.001) return blob;
  const drawn = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(Math.round(drawn.width * aspect), drawn.height);
  canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob();
}

/** Width of a pixel for its height, as the picture stands after it is turned. */
export function pixelAspect({ pixel_aspect: aspect, turn }) {
  return turn % 180 ? 1 / (aspect || 1) : aspect || 1;
}

async function load(address, aspect, signal) {
  const { blob, seconds } = await getPicture(address, signal);
  return { address: URL.createObjectURL(await seen(blob, aspect)), seconds };
}

/** A picture by its address, asked for once while it is kept. */
export function picture(address, aspect, signal) {
  const found = kept.get(address);
  if (found) {
    kept.delete(address);
    kept.set(address, found);
    return found;
  }
  const asked = load(address, aspect, signal);
  kept.set(address, asked);
  asked.catch(() => kept.delete(address));
  forget(KEPT);
  return asked;
}

/** Forgets the pictures that were asked for least lately. */
export function forget(most = 0) {
  for (const [address, asked] of kept) {
    if (kept.size <= most) return;
    kept.delete(address);
    asked.then(
      ({ address: url }) => URL.revokeObjectURL(url),
      () => {},
    );
  }
}
