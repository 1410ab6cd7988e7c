// The element <clip-pair>: two clips beside each other, or in turn, that loop in step.
//
//   <clip-pair before="a.mp4" after="b.mp4" before-name="base" after-name="natural">
//
// Attributes: before, after (addresses), before-name, after-name, view ("side",
// "before" or "after"), zoom ("fit" or "1"), plain (no buttons). It plays as soon as
// both can, unless the system wants less motion. Keys within: space, S, F, Z.

/** Seconds between the two from which on the second one is set, not sped up. */
const FAR_SECONDS = 0.15;
/** Seconds in which a smaller distance is made up. */
const MADE_UP_SECONDS = 0.3;
const SPEEDS = [1, 0.5, 0.25];

export const clipWords = {
  play: "Play",
  pause: "Pause",
  both: "Both",
  flip: "Flip",
  actual: "1:1",
  speed: "Speed",
  before: "before",
  after: "after",
};

const part = (tag, className = "", values = {}) =>
  Object.assign(document.createElement(tag), { className, ...values });

export class ClipPair extends HTMLElement {
  static observedAttributes = [
    "before", "after", "before-name", "after-name", "view", "zoom", "plain",
  ];

  #videos = null;
  #parts = null;
  #playing = false;
  #turn = 0;
  #loads = 0;
  #speed = 1;

  connectedCallback() {
    if (!this.#parts) this.#build();
    this.#load();
  }

  disconnectedCallback() {
    this.pause();
  }

  attributeChangedCallback(name) {
    if (!this.#parts || !this.isConnected) return;
    if (name === "before" || name === "after") this.#load();
    else this.#draw();
  }

  get view() { return this.getAttribute("view") ?? "side"; }
  set view(name) { this.setAttribute("view", name); }
  get zoom() { return this.getAttribute("zoom") ?? "fit"; }
  set zoom(value) { this.setAttribute("zoom", value); }
  get playing() { return this.#playing; }

  /** Shows the other clip alone, in the same place: each call is a turn. */
  flip() {
    this.view = this.view === "after" ? "before" : "after";
  }

  play() {
    if (this.#playing) return;
    this.#playing = true;
    this.#draw();
    this.#start();
    this.#follow();
  }

  pause() {
    this.#playing = false;
    cancelAnimationFrame(this.#turn);
    for (const video of this.#videos ?? []) video.pause();
    if (this.#parts) this.#draw();
  }

  /** Does what a key stands for; whether it stands for anything. */
  press(key) {
    const { play, both, flip, actual } = this.#parts.buttons;
    const button = { " ": play, s: both, f: flip, z: actual }[key.toLowerCase()];
    if (!button || this.hasAttribute("plain")) return false;
    button.click();
    return true;
  }

  #build() {
    const sides = part("div", "sides"), tools = part("div", "tools bar");
    const side = () => part("figure", "side"), names = [0, 1].map(() => part("figcaption", "name"));
    this.#videos = [0, 1].map(() => {
      const video = part("video", "", { muted: true, playsInline: true, preload: "auto" });
      video.setAttribute("playsinline", "");
      return video;
    });
    this.#videos.forEach((video, number) => {
      const figure = side();
      figure.append(video, names[number]);
      sides.append(figure);
      video.addEventListener("ended", () => this.#again());
    });
    const buttons = this.#buttons(), speed = this.#speeds();
    tools.append(...Object.values(buttons), speed);
    this.replaceChildren(sides, tools);
    this.#parts = { sides, tools, names, buttons };
    this.addEventListener("keydown", (event) => {
      const plain = !(event.ctrlKey || event.metaKey || event.altKey);
      const chosen = event.target.closest("button, select") && event.key === " ";
      if (plain && !chosen && this.press(event.key)) event.preventDefault();
    });
  }

  #buttons() {
    const effects = {
      play: ["", () => (this.#playing ? this.pause() : this.play())],
      both: ["S", () => { this.view = "side"; }],
      flip: ["F", () => this.flip()],
      actual: ["Z", () => { this.zoom = this.zoom === "fit" ? "1" : "fit"; }],
    };
    return Object.fromEntries(Object.entries(effects).map(([name, [key, effect]]) => {
      const button = part("button", "", { type: "button" });
      button.append(part("span", "", { textContent: clipWords[name] }));
      if (key) button.append(part("kbd", "", { textContent: key }));
      if (key) button.setAttribute("aria-keyshortcuts", key);
      button.addEventListener("click", effect);
      return [name, button];
    }));
  }

  #speeds() {
    const label = part("label"), select = part("select");
    for (const speed of SPEEDS)
      select.append(part("option", "", { value: speed, textContent: `× ${speed}` }));
    select.addEventListener("change", () => {
      this.#speed = Number(select.value);
      for (const video of this.#videos) video.playbackRate = this.#speed;
    });
    label.append(part("span", "spoken", { textContent: clipWords.speed }), select);
    return label;
  }

  async #load() {
    const load = ++this.#loads;
    const sources = ["before", "after"].map((name) => this.getAttribute(name));
    this.pause();
    if (!sources.every(Boolean)) return;
    await Promise.all(this.#videos.map((video, number) => new Promise((ready) => {
      video.addEventListener("canplaythrough", ready, { once: true });
      video.src = sources[number];
      video.load();
    })));
    if (load !== this.#loads) return;
    this.dispatchEvent(new Event("load"));
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  async #start() {
    const load = this.#loads, [first, second] = this.#videos;
    second.currentTime = first.currentTime;
    for (const video of this.#videos) video.playbackRate = this.#speed;
    // A pause while it begins is no failure.
    await Promise.allSettled(this.#videos.map((video) => video.play()));
    if (load !== this.#loads || !this.#playing) this.#videos.forEach((v) => v.pause());
  }

  /** From the beginning, when both have ended. */
  #again() {
    const [first, second] = this.#videos;
    if (!this.#playing || !(first.ended && second.ended)) return;
    first.currentTime = second.currentTime = 0;
    this.#start();
  }

  /** Keeps the second clip with the first. */
  #follow() {
    const [first, second] = this.#videos;
    this.#turn = requestAnimationFrame(() => this.#follow());
    if (first.ended || second.ended || first.seeking || second.seeking) return;
    const behind = first.currentTime - second.currentTime;
    if (Math.abs(behind) > FAR_SECONDS) second.currentTime = first.currentTime;
    second.playbackRate = this.#speed * (1 + behind / MADE_UP_SECONDS / 2);
  }

  #draw() {
    const { names, tools, buttons, sides } = this.#parts, { view } = this;
    ["before", "after"].forEach((name, number) => {
      names[number].textContent = this.getAttribute(`${name}-name`) ?? clipWords[name];
      sides.children[number].hidden = view !== "side" && view !== name;
    });
    tools.hidden = this.hasAttribute("plain");
    buttons.play.firstChild.textContent = this.#playing ? clipWords.pause : clipWords.play;
    buttons.both.setAttribute("aria-pressed", view === "side");
    buttons.flip.setAttribute("aria-pressed", view !== "side");
    buttons.actual.setAttribute("aria-pressed", this.zoom !== "fit");
  }
}

customElements.define("clip-pair", ClipPair);
