// Puts the page together: the messages, then its parts, then what the server knows.

import { words as sliderWords } from "/static/slider.js";

import { report, startAdd } from "./add.js";
import { browse, chooseFolder, startBrowse } from "./browse.js";
import { byId, make, setShown } from "./dom.js";
import { startEnding } from "./ending.js";
import { startList } from "./list.js";
import { startLive } from "./live.js";
import { startMenu } from "./menu.js";
import { startPresets } from "./presets.js";
import { openPreview, startPreview } from "./preview.js";
import { command, startQueue } from "./queue.js";
import { startReorder } from "./reorder.js";
import { startSettings } from "./settings.js";
import { connect, on, store } from "./store.js";
import { chooseLanguage, language, languages, loadMessages, t, translate } from "./words.js";

function startPreferences() {
  const select = byId("language"),
    cores = byId("cores");
  select.append(
    ...languages.map(([tag, name]) =>
      make("option", { value: tag, textContent: name, lang: tag }),
    ),
  );
  select.value = language;
  select.addEventListener("change", () => chooseLanguage(select.value));
  cores.addEventListener("change", () =>
    command({ cores: cores.value ? Number(cores.value) : null }).catch(report),
  );
  on("queue", () => {
    if (cores !== document.activeElement) cores.value = store.queue.cores ?? "";
  });
  byId("open-preferences").addEventListener("click", () => byId("preferences").showModal());
}

/** On a narrow page the settings lie over the list, and come by a button. */
function startSheet() {
  const sheet = byId("settings-place"),
    button = byId("open-settings");
  const show = (open) => {
    document.body.classList.toggle("settings-open", open);
    button.setAttribute("aria-expanded", open);
    // What lies under it must not have the focus.
    for (const part of document.querySelectorAll("header, main, footer")) part.inert = open;
    if (open) byId("close-settings").focus();
  };
  button.addEventListener("click", () =>
    show(!document.body.classList.contains("settings-open")),
  );
  byId("close-settings").addEventListener("click", () => {
    show(false);
    button.focus();
  });
  byId("ask-no").addEventListener("click", () => byId("ask").close());
  sheet.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && document.body.classList.contains("settings-open"))
      byId("close-settings").click();
  });
}

function nameSlider() {
  for (const name of [
    "before",
    "after",
    "slider",
    "picture",
    "flip",
    "actual",
    "difference",
    "loupe",
    "same",
  ])
    sliderWords[name] = t(`slider.${name}`);
  sliderWords.times = (n) => t("slider.times", { n });
}

async function start() {
  await loadMessages();
  translate(document);
  nameSlider();
  const preview = (id) => openPreview(id).catch(report);
  startBrowse();
  startAdd(browse);
  startList(preview);
  startReorder();
  startMenu(preview, report);
  startSettings(chooseFolder);
  startPresets(report);
  startQueue(report);
  startEnding();
  startPreview();
  startLive(report);
  startPreferences();
  startSheet();
  on("online", () => setShown(byId("offline"), !store.online));
  document.body.classList.add("ready");
  await connect();
}

start().catch(report);
