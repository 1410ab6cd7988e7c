// The rest of the options, under "more": fields made from what the server lists.

import { choices } from "./choices.js";
import { make } from "./dom.js";
import { has, t } from "./words.js";

const SHORT = new Set(Object.values(choices).flatMap((choice) => choice.names));
const GROUPS = ["look", "size", "speed", "format", "part", "safety", "machine"];

function control({ name, kind, choices: words, least, most, default: usual }) {
  const id = `option-${name}`;
  if (kind === "choice") {
    const select = make("select", { id, name: id });
    for (const word of usual === null ? ["", ...words] : words)
      select.append(make("option", { value: word, textContent: wordFor(name, word) }));
    return select;
  }
  if (kind === "bool") return make("input", { id, name: id, type: "checkbox" });
  const input = make("input", { id, name: id, autocomplete: "off" });
  if (kind === "number") Object.assign(input, { type: "number", step: "any" });
  if (least !== undefined && least !== null) input.min = least;
  if (most !== undefined && most !== null) input.max = most;
  return input;
}

const wordFor = (name, word) => {
  const key = `option.${name}.${word}`;
  return has(key) ? t(key) : String(word || t("option.automatic"));
};

function field(option) {
  const { name, kind } = option,
    input = control(option);
  const label = make("label", {
    htmlFor: input.id,
    textContent: has(`option.${name}`) ? t(`option.${name}`) : name,
  });
  const row = make("div", { className: kind === "bool" ? "field check" : "field" });
  row.append(...(kind === "bool" ? [input, label] : [label, input]));
  if (kind !== "choice" && kind !== "bool")
    input.placeholder =
      option.default === null ? t("option.automatic") : String(option.default);
  if (has(`option.${name}.hint`)) {
    row.append(
      make("small", {
        id: `${input.id}-hint`,
        className: "quiet",
        textContent: t(`option.${name}.hint`),
      }),
    );
    input.setAttribute("aria-describedby", `${input.id}-hint`);
  }
  return row;
}

/** Makes the fields once, group by group. */
export function fillMore(box, options) {
  if (box.childElementCount || !options.length) return;
  for (const group of GROUPS) {
    const listed = options.filter(
      (option) => option.group === group && !SHORT.has(option.name),
    );
    if (!listed.length) continue;
    const set = make("fieldset", {}, make("legend", { textContent: t(`group.${group}`) }));
    set.append(...listed.map(field));
    box.append(set);
  }
}

/** Shows the values that all rows have; where they differ, none. */
export function showMore(form, all, common) {
  for (const input of form.querySelectorAll("[name^='option-']")) {
    const value = common(all.map((options) => options[input.name.slice(7)]));
    if (input === document.activeElement) continue;
    if (input.type === "checkbox") {
      input.checked = value === true;
      input.indeterminate = value === undefined;
    } else input.value = value ?? "";
  }
}

/** What a field says, as an option's value; null: its default. */
export function valueOf(input, options) {
  const { default: usual, kind } = options.find(({ name }) => name === input.name.slice(7));
  const said = input.type === "checkbox" ? input.checked : input.value.trim();
  if (said === "" || said === usual) return null;
  return kind === "number" ? Number(said) : said;
}
