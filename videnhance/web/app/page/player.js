// Plays a finished film beside its source.

import { rowAddress } from "./api.js";
import { byId, openDialog, setText } from "./dom.js";
import { fillPair, stopPair } from "./pair.js";

/** Plays a row until its dialog is closed. */
export async function openPlayer(row) {
  const [source, result] = ["source", "result"].map((which) =>
    rowAddress(row.id, "media", { which }),
  );
  setText(byId("player-title"), row.name);
  const closed = openDialog(byId("player"));
  fillPair(byId("player-pair"), { source, result, loop: false });
  await closed;
  stopPair();
}
