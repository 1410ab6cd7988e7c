// The element <before-after>: two pictures under one slider.
//
//   <before-after before="a.png" after="b.png" before-name="base" after-name="natural">
//
// Attributes: before, after (addresses), before-name, after-name, loupe, zoom ("fit" or
// device pixels for each pixel, as "1"), view ("split", "before", "after" or
// "difference"), plain (no buttons). Changing an address keeps zoom and place. Event
// "change": zoom, view or loupe were changed by the user. Keys: arrows, Home, End on
// the slider; arrows on a larger picture; S, F, Z, D, L anywhere within.

import { drawDifference } from "./difference.js";

const LOUPE_PIXELS = 160;
const LOUPE_TIMES = 4;
const STEP = 2;
const LARGE_STEP = 10;
const PAN_PIXELS = 60;

export const words = {
  before: "before",
  after: "after",
  slider: "Share of the picture on the left",
  picture: "Picture; the arrow keys move it",
  split: "Slider",
  flip: "Flip",
  actual: "1:1",
  difference: "Difference",
  loupe: "Loupe",
  same: "no difference",
  times: (factor) => `differences, shown ${factor} times as large`,
};

const made = (tag, className = "", values = {}) =>
  Object.assign(document.createElement(tag), { className, ...values });

const between = (low, value, high) => Math.min(Math.max(value, low), high);

export class BeforeAfter extends HTMLElement {
  static observedAttributes = [
    "before", "after", "before-name", "after-name", "zoom", "view", "loupe", "plain",
  ];

  #split = 0.5;
  #centre = { x: 0.5, y: 0.5 };
  #pointer = null;
  #drag = null;
  #parts = null;
  #loads = 0;
  #sized = new ResizeObserver(() => this.#draw());

