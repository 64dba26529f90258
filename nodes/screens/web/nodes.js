// The nodes, each with its state, the end of its log and a restart; and the settings that may change meanwhile.
import { tone, words } from "./graph.js";
import { element, part } from "./parts.js";

const rows = new Map();
let open = "";

export function drawNodes(facts, news, ask) {
  if (news.includes("logs") && !rows.size) part("nodes").append(...Object.keys(facts.logs).map((node) => row(node, ask)));
  for (const [node, made] of rows) {
    const now = facts.nodes[node];
    made.state.textContent = now ? words(now) : "";
    made.state.className = now ? tone(now) : "";
    made.tail.textContent = facts.logs[node];
    made.restart.hidden = !facts.restartable.includes(node);
  }
  if (news.includes("log") && open) drawLog(rows.get(open).log, facts.log);
}

function row(node, ask) {
  const made = { state: element("span", {}), tail: element("span", { class: "tail" }) };
  made.restart = element("button", { type: "button", "aria-label": `restart ${node}` }, "restart");
  made.log = element("pre", { class: "log", tabindex: 0, "aria-label": `log of ${node}` });
  made.restart.addEventListener("click", () => ask({ do: "restart", node }));
  const details = element("details", { name: "nodes" }, element("summary", {}, element("b", {}, node), made.state, made.tail), made.restart, made.log);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    open = node;
    ask({ log: node });
  });
  rows.set(node, made);
  return details;
}

function drawLog(log, lines) {
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.textContent = lines.join("\n") || "(nothing yet)";
  if (atEnd) log.scrollTop = log.scrollHeight;
}

export function drawSettings(facts, news, ask) {
  if (!news.includes("settings")) return;
  part("steer").hidden = !facts.settings.length;
  part("settings").replaceChildren(...facts.settings.map((row) => setting(row, ask)));
}

function setting(row, ask) {
  const field = element("input", { type: "number", step: "any", value: row.value, title: row.meaning });
  field.addEventListener("change", () => ask({ do: "set", node: row.node, setting: row.parameter, value: Number(field.value) }));
  return element("label", {}, `${row.node}: ${row.parameter.replaceAll("_", " ")}`, field, element("span", {}, row.range));
}
