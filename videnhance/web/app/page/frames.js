// Pictures of a moment, before and after: asked of the server, the last ones kept.

import { getPicture, rowAddress } from "./api.js";

const KEPT = 16;
const kept = new Map();

/** Every option that either has, so that one set of options stands for itself. */
function spelled(options, own, defaults) {
  const names = new Set([...Object.keys(options), ...Object.keys(own)]);
  return Object.fromEntries([...names].sort().map((name) =>
    [name, options[name] ?? defaults[name] ?? null]));
}

/** The address of one side of a moment; `options` null: the source. */
export function frameAddress(row, at, options, defaults) {
  if (options === null) return rowAddress(row.id, "frame", { at, side: "source", options: JSON.stringify(spelled(row.options, {}, defaults)) });
  const said = JSON.stringify(spelled(options, row.options, defaults));
  return rowAddress(row.id, "frame", { at, side: "result", options: said });
}

/** A picture by its address, asked for once while it is kept. */
export function picture(address, signal) {
  const found = kept.get(address);
  if (found) {
    kept.delete(address);
    kept.set(address, found);
    return found;
  }
  const asked = getPicture(address, signal);
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
    asked.then(({ address: url }) => URL.revokeObjectURL(url), () => {});
  }
}
