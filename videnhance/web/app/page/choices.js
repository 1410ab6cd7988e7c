// The short choices of the settings (size, speed, quality ...), each as options of a
// conversion: `read` tells which choice options are, `write` the options of a choice.
//
// OWN stands for what no short choice is; its value is beside it in a field of its own.

export const OWN = "own";

const HEIGHTS = ["720p", "1080p", "1440p", "4k"];
const SKIPS = [1, 2, 4];
// What looks alike, for each encoder: very good, good (the default), smaller, small.
const QUALITIES = {
  libx264: { best: 14, good: null, smaller: 23, small: 28 },
  libx265: { best: 16, good: null, smaller: 25, small: 30 },
  libsvtav1: { best: 20, good: null, smaller: 34, small: 42 },
};
const ENCODERS = Object.keys(QUALITIES);

const size = {
  names: ["scale", "size"],
  read({ scale, size }) {
    if (size === null) return String(scale ?? 2);
    return HEIGHTS.includes(size.toLowerCase()) ? size.toLowerCase() : OWN;
  },
  write(choice, own) {
    if (choice === OWN) return { scale: null, size: own || null };
    if (HEIGHTS.includes(choice)) return { scale: null, size: choice };
    return { scale: choice === "2" ? null : Number(choice), size: null, fit: null };
  },
  own: ({ size }) => size ?? "",
};

const speed = {
  names: ["skip", "realtime", "deadline", "target_fps"],
  read({ skip, realtime, deadline, target_fps: rate }) {
    if (realtime) return "realtime";
    if (deadline !== null) return OWN;
    if (rate !== null) return "rate";
    return SKIPS.includes(skip) ? String(skip) : "skip";
  },
  write(choice, own) {
    const none = { skip: null, realtime: null, deadline: null, target_fps: null };
    if (choice === "realtime") return { ...none, realtime: true };
    if (choice === OWN) return { ...none, deadline: own || null };
    return { ...none, skip: choice === "1" ? null : Number(choice) };
  },
  own: ({ deadline }) => (deadline === null ? "" : String(deadline)),
};

const quality = {
  names: ["crf"],
  read({ crf, codec }) {
    const levels = QUALITIES[codec ?? "libx264"];
    const found = Object.entries(levels ?? { good: null }).find(([, value]) => value === crf);
    return found ? found[0] : OWN;
  },
  write: (choice, _own, { codec }) => ({
    crf: QUALITIES[codec ?? "libx264"]?.[choice] ?? null,
  }),
};

const codec = {
  names: ["codec"],
  read: ({ codec }) => (codec === null || ENCODERS.includes(codec) ? (codec ?? "") : OWN),
  // A quality is a number of one encoder's scale: it goes with its word to the other's.
  write(choice, _own, options) {
    const level = quality.read(options),
      next = choice || null;
    if (level === OWN) return { codec: next, crf: null };
    return { codec: next, ...quality.write(level, "", { codec: next }) };
  },
};

const plain = (name) => ({
  names: [name],
  read: (options) => options[name] ?? "",
  write: (choice) => ({ [name]: choice || null }),
});

export const choices = { look: plain("look"), size, speed, to: plain("to"), codec, quality };

/** All options of a row: its own, and the defaults. */
export function whole(own, options) {
  const defaults = Object.fromEntries(options.map((each) => [each.name, each.default ?? null]));
  return { size: null, scale: null, to: null, ...defaults, ...own };
}

/** Options with changes; what is null goes back to its default. */
export function changedBy(own, changes) {
  return Object.fromEntries(
    Object.entries({ ...own, ...changes }).filter(([, value]) => value !== null),
  );
}
