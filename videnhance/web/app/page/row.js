// One row of the list: made once, then only what changed in it is touched.

import { rowAddress } from "./api.js";
import { copy, icon, make, setAttribute, setShown, setText } from "./dom.js";
import { store } from "./store.js";
import { bytes, clock, number, percent, said, showSaid, span, t } from "./words.js";

const THUMBNAIL_PIXELS = 256;
const ICONS = {
  looking: "dots",
  ready: "dot",
  refused: "cross",
  waiting: "clock",
  running: "run",
  paused: "pause",
  done: "check",
  failed: "cross",
};

/** The share of a row that is done, 0 to 1. */
export function share(row) {
  if (row.state === "done") return 1;
  const { frames, total } = row.progress ?? {};
  return total ? Math.min(frames / total, 1) : 0;
}

/** The last part of a path, of any system. */
export const lastName = (path) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

/** The folder of a path. */
export const folderOf = (path) => path.replace(/[\\/][^\\/]*$/, "") || "/";

function facts({ info, plan, kind }) {
  if (kind === "folder") return t("row.folder");
  if (!info) return "";
  const size = `${info.width} × ${info.height}`;
  const becomes = plan ? `${size} → ${plan.width} × ${plan.height}` : size;
  const rate = info.rate ? t("row.rate", { rate: number(info.rate, 2) }) : "";
  const length = info.seconds ? clock(info.seconds) : "";
  return [becomes, length, rate, info.bytes ? bytes(info.bytes) : ""]
    .filter(Boolean)
    .join(" · ");
}

function expected({ state, plan, target }) {
  const name = lastName(target ?? "");
  if (state === "done") return t("row.target", { name });
  if (!plan) return "";
  return t("row.expect", { time: span(plan.seconds ?? 0), size: bytes(plan.bytes ?? 0), name });
}

function progressed({ kind, state, progress }) {
  if (!progress || state === "done") return "";
  const { frames, total, frames_per_second: rate, seconds_left: left } = progress;
  const parts = [
    t(kind === "folder" ? "row.files" : "row.frames", {
      frames: number(frames),
      total: number(total),
    }),
  ];
  if (state === "running" && rate) parts.push(t("row.speed", { rate: number(rate, 1) }));
  if (state === "running" && left != null) parts.push(t("row.left", { time: span(left) }));
  return parts.join(" · ");
}

/** The row's node with an `update` that takes it from one state to the next. */
export class RowView {
  constructor(row) {
    const { root, parts } = copy("row-template");
    Object.assign(this, { root, parts, id: row.id, last: {} });
    root.dataset.id = row.id;
    parts.stand.firstElementChild.setAttribute(
      "href",
      `/page/icons.svg#${row.kind === "folder" ? "folder" : "film"}`,
    );
    // What cannot be read has no picture.
    parts.picture.addEventListener("error", () => setShown(parts.picture, false));
    this.update(row);
  }

  update(row) {
    const { root, parts } = this;
    setAttribute(root, "data-state", row.state);
    if (this.last.name !== row.name) this.#name(row);
    if (this.last.state !== row.state || !this.last.info !== !row.info) this.#state(row);
    this.#look(row);
    setText(parts.facts, facts(row));
    setText(parts.expected, expected(row));
    setText(parts.progressed, progressed(row));
    showSaid(parts.error, row.error ?? "", `${row.source}: `);
    const lost = row.plan?.lost ?? [];
    setText(
      parts.lost,
      lost.length && row.state !== "done" ? t("row.lost", { what: lost.map(said).join("; ") }) : "",
    );
    this.#percent(row);
    this.#details(row);
    this.last = row;
  }

  #name(row) {
    const { parts } = this;
    setText(parts.name, row.name);
    setAttribute(parts.name, "title", row.source);
    setAttribute(parts.pick, "aria-label", t("row.pick", { name: row.name }));
    setAttribute(parts.preview, "aria-label", t("row.preview", { name: row.name }));
    setAttribute(parts.menu, "aria-label", t("row.menu", { name: row.name }));
    setAttribute(parts.handle, "aria-label", t("row.handle", { name: row.name }));
  }

  #state(row) {
    const { parts } = this;
    parts.badge.replaceChildren(icon(ICONS[row.state]), t(`state.${row.state}`));
    setShown(parts.bar, row.state === "running" || row.state === "paused");
    parts.preview.disabled = !row.info || row.state === "refused" || row.kind === "folder";
    const before = ["looking", "ready", "waiting", "paused"].includes(row.state);
    setShown(parts.look, before && !parts.preview.disabled);
    setShown(parts.retry, row.state === "failed" || row.state === "refused");
    setShown(parts.pause, row.state === "running");
    setShown(parts.resume, row.state === "paused");
    setShown(parts.play, row.state === "done" && row.kind === "file");
    setShown(parts.folder, row.state === "done" && store.can.open_folder === true);
  }

  /** Loads the picture once it is known that there is one. */
  #look(row) {
    const { picture } = this.parts;
    if (picture.getAttribute("src") || !row.info || row.kind === "folder") return;
    const at = Math.min((row.info.seconds ?? 0) / 10, 10).toFixed(2);
    picture.src = rowAddress(row.id, "thumbnail", { at, width: THUMBNAIL_PIXELS });
    setShown(picture, true);
  }

  #percent(row) {
    const { bar } = this.parts,
      done = share(row);
    if (bar.hidden || this.shown === done) return;
    this.shown = done;
    bar.firstElementChild.style.transform = `scaleX(${done})`;
    setAttribute(bar, "aria-valuenow", Math.floor(done * 100));
    setAttribute(bar, "aria-valuetext", percent(done));
  }

  /** What is kept and changed, in a part that opens. */
  #details(row) {
    const { details, kept } = this.parts;
    const { kept: same = [], changed = [], lost = [] } = row.plan ?? {};
    const notices = row.notices ?? [],
      key = JSON.stringify([same, changed, lost, notices]);
    if (this.told === key) return;
    this.told = key;
    setShown(details, same.length + changed.length + notices.length > 0);
    const lists = { kept: same, changed, lost, notices };
    kept.replaceChildren(
      ...Object.entries(lists).flatMap(([name, lines]) =>
        !lines.length
          ? []
          : [
              make("dt", { textContent: t(`details.${name}`) }),
              ...lines.map((line) => showSaid(make("dd"), line)),
            ],
      ),
    );
    const values = { kept: same.length, changed: changed.length, n: changed.length };
    setText(
      details.firstElementChild,
      changed.length ? t("details.some", values) : t("details.all"),
    );
  }
}
