// Small questions: yes or no, or a name.

import { byId, openDialog } from "./dom.js";

/** Whether the user says yes, by a button with these words. */
export async function ask(question, yes) {
  byId("ask-question").textContent = question;
  byId("ask-yes").textContent = yes;
  byId("ask-field").hidden = true;
  return (await openDialog(byId("ask"))) === "yes";
}

/** What the user types for an answer, or "" for none. */
export async function askName(question, yes, value = "") {
  const input = byId("ask-name");
  byId("ask-question").textContent = question;
  byId("ask-yes").textContent = yes;
  byId("ask-field").hidden = false;
  input.value = value;
  const answer = openDialog(byId("ask"));
  input.focus();
  return (await answer) === "yes" ? input.value.trim() : "";
}
