// Asks the server; what it refuses comes as an error with its words.

/** What the server refused, in words for people. */
export class Refused extends Error {}

async function refusal(answer) {
  const told = await answer.json().catch(() => ({}));
  return new Refused(told.error ?? `${answer.status} ${answer.statusText}`);
}

/** Answers the JSON of an address. Throws Refused, or TypeError without a server. */
export async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

/** Sends JSON and answers JSON, null for an empty answer. Throws as `get`. */
export async function send(method, path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? null : answer.json();
}

/** Sends TOML as it is and answers JSON. Throws as `get`. */
export async function sendToml(path, text) {
  const headers = { "Content-Type": "application/toml" };
  const answer = await fetch(path, { method: "POST", headers, body: text });
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

/** A picture's bytes, and the seconds that it is really from. */
export async function getPicture(path, signal) {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw await refusal(answer);
  const time = answer.headers.get("X-Frame-Time");
  return { blob: await answer.blob(), seconds: time === null ? null : Number(time) };
}

/** Sends a file's bytes, telling the share that is sent; answers its path. */
export function upload(file, onShare) {
  // fetch does not tell how much of a body is sent.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/upload?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onShare(loaded / (total || 1));
    request.onerror = () => reject(new TypeError("no answer"));
    request.onload = () => {
      if (request.status < 300) resolve(request.response.path);
      else reject(new Refused(request.response?.error ?? request.statusText));
    };
    request.send(file);
  });
}

/** Address of something of a row, with its query. */
export function rowAddress(id, what, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `/api/rows/${encodeURIComponent(id)}/${what}?${new URLSearchParams(given)}`;
}
