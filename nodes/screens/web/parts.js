// Parts of a page, made without a library.
export const part = (id) => document.getElementById(id);

/** An element with these attributes, around texts and other elements. */
export function element(kind, attributes, ...children) {
  return dressed(document.createElement(kind), attributes, children);
}

/** The same in SVG. */
export function shape(kind, attributes, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", kind), attributes, children);
}

function dressed(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export const COLOURS = ["#3f7fd1", "#d08030", "#2f9a74", "#c6526e", "#8763c4", "#8f8330"];

/** A number in few characters: 12,345  1.5  0.0021. */
export function few(value) {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(3));
}
