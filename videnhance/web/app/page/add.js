// Files come by dropping, by pasting paths, from the browse dialog, or by a file picker.

import { send, upload } from "./api.js";
import { byId, copy, say, setShown } from "./dom.js";
import { newFolder, newOptions, place } from "./settings.js";
import { applyRows, select, store } from "./store.js";
import { said, t } from "./words.js";

/** Shows what could not be done, until it is closed. */
export function report(error) {
  const words = error instanceof TypeError ? t("error.offline") : said(error.message);
  const { root, parts } = copy("notice-template");
  parts.text.textContent = words;
  parts.close.addEventListener("click", () => root.remove());
  byId("notices").append(root);
  while (byId("notices").childElementCount > 5) byId("notices").firstElementChild.remove();
}

/** Adds files and folders by their paths. */
export async function addPaths(paths) {
  if (!paths.length) return;
  const { rows, refused } = await send("POST", "/api/rows", { paths, options: newOptions() });
  applyRows(rows);
  if (newFolder()) await place(rows, newFolder());
  if (rows.length && store.active === null) store.active = rows[0].id;
  if (rows.length === 1 && store.order.length === 1) select([], rows[0].id);
  for (const { error } of refused) report(new Error(error));
  say(t("said.added", { n: rows.length }));
}

/** Sends files that the browser gives without their paths, then adds the copies. */
async function addFiles(files) {
  for (const file of files) {
    const { root, parts } = copy("upload-template");
    parts.name.textContent = t("upload.name", { name: file.name });
    byId("uploads").append(root);
    try {
      const path = await upload(file, (share) => { parts.bar.value = share; });
      await addPaths([path]);
    } catch (error) {
      report(new Error(`${file.name}: ${said(error.message)}`));
    } finally {
      root.remove();
    }
  }
}

/** All files under what was dropped, folders read through. */
async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader(), found = [];
  // A reader gives a hundred entries at a time.
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) break;
    for (const inner of part) found.push(...(await filesIn(inner)));
  }
  return found;
}

/** Paths in a text: one a line, plain, quoted or as file: addresses. */
export function pathsIn(text) {
  const lines = text.split(/\r?\n/).map((line) => line.trim().replace(/^(["'])(.*)\1$/, "$2"));
  const isPath = (line) => /^(\/|~|[A-Za-z]:[\\/]|\\\\|file:\/\/)/.test(line);
  return lines.filter(isPath).map((line) =>
    line.startsWith("file://") ? decodeURIComponent(new URL(line).pathname) : line);
}

async function dropped({ dataTransfer }) {
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...dataTransfer.files], text = dataTransfer.getData("text");
  if (plain.length && window.pywebview) return; // it tells their paths
  if (!entries.length) return plain.length ? addFiles(plain) : addPaths(pathsIn(text));
  const files = [];
  for (const entry of entries) files.push(...(await filesIn(entry)));
  return addFiles(files);
}

function listenToDrops() {
  let depth = 0;
  const over = (change) => {
    depth = Math.max(depth + change, 0);
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    dropped(event).catch(report);
  });
}

/** Asks for files by a dialog: the system's where it tells their paths. */
async function choose() {
  const { pywebview } = window;
  if (pywebview) await addPaths(await pywebview.api.choose());
  else byId("file").click();
}

/** Listens to drops, pastes and the picker; `browse` answers paths. */
export function startAdd(browse) {
  listenToDrops();
  addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea")) return;
    const files = [...event.clipboardData.files];
    const paths = pathsIn(event.clipboardData.getData("text"));
    (paths.length ? addPaths(paths) : addFiles(files)).catch(report);
  });
  byId("browse").addEventListener("click", () => browse().then(addPaths).catch(report));
  byId("choose").addEventListener("click", () => choose().catch(report));
  addEventListener("paths", ({ detail }) => addPaths(detail).catch(report));
  addEventListener("pywebviewready", () => { byId("choose").textContent = t("add.system"); });
  byId("file").addEventListener("change", ({ target }) => {
    addFiles([...target.files]).catch(report);
    target.value = "";
  });
  setShown(byId("uploads"), true);
}
