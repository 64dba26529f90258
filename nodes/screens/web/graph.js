// The picture of the graph, live: the state of each node above its box, messages a second beside each topic.
import { few, part, shape } from "./parts.js";

const states = new Map(), rates = new Map();

for (const box of document.querySelectorAll("#graph [data-node]")) {
  const frame = box.querySelector("rect"), node = box.dataset.node;
  const at = (name) => Number(frame.getAttribute(name));
  states.set(node, box.appendChild(shape("text", { class: "state", x: at("x") + 2, y: at("y") - 6 })));
  for (const port of box.querySelectorAll("circle")) {
    const x = Number(port.getAttribute("cx")) + 7, y = Number(port.getAttribute("cy")) - 5;
    rates.set(`${node} ${port.dataset.topic}`, shape("text", { class: "rate", x, y }));
  }
}
document.querySelector("#graph svg").append(...rates.values()); // above all arrows

export function drawGraph(facts, news) {
  if (!news.includes("nodes")) return;
  for (const [node, now] of Object.entries(facts.nodes)) {
    const state = states.get(node);
    if (!state) continue;
    state.textContent = `\u25cf ${words(now)}`;
    state.setAttribute("class", `state ${tone(now)}`);
  }
  for (const [name, rate] of rates) {
    const [node, topic] = name.split(" ");
    const measured = facts.nodes[node]?.published[topic];
    rate.textContent = measured ? `${few(measured)}/s` : "";
  }
}

/** A node's state in words. */
export function words(now) {
  const restarts = now.restarts ? `, ${now.restarts} restart${now.restarts > 1 ? "s" : ""}` : "";
  return now.state + restarts + (now.lost ? `, ${few(now.lost)} lost` : "");
}

export function tone(now) {
  if (now.lost || now.state === "dead") return "bad";
  if (now.state.startsWith("busy") || (now.restarts && !["ended", "unknown"].includes(now.state))) return "odd";
  return ["ended", "unknown"].includes(now.state) ? "ended" : "good";
}
