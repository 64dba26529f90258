// The page of a run: it is told what has changed every two seconds, as long as somebody sees it, and draws that.
import { drawCurves } from "./curves.js";
import { drawEpisodes, play } from "./episodes.js";
import { drawGraph } from "./graph.js";
import { drawNodes, drawSettings } from "./nodes.js";
import { element, part } from "./parts.js";

const facts = {};
const VIEWS = [drawFigures, drawCurves, drawEpisodes, drawGraph, drawNodes, drawSettings, drawArguments];
let socket = null;

function watch() {
  if (document.hidden || socket) return;
  socket = new WebSocket(new URL("watch", location).href.replace("http", "ws"));
  socket.onopen = () => { for (const name of Object.keys(facts)) delete facts[name]; };
  socket.onmessage = (event) => hear(JSON.parse(event.data));
  socket.onclose = () => {
    socket = null;
    letGo();
    setTimeout(watch, 1000);
  };
}

/** Nobody tells any more how it goes on. What drove the run has said before whether the session was finished. */
function letGo() {
  const over = document.body.dataset.phase === "finished";
  part("link").textContent = over ? "ended" : "not connected";
  if (!facts.nodes) return;
  const nodes = Object.entries(facts.nodes).map(([name, node]) => [name, { ...node, state: over ? "ended" : "unknown", published: {} }]);
  const figures = facts.figures.filter(([name]) => name !== "time left");
  Object.assign(facts, { nodes: Object.fromEntries(nodes), figures, ...(over && { restartable: [], settings: [] }) });
  for (const view of VIEWS) view(facts, ["nodes", "figures", ...(over ? ["restartable", "settings"] : [])], ask);
}

/** Asks the run for something; what it does about it, it says. */
function ask(question) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(question));
}

function hear(message) {
  if (message.facts) draw(message.facts);
  if (message.pictures) play(message.replay, message.pictures);
  if (message.notice || message.refusal) say(message.notice ?? message.refusal, Boolean(message.refusal));
}

function draw(news) {
  part("link").textContent = "";
  for (const [name, value] of Object.entries(news)) value === null ? delete facts[name] : (facts[name] = value);
  for (const view of VIEWS) view(facts, Object.keys(news), ask);
}

function say(sentence, bad) {
  const notice = part("notice-of-page");
  notice.textContent = sentence;
  notice.className = bad ? "bad" : "";
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (notice.textContent = ""), 6000);
}

function drawFigures(facts) {
  part("warnings").replaceChildren(...(facts.warnings ?? []).map((sentence) => element("li", {}, sentence)));
  part("share").hidden = facts.share === undefined;
  part("share").firstChild.style.width = `${100 * Math.min(1, facts.share ?? 0)}%`;
  part("share").setAttribute("aria-label", `${Math.round(100 * (facts.share ?? 0))}% of the steps`);
  const shown = facts.figures.length ? facts.figures : facts.report;
  part("figures").replaceChildren(...shown.map(([name, value, note, bad]) => element(
    "div", {}, element("dt", {}, name), element("dd", { class: bad ? "value bad" : "value" }, value), element("dd", { class: "note" }, note),
  )));
}

function drawArguments(facts, news) {
  if (news.includes("restartable")) part("end").hidden = !facts.restartable.length;
  if (!news.includes("arguments")) return;
  part("arguments").replaceChildren(...facts.arguments.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))));
}

part("end").addEventListener("click", () => confirm("End the run in good order? It can be resumed.") && ask({ do: "end" }));
document.addEventListener("visibilitychange", () => (document.hidden ? socket?.close() : watch()));
watch();
