// Asks for the password, and opens the page.

import { Refused, send } from "./api.js";
import { loadMessages, t, translate } from "./words.js";

const said = (id) => document.getElementById(id);

async function submit(event) {
  event.preventDefault();
  said("login-error").textContent = "";
  try {
    await send("POST", "/api/login", { password: said("password").value });
    location.assign("/");
  } catch (error) {
    const key = error instanceof Refused ? "login.wrong" : "error.offline";
    said("login-error").textContent = t(key);
    said("password").select();
  }
}

await loadMessages();
translate(document);
said("login").addEventListener("submit", submit);
said("password").focus();
