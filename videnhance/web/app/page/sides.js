// What stands on each side of the preview: the source, a look, a preset, or the settings.

import { byId, make } from "./dom.js";
import { store } from "./store.js";
import { has, t } from "./words.js";

/** Settings that were put aside to be seen beside others; null: none. */
let pinned = null;

const title = (kind, name) => (has(`${kind}.${name}`) ? t(`${kind}.${name}`) : name);

function fill(select) {
  const value = select.value,
    option = (value, textContent) => make("option", { value, textContent });
  const group = (label, options) => {
    const node = make("optgroup", { label });
    node.append(...options);
    return node;
  };
  select.replaceChildren(
    option("source", t("side.source")),
    option("settings", t("side.settings")),
  );
  if (pinned) select.append(option("pinned", t("side.pinned")));
  select.append(
    group(
      t("settings.look"),
      store.looks.map(({ name }) => option(`look:${name}`, title("look", name))),
    ),
  );
  if (store.presets.length)
    select.append(
      group(
        t("settings.preset"),
        store.presets.map(({ name }) => option(`preset:${name}`, title("preset", name))),
      ),
    );
  select.value = value;
}

/** Lists the choices of both sides anew; the first time before and after. */
export function fillSides() {
  for (const [id, usual] of [
    ["side-left", "source"],
    ["side-right", "settings"],
  ]) {
    const select = byId(id);
    fill(select);
    if (!select.value) select.value = usual;
  }
}

/** The source on the left, the row's settings on the right. */
export function resetSides() {
  pinned = null;
  byId("side-left").value = "source";
  byId("side-right").value = "settings";
  fillSides();
}

/** Puts the row's settings on the left, where they stay while others are tried. */
export function pin(row) {
  pinned = { ...row.options };
  fillSides();
  byId("side-left").value = "pinned";
  byId("side-right").value = "settings";
}

/** Options of a side for a row; null: the source. */
export function sideOptions(id, row) {
  const [kind, name] = byId(id).value.split(/:(.*)/s);
  if (kind === "source") return null;
  if (kind === "pinned") return pinned;
  if (kind === "preset") return store.presets.find((each) => each.name === name)?.options ?? {};
  if (kind === "look") {
    const { model, clean, ...rest } = row.options;
    return { ...rest, look: name };
  }
  return row.options;
}

/** What a side is called over its picture. */
export const sideName = (id) => byId(id).selectedOptions[0]?.textContent ?? "";
