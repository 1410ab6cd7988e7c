// Elements by name, made and changed with as little work for the browser as can be.

/** The element of this id. */
export const byId = (id) => document.getElementById(id);

/** A copy of a template's only element, and its parts by their data-part. */
export function copy(id) {
  const root = byId(id).content.firstElementChild.cloneNode(true);
  const parts = Object.fromEntries(
    [...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]),
  );
  return { root, parts };
}

/** A new element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** A picture of icons.svg. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/page/icons.svg#${name}`);
  drawing.append(use);
  return drawing;
}

/** Sets a text if it is another; without any, the element is hidden. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
  const hidden = text === "";
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** Sets an attribute if it is another. */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Shows or hides an element. */
export function setShown(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/** Reads a sentence out to those who hear the page. */
export function say(text) {
  byId("said").textContent = text;
}

/** Opens a dialog; resolves with its return value, "" if it was left. */
export function openDialog(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}
