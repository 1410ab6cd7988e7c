// What the page keeps from one visit to the next, as far as the browser lets it.

const now = new Map();

function onDisk(work) {
  try {
    return work(window.localStorage);
  } catch {
    return null; // a window without a memory, or a browser that was told to have none
  }
}

/** What was kept under a name; null: nothing. */
export const kept = (name) => now.get(name) ?? onDisk((disk) => disk.getItem(name));

/** Keeps a text under a name. */
export function keep(name, text) {
  now.set(name, text);
  onDisk((disk) => disk.setItem(name, text));
}
