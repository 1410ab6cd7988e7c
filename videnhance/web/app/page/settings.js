// The settings: one form for one row, for several, or for all; also for what is added next.

import { send } from "./api.js";
import { choices, changedBy, OWN, whole } from "./choices.js";
import { byId, setShown, setText } from "./dom.js";
import { keep, kept } from "./kept.js";
import { fillMore, showMore, valueOf } from "./more.js";
import { folderOf, lastName } from "./row.js";
import { applyRows, chosen, on, store } from "./store.js";
import { has, showSaid, t } from "./words.js";

const KEPT = "options";
const KEPT_FOLDER = "results";
const FINAL = new Set(["running", "paused", "done"]);
const form = byId("settings");
/** Rows that a preview has instead of what is selected; null: none. */
let focused = null;

/** What files that are added take over from those before. */
export const newOptions = () => JSON.parse(kept(KEPT) ?? "{}");

/** Where the results of files that are added go; null: beside them. */
export const newFolder = () => kept(KEPT_FOLDER) || null;

const isForAll = () => !focused && store.selected.size === 0;

/** The rows that the form is for: those that can still be changed, if there are any. */
export function edited() {
  const rows = focused ? [store.rows.get(focused)].filter(Boolean) : chosen();
  const open = rows.filter((row) => !FINAL.has(row.state));
  return open.length ? open : rows;
}

/** Has the form be for one row (in its preview), or again for the selection (null). */
export function focusOn(id) {
  focused = id;
  show();
}

/** Has the results of rows go into a folder; null: beside their sources. */
export async function place(rows, folder) {
  for (const { id, source, target } of rows) {
    const path = `${folder ?? folderOf(source)}/${lastName(target)}`;
    if (path === target) continue;
    const { rows: moved } = await send("PATCH", "/api/rows", {
      ids: [id],
      options: {},
      target: path,
    });
    applyRows(moved);
  }
}

async function choosePlace(folder) {
  setText(byId("settings-error"), "");
  if (isForAll()) keep(KEPT_FOLDER, folder ?? "");
  try {
    await place(edited(), folder);
  } catch (error) {
    showSaid(byId("settings-error"), error.message);
  }
  show();
}

/** Gives options to the rows of the form. */
export async function change(options, more = {}) {
  const rows = edited();
  if (isForAll()) keep(KEPT, JSON.stringify(changedBy(newOptions(), options)));
  setText(byId("settings-error"), "");
  if (!rows.length) return show();
  // Shown at once: the next change builds on this one, answered or not.
  applyRows(rows.map((row) => ({ ...row, options: changedBy(row.options, options) })));
  try {
    const ids = rows.map((row) => row.id);
    const { rows: answered } = await send("PATCH", "/api/rows", { ids, options, ...more });
    applyRows(answered);
  } catch (error) {
    showSaid(byId("settings-error"), error.message);
    applyRows(rows);
    shown = "";
    show();
  }
  return undefined;
}

const optionsOf = (rows) =>
  (rows.length ? rows.map((row) => row.options) : [newOptions()]).map((own) =>
    whole(own, store.options),
  );

/** The one value of all, or undefined. */
function common(values) {
  const [first, ...rest] = values;
  return rest.every((value) => value === first) ? first : undefined;
}

let shown = "";

function show() {
  const rows = edited(),
    all = optionsOf(rows);
  setText(byId("settings-for"), heading(rows));
  showCommand(rows);
  const places = rows.length ? rows.map(placeOf) : [newFolder() ?? ""];
  const key = JSON.stringify([rows.map((row) => row.id), all, places]);
  // Progress changes rows often, and what stands in the form not at all.
  if (key === shown) return;
  shown = key;
  for (const [name, choice] of Object.entries(choices)) showChoice(name, choice, all);
  setShown(byId("folder-back"), places.some(Boolean));
  const folder = common(places);
  setText(
    byId("folder-name"),
    folder === undefined ? t("settings.differs") : folder || t("settings.beside"),
  );
  showMore(form, all, common);
}

/** The folder of a row's result; "" if that is its source's. */
function placeOf({ source, target }) {
  const folder = folderOf(target ?? "");
  return folder === folderOf(source) ? "" : folder;
}

function heading(rows) {
  if (!rows.length) return t("settings.for.new");
  if (rows.length === 1) return t("settings.for.one", { name: rows[0].name });
  return t(isForAll() ? "settings.for.all" : "settings.for.some", { n: rows.length });
}

function showChoice(name, choice, all) {
  const value = common(all.map((options) => choice.read(options)));
  for (const input of form.querySelectorAll(`[name="${name}"]`)) {
    if (input.type === "radio") input.checked = input.value === value;
    else if (input !== document.activeElement) input.value = value ?? "";
  }
  const own = form.elements[`${name}-own`];
  if (own) {
    setShown(own.closest("label"), value === OWN);
    if (own !== document.activeElement) own.value = choice.own(all[0]);
  }
  const differs = form.querySelector(`[data-differs="${name}"]`);
  if (differs) setShown(differs, value === undefined);
}

function showCommand(rows) {
  const lines = rows.map((row) => row.command).filter(Boolean);
  setText(byId("command"), lines.join("\n"));
  setShown(byId("command-part"), lines.length > 0);
}

function fillLooks() {
  const box = byId("looks");
  if (box.childElementCount || !store.looks.length) return;
  for (const { name, for: meant } of store.looks) {
    const card = byId("look-template").content.firstElementChild.cloneNode(true);
    card.querySelector("input").value = name;
    card.querySelector("strong").textContent = has(`look.${name}`) ? t(`look.${name}`) : name;
    card.querySelector("span").textContent = has(`look.${name}.for`)
      ? t(`look.${name}.for`)
      : meant;
    box.append(card);
  }
}

function changed({ target }) {
  const { name, value } = target;
  if (!name || target.type === "file") return;
  if (name.startsWith("option-")) {
    change({ [name.slice(7)]: valueOf(target, store.options) });
    return;
  }
  const part = name.replace("-own", ""),
    choice = choices[part];
  if (!choice) return;
  const isOwn = name !== part,
    own = form.elements[`${part}-own`];
  // A choice of one's own waits for its value.
  if (!isOwn && value === OWN && own) {
    setShown(own.closest("label"), true);
    own.focus();
    return;
  }
  const [first] = optionsOf(edited());
  change(choice.write(isOwn ? OWN : value, own?.value.trim(), first));
}

async function copyCommand() {
  await navigator.clipboard.writeText(byId("command").textContent);
  const button = byId("copy-command");
  setText(button.querySelector("span"), t("command.copied"));
  setTimeout(() => setText(button.querySelector("span"), t("command.copy")), 2000);
}

/** Shows the form and listens to it; `chooseFolder` answers a path or null. */
export function startSettings(chooseFolder) {
  const both = () => {
    fillLooks();
    fillMore(byId("more"), store.options);
    show();
  };
  on("order", both);
  on("selection", show);
  on("rows", (ids) => {
    if (edited().some((row) => ids.has(row.id))) show();
  });
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("copy-command").addEventListener("click", copyCommand);
  byId("folder-choose").addEventListener("click", async () => {
    const folder = await chooseFolder();
    if (folder) await choosePlace(folder);
  });
  byId("folder-back").addEventListener("click", () => choosePlace(null));
}
