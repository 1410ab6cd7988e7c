// The live window: chosen here, opened by the server in a window of its own.

import { send } from "./api.js";
import { byId, make, openDialog, say, setShown } from "./dom.js";
import { on, store } from "./store.js";
import { has, t } from "./words.js";

async function open() {
  const look = byId("live-look");
  look.replaceChildren(
    ...store.looks.map(({ name }) =>
      make("option", {
        value: name,
        textContent: has(`look.${name}`) ? t(`look.${name}`) : name,
      }),
    ),
  );
  if ((await openDialog(byId("live"))) !== "start") return;
  say(t("said.live"));
  await send("POST", "/api/live", {
    look: look.value,
    camera: Number(byId("live-camera").value),
  });
}

/** Listens to the button; errors go to `report`. */
export function startLive(report) {
  on("order", () => setShown(byId("open-live"), store.can.live === true));
  byId("open-live").addEventListener("click", () => open().catch(report));
}
