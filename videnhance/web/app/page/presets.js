// Presets: settings under a name; some ship, own ones are saved, given away and read.

import { send, sendToml } from "./api.js";
import { ask, askName } from "./ask.js";
import { byId, make, say, setShown } from "./dom.js";
import { change, edited, newOptions } from "./settings.js";
import { apply, on, store } from "./store.js";
import { has, t } from "./words.js";

const list = byId("preset");

const title = ({ name, ships }) =>
  ships && has(`preset.${name}`) ? t(`preset.${name}`) : name;

function show() {
  const group = (label, presets) => {
    const node = make("optgroup", { label });
    node.append(
      ...presets.map((each) => make("option", { value: each.name, textContent: title(each) })),
    );
    return node;
  };
  const ours = store.presets.filter((each) => each.ships);
  const own = store.presets.filter((each) => !each.ships);
  list.replaceChildren(make("option", { value: "", textContent: t("preset.none") }));
  if (ours.length) list.append(group(t("preset.ships"), ours));
  if (own.length) list.append(group(t("preset.own"), own));
  showChosen();
}

function showChosen() {
  const names = new Set(edited().map((row) => row.preset ?? ""));
  if (list !== document.activeElement) list.value = names.size === 1 ? [...names][0] : "";
  const own = store.presets.find((each) => each.name === list.value && !each.ships);
  setShown(byId("preset-delete"), own !== undefined);
}

const known = ({ presets }) => apply("presets", presets);

async function take() {
  const preset = store.presets.find((each) => each.name === list.value);
  if (!preset) return;
  // Everything that the rows have goes, and what the preset has comes.
  const rows = edited(),
    had = rows.length ? rows.map((row) => row.options) : [newOptions()];
  const none = Object.fromEntries(
    had.flatMap((own) => Object.keys(own)).map((name) => [name, null]),
  );
  await change({ ...none, ...preset.options }, { preset: preset.name });
  showChosen();
}

async function keep() {
  const name = await askName(t("preset.name"), t("preset.keep"), list.value);
  if (!name) return;
  const options = edited()[0]?.options ?? newOptions();
  known(await send("POST", "/api/presets", { name, options }));
  say(t("said.saved", { name }));
}

async function drop() {
  const name = list.value;
  if (!(await ask(t("ask.preset", { name }), t("preset.delete")))) return;
  known(await send("DELETE", `/api/presets?name=${encodeURIComponent(name)}`));
}

async function read(input) {
  const [file] = input.files;
  if (!file) return;
  const text = await file.text();
  // The same file may be chosen again.
  input.value = "";
  known(await sendToml("/api/presets/import", text));
}

/** Shows the presets and listens to their buttons; errors go to `report`. */
export function startPresets(report) {
  const doing = (work) => (event) => Promise.resolve(work(event.target)).catch(report);
  on("presets", show);
  on("selection", showChosen);
  on("rows", showChosen);
  list.addEventListener("change", doing(take));
  byId("preset-save").addEventListener("click", doing(keep));
  byId("preset-delete").addEventListener("click", doing(drop));
  byId("preset-import").addEventListener("click", () => byId("preset-file").click());
  byId("preset-file").addEventListener("change", doing(read));
}
