// The dialog that looks through the machine's folders, for files to add or a folder to
// save in.

import { get } from "./api.js";
import { byId, copy, icon, make, openDialog, setShown, setText } from "./dom.js";
import { keep, kept } from "./kept.js";
import { bytes, showSaid, t } from "./words.js";

const LAST = "folder";
const dialog = byId("browser");
const list = byId("browser-list");
let place = null;
let onlyFolders = false;
let loads = 0;
/** Whether the user types a path, which no late answer may replace. */
let typing = false;

async function open(path) {
  const load = ++loads;
  setText(byId("browser-error"), "");
  try {
    const query = path ? `?path=${encodeURIComponent(path)}` : "";
    const found = await get(`/api/browse${query}`);
    if (load !== loads) return;
    place = found;
    keep(LAST, found.path);
    show();
  } catch (error) {
    showSaid(byId("browser-error"), error.message);
    if (!place && path) await open("");
  }
}

function entryNode(entry) {
  const { root, parts } = copy(entry.kind === "folder" ? "folder-template" : "entry-template");
  const node = parts.open ?? parts.pick;
  parts.name.textContent = entry.name;
  parts.icon.append(
    icon(entry.kind === "folder" ? "folder" : entry.kind === "video" ? "film" : "picture"),
  );
  node.dataset.path = entry.path;
  if (parts.size) parts.size.textContent = entry.bytes ? bytes(entry.bytes) : "";
  return root;
}

function show() {
  if (!typing) byId("browser-path").value = place.path;
  byId("browser-up").disabled = place.parent === null;
  byId("browser-roots").replaceChildren(
    ...place.roots.map(({ name, path }) => {
      const button = make("button", { type: "button", className: "plain", textContent: name });
      button.dataset.path = path;
      return button;
    }),
  );
  const shown = place.entries.filter(({ kind }) => !onlyFolders || kind === "folder");
  const order = (one, two) =>
    (two.kind === "folder") - (one.kind === "folder") ||
    one.name.localeCompare(two.name, undefined, { numeric: true });
  list.replaceChildren(...shown.sort(order).map(entryNode));
  list.scrollTop = 0;
  setShown(byId("browser-none"), shown.length === 0);
  showCount();
}

const picked = () => [...list.querySelectorAll("input:checked")].map((box) => box.dataset.path);

function showCount() {
  const n = picked().length,
    add = byId("browser-add");
  setShown(add, !onlyFolders);
  add.disabled = n === 0;
  add.textContent = t("browser.add", { n });
  byId("browser-folder").textContent = t(onlyFolders ? "browser.choose" : "browser.whole");
}

async function ask(folders, title) {
  onlyFolders = folders;
  setText(byId("browser-title"), title);
  place = null;
  typing = false;
  const answer = openDialog(dialog);
  await open(kept(LAST) ?? "");
  const said = await answer;
  if (said === "folder") return [place.path];
  return said === "files" ? picked() : [];
}

/** Files, or one folder, that the user wants to add. */
export const browse = () => ask(false, t("browser.title"));

/** The folder to save in, or null. */
export const chooseFolder = async () => (await ask(true, t("browser.save")))[0] ?? null;

/** Listens to the dialog. */
export function startBrowse() {
  dialog.addEventListener("click", ({ target }) => {
    const path = target.closest("button[data-path]")?.dataset.path;
    if (!path) return;
    typing = false;
    open(path);
  });
  list.addEventListener("change", showCount);
  byId("browser-up").addEventListener("click", () => open(place.parent));
  byId("browser-path").addEventListener("input", () => {
    typing = true;
  });
  byId("browser-path").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    typing = false;
    open(event.target.value.trim());
  });
}
