// The blind test: pairs in random order, on random sides, without names.

const SHOWN_CHANCE = 3;

/** A list in random order. */
const shuffled = (list) => {
  const made = [...list], [random] = [new Uint32Array(made.length)];
  crypto.getRandomValues(random);
  return made.map((item, n) => [random[n], item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);
};

/** How often a coin decides as one-sidedly: the two-sided sign test. */
const chanceOf = (wins, losses) => {
  const all = wins + losses;
  let sum = 0, term = 2 ** -all;
  for (let n = 0; n <= Math.min(wins, losses); n++) {
    sum += term;
    term *= (all - n) / (n + 1);
  }
  return all ? Math.min(1, 2 * sum) : 1;
};

/** For each pair of names, in the order given, how often each was better. */
const countsOf = (answers, names) => {
  const found = new Map();
  for (const { left, right, better } of answers) {
    const [one, two] = [left, right].sort((a, b) => names.indexOf(a) - names.indexOf(b));
    const key = `${one}\n${two}`;
    const row = found.get(key) ?? { one, two, one_better: 0, same: 0, two_better: 0 };
    row[better === null ? "same" : better === one ? "one_better" : "two_better"] += 1;
    found.set(key, row);
  }
  return [...found.values()];
};

/** A blind test in an element; `pairOf(moment, left, right)` makes what is looked at. */
class BlindTest {
  constructor(root, data, pairOf) {
    Object.assign(this, { root, data, pairOf, names: data.columns.map((c) => c.name) });
    root.tabIndex = -1;
    this.invite();
  }

  /** Shows other elements; whoever had the focus within keeps it. */
  show(...children) {
    const inside = this.root.contains(document.activeElement);
    this.root.replaceChildren(...children);
    if (inside) this.root.focus({ preventScroll: true });
  }

  invite() {
    const ways = this.names.length, pairs = (ways * (ways - 1)) / 2;
    const words = node("p", {}, `${pairs * this.data.moments.length} pairs, one after `
      + "the other: which looks better? Sides are random and names hidden until the end; "
      + "stop whenever you like.");
    const begin = node("button", { className: "primary", type: "button" }, "Begin");
    begin.addEventListener("click", () => this.begin());
    this.show(words, begin);
  }

  begin() {
    const pairs = this.data.columns.flatMap((_, one) =>
      this.data.columns.slice(one + 1).map((_, n) => [one, one + 1 + n]));
    this.trials = shuffled(this.data.moments.flatMap((_, moment) =>
      pairs.map((pair) => ({ moment, sides: shuffled(pair) }))));
    this.answers = [];
    this.ask();
  }

  get running() {
    return Boolean(this.trials) && this.answers.length < this.trials.length;
  }

  ask() {
    if (!this.running) return this.tell();
    const { moment, sides } = this.trials[this.answers.length];
    const pair = this.pairOf(moment, ...sides);
    pair.classList.add("pair");
    const bar = node("progress", { max: this.trials.length, value: this.answers.length });
    bar.setAttribute("aria-label", "Pairs judged");
    const place = node("p", { className: "quiet" },
      `Pair ${this.answers.length + 1} of ${this.trials.length}`);
    place.setAttribute("role", "status");
    const answers = node("div", { className: "bar answers" });
    for (const [words, key, better] of [
      ["A is better", "←", 0], ["No difference", "↓", null], ["B is better", "→", 1],
    ]) {
      const button = node("button", { type: "button" }, `${words} `, node("kbd", {}, key));
      button.addEventListener("click", () => this.answer(better));
      answers.append(button);
    }
    const back = node("button", { className: "plain", type: "button" }, "Back");
    const end = node("button", { className: "plain", type: "button" }, "End and reveal");
    back.disabled = !this.answers.length;
    back.addEventListener("click", () => { this.answers.pop(); this.ask(); });
    end.addEventListener("click", () => this.tell());
    this.show(bar, place, pair, answers, node("div", { className: "bar" }, back, end));
    return undefined;
  }

  answer(side) {
    const { moment, sides } = this.trials[this.answers.length];
    const [left, right] = sides.map((column) => this.names[column]);
    const better = side === null ? null : [left, right][side];
    const seconds = this.data.moments[moment].seconds;
    this.answers.push({ seconds, left, right, better });
    this.ask();
  }

  /** Does what a key stands for; whether it stands for anything. */
  press(key) {
    const answer = { ArrowLeft: 0, ArrowDown: null, ArrowRight: 1 }[key];
    if (!this.running || answer === undefined) return false;
    this.answer(answer);
    return true;
  }

  tell() {
    const table = node("table"), counts = countsOf(this.answers, this.names);
    const line = (kind, cells) => table.append(node("tr", {}, ...cells.map((c) => node(kind, {}, String(c)))));
    line("th", ["Pair", "First better", "No difference", "Second better", "By chance"]);
    for (const row of counts)
      line("td", [
        `${row.one} against ${row.two}`, row.one_better, row.same, row.two_better,
        chanceOf(row.one_better, row.two_better).toFixed(SHOWN_CHANCE),
      ]);
    const words = node("p", {}, `${this.answers.length} of ${this.trials.length} pairs judged. `
      + "“By chance” is how often a coin would decide as one-sidedly.");
    words.setAttribute("role", "status");
    const save = node("button", { className: "primary", type: "button" }, "Save as JSON");
    const again = node("button", { type: "button" }, "Again");
    save.addEventListener("click", () => this.save(counts));
    again.addEventListener("click", () => this.begin());
    this.trials = null;
    this.show(words, node("div", { className: "wide" }, table), node("div", { className: "bar" }, save, again));
  }

  save(counts) {
    const { source, made, version } = this.data;
    const judged = new Date().toISOString();
    const text = JSON.stringify({ source: source.name, made, version, judged, counts, answers: this.answers }, null, 1);
    const link = node("a", { download: "judged.json" });
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

/** An element with properties and children. */
function node(tag, values = {}, ...children) {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
}