  connectedCallback() {
    if (!this.#parts) this.#build();
    this.#sized.observe(this.#parts.stage);
    this.#load();
  }

  disconnectedCallback() {
    this.#sized.disconnect();
  }

  attributeChangedCallback(name) {
    if (!this.#parts || !this.isConnected) return;
    if (name === "before" || name === "after") this.#load();
    else if (name === "view") this.#show();
    else this.#draw();
  }

  /** Share of the width that is the first picture's, 0 to 1. */
  get split() { return this.#split; }
  set split(share) {
    this.#split = between(0, share, 1);
    this.#draw();
  }

  get view() { return this.getAttribute("view") ?? "split"; }
  set view(name) { this.setAttribute("view", name); }
  get zoom() { return this.getAttribute("zoom") ?? "fit"; }
  set zoom(value) { this.setAttribute("zoom", value); }

  /** Shows the other picture whole: each call is a turn of the flicker test. */
  flip() {
    this.view = this.view === "after" ? "before" : "after";
  }

  /** Does what a key stands for; whether it stands for anything. */
  press(key) {
    const { split, flip, actual, difference, loupe } = this.#parts.buttons;
    const keys = { s: split, f: flip, z: actual, d: difference, l: loupe };
    const button = keys[key.toLowerCase()];
    if (!button || this.hasAttribute("plain")) return false;
    button.click();
    return true;
  }

  #build() {
    const stage = made("div", "stage"), before = made("div", "layer");
    const after = made("div", "layer"), canvas = made("canvas");
    const handle = made("div", "handle", { tabIndex: 0 });
    const left = made("span", "name left"), right = made("span", "name right");
    const loupe = made("div", "loupe"), told = made("span", "told");
    const tools = made("div", "tools bar"), buttons = this.#buttons();
    loupe.append(made("canvas"), made("canvas"));
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-orientation", "horizontal");
    told.setAttribute("role", "status");
    before.append(made("img", "", { alt: "" }));
    after.append(made("img", "", { alt: "" }), canvas);
    stage.append(after, before, left, right, handle, loupe);
    tools.append(...Object.values(buttons), told);
    this.replaceChildren(stage, tools);
    this.#parts = { stage, before, after, canvas, handle, left, right, loupe, tools };
    Object.assign(this.#parts, { told, buttons });
    this.#listen();
  }

  #buttons() {
    const effects = {
      split: ["S", () => { this.view = "split"; }],
      flip: ["F", () => this.flip()],
      actual: ["Z", () => { this.zoom = this.zoom === "fit" ? "1" : "fit"; }],
      difference: ["D", () => {
        this.view = this.view === "difference" ? "split" : "difference";
      }],
      loupe: ["L", () => this.toggleAttribute("loupe")],
    };
    return Object.fromEntries(Object.entries(effects).map(([name, [key, effect]]) => {
      const button = made("button", "", { type: "button" });
      button.append(words[name], " ", made("kbd", "", { textContent: key }));
      button.setAttribute("aria-keyshortcuts", key);
      button.addEventListener("click", () => {
        effect();
        this.dispatchEvent(new Event("change", { bubbles: true }));
      });
      return [name, button];
    }));
  }

  #listen() {
    const { stage, handle } = this.#parts;
    stage.addEventListener("pointerdown", (event) => this.#grab(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"])
      stage.addEventListener(kind, () => { this.#drag = null; });
    stage.addEventListener("pointerleave", () => {
      this.#pointer = null;
      this.#drawLoupe();
    });
    stage.addEventListener("dblclick", (event) => this.#toggleAt(event));
    handle.addEventListener("keydown", (event) => this.#slideByKey(event));
    stage.addEventListener("keydown", (event) => this.#panByKey(event));
    this.addEventListener("keydown", (event) => this.#press(event));
  }

  async #load() {
    const load = ++this.#loads;
    const sources = ["before", "after"].map((name) => this.getAttribute(name));
    if (!sources.every(Boolean)) return;
    this.setAttribute("aria-busy", "true");
    const images = sources.map((src) => made("img", "", { alt: "", src }));
    const done = await Promise.allSettled(images.map((image) => image.decode()));
    if (load !== this.#loads) return;
    this.removeAttribute("aria-busy");
    if (done.some(({ status }) => status === "rejected")) {
      this.dispatchEvent(new Event("error"));
      return;
    }
    this.#parts.before.replaceChildren(images[0]);
    this.#parts.after.replaceChildren(images[1], this.#parts.canvas);
    this.#parts.stage.style.aspectRatio =
      `${images[1].naturalWidth} / ${images[1].naturalHeight}`;
    this.#show();
    this.dispatchEvent(new Event("load"));
  }

  get #images() {
    return [this.#parts.before.firstChild, this.#parts.after.firstChild];
  }

  /** Zoom and corner of the picture in the stage, in CSS pixels. */
  get #place() {
    const { clientWidth: wide, clientHeight: high } = this.#parts.stage;
    const { naturalWidth: width, naturalHeight: height } = this.#images[1];
    const fit = Math.min(wide / width, high / height);
    const scale = this.zoom === "fit" ? fit : Number(this.zoom) / devicePixelRatio;
    const along = (room, length, centre) => length <= room
      ? (room - length) / 2
      : between(room - length, room / 2 - centre * length, 0);
    return {
      scale,
      x: along(wide, width * scale, this.#centre.x),
      y: along(high, height * scale, this.#centre.y),
      larger: width * scale > wide + 1 || height * scale > high + 1,
    };
  }

  #show() {
    const { canvas, told } = this.#parts, [before, after] = this.#images;
    const differs = this.view === "difference" && after.naturalWidth > 0;
    const factor = differs ? drawDifference(canvas, before, after) : 0;
    canvas.hidden = !differs;
    told.textContent = !differs ? "" : factor ? words.times(factor) : words.same;
    this.#draw();
  }

  #draw() {
    const { stage, before, after, canvas, handle, left, right } = this.#parts;
    const { tools, buttons } = this.#parts, [one, two] = this.#images;
    if (!two.naturalWidth) return;
    const { scale, x, y, larger } = this.#place, { view } = this;
    const split = { split: this.#split, before: 1 }[view] ?? 0;
    for (const child of [one, two, canvas]) {
      child.style.width = `${two.naturalWidth * scale}px`;
      child.style.height = `${two.naturalHeight * scale}px`;
      child.style.transform = `translate(${x}px, ${y}px)`;
    }
    before.style.clipPath = `inset(0 ${100 - split * 100}% 0 0)`;
    after.style.clipPath = `inset(0 0 0 ${split * 100}%)`;
    handle.style.left = `${split * 100}%`;
    stage.tabIndex = larger ? 0 : -1;
    // Whoever has the slider's focus keeps the keys when it goes.
    if (view !== "split" && handle === document.activeElement) stage.focus();
    handle.hidden = view !== "split";
    stage.classList.toggle("larger", larger);
    stage.classList.toggle("sharp", scale * devicePixelRatio >= 1);
    this.#say(split);
    left.hidden = view === "after" || view === "difference" || split < 0.02;
    right.hidden = view === "before" || view === "difference" || split > 0.98;
    tools.hidden = this.hasAttribute("plain");
    buttons.split.setAttribute("aria-pressed", view === "split");
    buttons.flip.setAttribute("aria-pressed", view === "before" || view === "after");
    buttons.actual.setAttribute("aria-pressed", this.zoom !== "fit");
    buttons.difference.setAttribute("aria-pressed", view === "difference");
    buttons.loupe.setAttribute("aria-pressed", this.hasAttribute("loupe"));
    this.#drawLoupe();
  }

  #say(split) {
    const { handle, left, right, stage } = this.#parts;
    left.textContent = this.getAttribute("before-name") ?? words.before;
    right.textContent = this.getAttribute("after-name") ?? words.after;
    const share = Math.round(split * 100);
    const values = { valuemin: 0, valuemax: 100, valuenow: share, label: words.slider };
    values.valuetext = `${share} % ${left.textContent}`;
    for (const [name, value] of Object.entries(values))
      handle.setAttribute(`aria-${name}`, value);
    stage.setAttribute("role", "group");
    stage.setAttribute("aria-label", words.picture);
  }

  #drawLoupe() {
    const { stage, loupe } = this.#parts, at = this.#pointer;
    loupe.hidden = !(this.hasAttribute("loupe") && at);
    if (loupe.hidden) return;
    const { scale, x, y } = this.#place, [, two] = this.#images;
    const { clientWidth, clientHeight } = stage;
    const pixels = Math.min(LOUPE_PIXELS, Math.round(clientHeight * 0.45));
    const side = pixels / LOUPE_TIMES;
    const seen = { x: (at.x - x) / scale - side / 2, y: (at.y - y) / scale - side / 2 };
    [...loupe.children].forEach((canvas, number) => {
      const image = this.#images[number], ratio = image.naturalWidth / two.naturalWidth;
      Object.assign(canvas, { width: pixels, height: pixels });
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      const part = [seen.x, seen.y, side, side].map((value) => value * ratio);
      pen.drawImage(image, ...part, 0, 0, pixels, pixels);
    });
    const wide = 2 * pixels + 6, room = clientHeight - pixels - 4;
    const top = at.y > clientHeight / 2 ? at.y - pixels - 28 : at.y + 24;
    loupe.style.left = `${between(0, at.x - wide / 2, clientWidth - wide)}px`;
    loupe.style.top = `${between(0, top, room)}px`;
  }

  #at(event) {
    const box = this.#parts.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #grab(event) {
    if (event.button) return;
    const { stage, handle } = this.#parts, at = this.#at(event);
    const slides = event.target === handle || !this.#place.larger;
    stage.setPointerCapture(event.pointerId);
    this.#drag = slides ? "slide" : { ...at, centre: { ...this.#centre } };
    if (slides && this.view === "split") handle.focus({ preventScroll: true });
    this.#move(event);
  }

  #move(event) {
    const at = this.#at(event), { stage } = this.#parts, [, two] = this.#images;
    this.#pointer = at;
    if (this.#drag === "slide" && this.view === "split") {
      this.split = at.x / stage.clientWidth;
    } else if (this.#drag && this.#drag !== "slide") {
      const { scale } = this.#place, { x, y, centre } = this.#drag;
      this.#look(
        centre.x - (at.x - x) / (two.naturalWidth * scale),
        centre.y - (at.y - y) / (two.naturalHeight * scale),
      );
    } else {
      this.#drawLoupe();
    }
  }

  /** Brings a point of the picture, as shares of its sides, to the middle. */
  #look(x, y) {
    const { scale } = this.#place, [, two] = this.#images, { stage } = this.#parts;
    const near = (value, room, length) => {
      const half = Math.min(room / length / 2, 0.5);
      return between(half, value, 1 - half);
    };
    this.#centre = {
      x: near(x, stage.clientWidth, two.naturalWidth * scale),
      y: near(y, stage.clientHeight, two.naturalHeight * scale),
    };
    this.#draw();
  }

  #toggleAt(event) {
    const { scale, x, y } = this.#place, at = this.#at(event), [, two] = this.#images;
    const point = [
      (at.x - x) / scale / two.naturalWidth, (at.y - y) / scale / two.naturalHeight,
    ];
    this.#parts.buttons.actual.click();
    this.#look(...point);
  }

  #slideByKey(event) {
    const step = (event.shiftKey ? LARGE_STEP : STEP) / 100;
    const to = {
      ArrowLeft: this.#split - step, ArrowDown: this.#split - step,
      ArrowRight: this.#split + step, ArrowUp: this.#split + step,
      PageDown: this.#split - LARGE_STEP / 100, PageUp: this.#split + LARGE_STEP / 100,
      Home: 0, End: 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.split = to;
  }

  #panByKey(event) {
    const way = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[event.key];
    if (!way || event.target !== this.#parts.stage || !this.#place.larger) return;
    event.preventDefault();
    const { scale } = this.#place, [, two] = this.#images;
    this.#look(
      this.#centre.x + way[0] * PAN_PIXELS / (two.naturalWidth * scale),
      this.#centre.y + way[1] * PAN_PIXELS / (two.naturalHeight * scale),
    );
  }

  #press(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    if (plain && this.press(event.key)) event.preventDefault();
  }
}

customElements.define("before-after", BeforeAfter);
