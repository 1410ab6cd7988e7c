// The sample page: what each way takes, and two of them at one moment.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const KINDS = { still: "image/webp", clip: "video/mp4", thumb: "image/jpeg" };
const addresses = new Map();

/** The address of a still, clip or thumbnail that stands in the page. */
function address(...name) {
  const id = name.join("-");
  if (!addresses.has(id)) {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
    addresses.set(id, URL.createObjectURL(new Blob([bytes], { type: KINDS[name[0]] })));
  }
  return addresses.get(id);
}

const clock = (seconds) => {
  const whole = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  const rest = `${two(whole % 60)}.${Math.floor((seconds % 1) * 10)}`;
  return hours ? `${hours}:${two(minutes % 60)}:${rest}` : `${minutes}:${rest}`;
};

function describe() {
  byId("about").textContent = data.source.about.join(" · ");
  byId("made").textContent =
    `Made by videnhance ${data.version} on ${data.made}. Times were measured on the machine `
    + `that made this page, with ${data.cores} processor cores, and stand for the whole file. `
    + "Clips are coded for the browser; stills are lossless or near it.";
  const traits = data.source.traits ?? [];
  byId("is").hidden = !traits.length;
  byId("traits").append(...traits.map((words) => node("li", {}, words)));
  byId("columns").append(...data.columns.slice(1).map(card));
}

function card(column) {
  const made = node("article", { className: "card column" });
  const takes = node("p", { className: "takes number" },
    node("span", {}, "Time ", node("b", {}, column.time)),
    node("span", {}, "Size ", node("b", {}, column.size)));
  const code = node("code", { className: "block", tabIndex: 0 }, column.command);
  const copy = node("button", { type: "button" }, "Copy");
  copy.setAttribute("aria-label", `Copy the command of ${column.name}`);
  copy.addEventListener("click", () => copied(column.command, copy, code));
  made.append(node("h3", {}, column.name),
    node("p", { className: "quiet" }, column.what), takes,
    node("p", { className: "quiet number" }, `${column.rate} frames a second`));
  if (column.notices.length)
    made.append(node("details", {}, node("summary", {}, "Notes"),
      node("ul", {}, ...column.notices.map((words) => node("li", {}, words)))));
  made.append(node("div", { className: "command" }, code, copy));
  return made;
}

/** Copies words; where the browser does not let it, they are chosen to be copied. */
async function copied(words, button, shown) {
  try {
    await navigator.clipboard.writeText(words);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = document.execCommand("copy") ? "Copied" : "Chosen";
  }
}

const state = { moment: 0, left: 0, right: 1, clip: false };
const slider = document.createElement("before-after");
const clips = document.createElement("clip-pair");

function show() {
  const moment = data.moments[state.moment], { left, right } = state;
  const element = state.clip ? clips : slider, kind = state.clip ? "clip" : "still";
  if (!state.clip) clips.pause();
  if (byId("stage").firstChild !== element) byId("stage").replaceChildren(element);
  for (const [name, column] of [["before", left], ["after", right]]) {
    element.setAttribute(name, address(kind, state.moment, column));
    element.setAttribute(`${name}-name`, data.columns[column].name);
  }
  byId("left").value = left;
  byId("right").value = right;
  byId("as-still").setAttribute("aria-pressed", !state.clip);
  byId("as-clip").setAttribute("aria-pressed", state.clip);
  byId("as-clip").disabled = !moment.clip;
  [...byId("moments").children].forEach((button, n) =>
    button.setAttribute("aria-pressed", n === state.moment));
  byId("place").textContent = `${moment.why}: the frame at ${clock(moment.still)}`
    + (moment.whole ? "" : "; a part of the picture, pixel for pixel");
}

function choose(change) {
  Object.assign(state, change);
  state.clip = state.clip && data.moments[state.moment].clip;
  show();
}

function build() {
  byId("moments").append(...data.moments.map((moment, n) => {
    const image = node("img", { alt: "", src: address("thumb", n) });
    const button = node("button", { type: "button" }, image,
      node("small", {}, `${clock(moment.seconds)} ${moment.why}`));
    button.addEventListener("click", () => choose({ moment: n }));
    return button;
  }));
  for (const side of ["left", "right"]) {
    byId(side).append(...data.columns.map(({ name }, n) =>
      node("option", { value: n }, name)));
    byId(side).addEventListener("change", (event) =>
      choose({ [side]: Number(event.target.value) }));
  }
  byId("as-still").addEventListener("click", () => choose({ clip: false }));
  byId("as-clip").addEventListener("click", () => choose({ clip: true }));
}

/** Two columns at a moment, without names: clips, or stills where nothing moves. */
function nameless(moment, left, right) {
  clips.pause();
  const kind = data.moments[moment].clip ? "clip" : "still";
  const element = document.createElement(kind === "clip" ? "clip-pair" : "before-after");
  for (const [name, column] of [["before", left], ["after", right]]) {
    element.setAttribute(name, address(kind, moment, column));
    element.setAttribute(`${name}-name`, name === "before" ? "A" : "B");
  }
  if (kind === "clip") element.setAttribute("zoom", "1");
  return element;
}

describe();
build();
show();
const blind = new BlindTest(byId("ask"), data, nameless);

document.addEventListener("keydown", (event) => {
  const inControl = event.target.closest("input, select, textarea");
  const onButton = event.key === " " && event.target.closest("button, summary");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (inControl || onButton) return;
  const number = Number(event.key) - 1;
  const inBlind = byId("blind").contains(event.target);
  if (inBlind ? blind.press(event.key) : byId("stage").firstChild.press(event.key)) {
    event.preventDefault();
  } else if (event.key.toLowerCase() === "c") {
    choose({ clip: !state.clip });
  } else if (number >= 0 && number < data.moments.length) {
    choose({ moment: number });
  }
});
