// The end of the work is told: by a sound, a notification, and words read out.

import { byId, say, setShown } from "./dom.js";
import { keep, kept } from "./kept.js";
import { on, store } from "./store.js";
import { t } from "./words.js";

const NOTES_HZ = [523.25, 659.25, 783.99];
const NOTE_S = 0.16;
const LOUDNESS = 0.08;

const wants = (what) => kept(what) === "yes";

/** Three quiet notes, made here: there is no file to load. */
function play() {
  const sound = new AudioContext();
  NOTES_HZ.forEach((pitch, number) => {
    const note = sound.createOscillator(),
      volume = sound.createGain();
    const start = sound.currentTime + number * NOTE_S;
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(LOUDNESS, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 2 * NOTE_S);
    note.connect(volume).connect(sound.destination);
    note.start(start);
    note.stop(start + 2 * NOTE_S);
    if (number === NOTES_HZ.length - 1) note.onended = () => sound.close();
  });
}

function finished(ids) {
  const rows = [...ids].map((id) => store.rows.get(id)).filter(Boolean);
  for (const row of rows) say(t(`said.${row.state}`, { name: row.name }));
  const busy = ["waiting", "running", "looking"];
  if ([...store.rows.values()].some((row) => busy.includes(row.state))) return;
  const count = (state) => [...store.rows.values()].filter((row) => row.state === state).length;
  const words = [t("queue.all", { n: count("done") })];
  if (count("failed")) words.push(t("queue.failed", { n: count("failed") }));
  if (wants("sound")) play();
  if (wants("notification") && Notification.permission === "granted")
    new Notification("videnhance", { body: words.join(" · "), icon: "/page/icon.svg" });
}

/** Listens for the end, and to the two choices. */
export function startEnding() {
  on("finished", finished);
  const sound = byId("sound"),
    notification = byId("notification");
  sound.checked = wants("sound");
  sound.addEventListener("change", () => {
    keep("sound", sound.checked ? "yes" : "no");
    if (sound.checked) play();
  });
  const allowed = () => "Notification" in window && Notification.permission !== "denied";
  notification.checked = wants("notification") && allowed();
  notification.disabled = !allowed();
  setShown(byId("notification-denied"), !allowed());
  notification.addEventListener("change", async () => {
    if (notification.checked && Notification.permission === "default")
      await Notification.requestPermission();
    notification.checked &&= Notification.permission === "granted";
    keep("notification", notification.checked ? "yes" : "no");
    setShown(byId("notification-denied"), !allowed());
  });
}
