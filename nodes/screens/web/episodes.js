// The episodes that were taught, a small plot each; and the replay of one.
import { COLOURS, element, few, part, shape } from "./parts.js";

const STEP_MS = 40;
let playing = 0;

export function drawEpisodes(facts, news, ask) {
  if (!news.some((name) => name.startsWith("episode ") || name === "returns")) return;
  const shown = Object.keys(facts).filter((name) => name.startsWith("episode ")).map((name) => facts[name]);
  part("taught").hidden = !(shown.length || facts.returns?.length);
  part("episodes").replaceChildren(...shown.sort((a, b) => a.number - b.number).map((one) => card(one, ask)), last(facts.returns ?? []));
}

function card(one, ask) {
  const reached = one.return === null ? "" : `return ${few(one.return)}, `;
  const verdict = one.verdict ? `, ${one.verdict}` : "";
  const made = element("button", { type: "button", class: one.verdict, "aria-label": `replay episode ${one.number}` },
    small(one.plot), `episode ${one.number}${verdict}`, element("br", {}), element("span", { class: "soft" }, `${reached}${few(one.length)} steps`));
  made.addEventListener("click", () => ask({ replay: one.number }));
  return made;
}

function small(plot) {
  const lines = plot.map((heights, i) => {
    const path = heights.map((height, x) => `${((100 * x) / Math.max(1, heights.length - 1)).toFixed(1)} ${100 - height}`).join("L");
    return shape("path", { d: `M${path}`, stroke: COLOURS[i] });
  });
  return shape("svg", { viewBox: "0 -4 100 108", preserveAspectRatio: "none", "aria-hidden": "true" }, ...lines);
}

/** The returns of the policy's last episodes, a line. */
function last(returns) {
  if (returns.length < 2) return "";
  const low = Math.min(...returns), spread = Math.max(...returns) - low || 1;
  const heights = returns.map((value) => (100 * (value - low)) / spread);
  const words = `returns of the policy's last ${returns.length} episodes: ${few(low)} to ${few(low + spread)}`;
  return element("div", { class: "last" }, words, small([heights]));
}

/** Plays an episode's pictures, one after another, at the pace of an eye. */
export function play(number, pictures) {
  clearInterval(playing);
  const picture = element("pre", { role: "img", "aria-label": `episode ${number}` });
  const slider = element("input", { type: "range", min: 0, max: pictures.length - 1, value: 0, "aria-label": "step" });
  const show = () => (picture.textContent = pictures[Number(slider.value)]);
  const close = element("button", { type: "button" }, "close");
  const stop = () => clearInterval(playing);
  close.addEventListener("click", () => { stop(); part("replay").hidden = true; });
  slider.addEventListener("input", () => { stop(); show(); });
  part("replay").replaceChildren(picture, element("div", {}, `episode ${number}`, slider, close));
  part("replay").hidden = false;
  show();
  playing = setInterval(() => {
    slider.value = Number(slider.value) + 1;
    show();
    if (Number(slider.value) === pictures.length - 1) stop();
  }, STEP_MS);
}
