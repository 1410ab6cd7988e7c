// Messages of the page in the reader's language; numbers, times and sizes as it writes them.

import { setAttribute, setText } from "./dom.js";
import { keep, kept } from "./kept.js";

const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "language";
/** Parts of messages that are no words. */
const NAMES = new Set(["name", "folder"]);

let messages = {};
let patterns = [];
export let language = "en";
let plurals = new Intl.PluralRules("en");

/** The language that was chosen, or the first of the browser's that there is. */
function wanted() {
  const asked = [kept(KEPT), ...navigator.languages];
  return asked.map((tag) => tag?.split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

/** Reads the messages; English stands in for what a language lacks. */
export async function loadMessages() {
  language = wanted();
  const read = async (tag) => (await fetch(`/page/messages/${tag}.json`)).json();
  const [english, own] = await Promise.all([read("en"), read(language)]);
  messages = { ...english, ...own };
  patterns = language === "en" ? [] : Object.entries(english).flatMap(patternsOf);
  patterns.sort((one, other) => other.literal - one.literal);
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
}

/** Keeps another language and shows the page in it. */
export function chooseLanguage(tag) {
  keep(KEPT, tag);
  location.reload();
}

/** Pairs of tag and name. */
export const languages = Object.entries(LANGUAGES);

/** Whether there is a message. */
export const has = (key) => key in messages;

/** A message, with {names} replaced; one of several by the number `n`. */
export function t(key, values = {}) {
  const found = messages[key] ?? key;
  const text =
    typeof found === "string" ? found : (found[plurals.select(values.n)] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Regular expressions of a message of the server, which says it in English. */
function patternsOf([key, found]) {
  if (!key.startsWith("server.")) return [];
  return (typeof found === "string" ? [found] : Object.values(found)).map((text) => {
    const parts = text.split(/\{(\w+)\}/);
    const escaped = parts.map((part, at) =>
      at % 2 ? `(?<${part}>.+?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    );
    const literal = parts.filter((_, at) => at % 2 === 0).join("").length;
    return { key, literal, pattern: new RegExp(`^${escaped.join("")}$`, "s") };
  });
}

/** What the server says, in the reader's language as far as it is known. */
export function said(words) {
  for (const { key, pattern } of patterns) {
    const found = pattern.exec(words);
    if (!found) continue;
    const own = ([name, text]) => [name, NAMES.has(name) ? text : said(text)];
    return t(key, Object.fromEntries(Object.entries(found.groups ?? {}).map(own)));
  }
  return words;
}

/** Shows what the server says in a node, without a beginning that is known there. */
export function showSaid(node, words, known = "") {
  const text = said(words);
  setAttribute(node, "lang", text === words ? "en" : language);
  setText(node, text.startsWith(known) ? text.slice(known.length) : text);
  return node;
}

/** Fills what is marked with data-t (text) and data-t-NAME (an attribute). */
export function translate(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const name of ["aria-label", "title", "placeholder"])
    for (const node of root.querySelectorAll(`[data-t-${name}]`))
      node.setAttribute(name, t(node.getAttribute(`data-t-${name}`)));
  // What is cloned later stands in templates.
  for (const template of root.querySelectorAll("template")) translate(template.content);
}

const formats = new Map();

function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key);
}

/** A number with at most so many digits after the point. */
export const number = (value, digits = 0) =>
  format({ maximumFractionDigits: digits }).format(value);

/** A share of 1 as a percentage. */
export const percent = (share) =>
  format({ style: "percent", maximumFractionDigits: 0 }).format(Math.floor(share * 100) / 100);

/** Bytes with three digits and a unit. */
export function bytes(count) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let at = 0;
  for (; count >= 1000 && at < units.length - 1; at++) count /= 1000;
  const short = { style: "unit", unit: units[at], unitDisplay: at ? "short" : "long" };
  return format({ ...short, maximumSignificantDigits: 3 }).format(count);
}

/** A place or length in a film: 0:05, 12:34, 1:02:03; with `digits` also 0:05.250. */
export function clock(seconds, digits = 0) {
  const whole = digits ? seconds : Math.round(seconds);
  const hours = Math.floor(whole / 3600),
    minutes = Math.floor(whole / 60) % 60;
  const rest = (whole % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const head = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : String(minutes);
  return `${head}:${rest}`;
}

/** A length of time in words, as coarse as an estimate is. */
export function span(seconds) {
  const unit = (value, name) =>
    format({ style: "unit", unit: name, unitDisplay: "short" }).format(value);
  if (seconds < 1) return t("span.moment");
  if (seconds < 59.5) return unit(Math.round(seconds), "second");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute");
  const rest = minutes % 60,
    hours = unit(Math.floor(minutes / 60), "hour");
  return rest && minutes < 600 ? `${hours} ${unit(rest, "minute")}` : hours;
}
