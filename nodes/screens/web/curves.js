// Learning curves: a few lines over environment steps, and levels to compare them with.
import { COLOURS, element, few, part, shape } from "./parts.js";

const WIDTH = 420, HEIGHT = 190, LEFT = 46, RIGHT = 8, TOP = 8, FOOT = 22;

const CHARTS = {
  "return of an episode": { "rollout/ep_rew_mean": "policy, sampled", "eval/mean_reward": "policy, greedy" },
  "how often the discriminator is right": {
    "discriminator/accuracy_expert": "about the expert", "discriminator/accuracy_policy": "about the policy",
  },
  "discriminator's loss": { "discriminator/loss": "loss", "discriminator/gradient_penalty": "gradient penalty" },
  "losses": {
    "train/value_loss": "value", "train/critic_loss": "critic", "train/actor_loss": "actor",
    "bc/loss": "cloning", "bc/loss_held_out": "cloning, held-out pairs",
  },
  "entropy of the policy": { "train/entropy_loss": "entropy, nat", "train/entropy": "entropy, nat", "train/temperature": "temperature" },
  "corrections": { "dagger/labels": "labels", "dagger/corrections": "corrections", "dagger/corrected_steps": "corrected steps" },
};

export function drawCurves(facts, news) {
  if (!news.some((name) => name.startsWith("curve ") || name === "levels")) return;
  const titles = Object.keys(CHARTS).filter((title) => lines(facts, title).length);
  part("learning").hidden = !titles.length;
  part("curves").replaceChildren(...titles.map((title) => chart(title, lines(facts, title), levels(facts, title))));
}

function lines(facts, title) {
  return Object.entries(CHARTS[title]).filter(([name]) => facts[`curve ${name}`]).map(([name, said]) => {
    const sign = name.endsWith("entropy_loss") ? -1 : 1; // the loss is minus the entropy
    return [said, facts[`curve ${name}`].map(([x, y]) => [x, sign * y])];
  });
}

function levels(facts, title) {
  if (title.startsWith("return")) return Object.entries(facts.levels);
  return title.startsWith("how often") ? [["chance", 0.5]] : [];
}

/** One chart: lines [[name, points]], and dashed levels [[name, value]]. */
export function chart(title, lines, levels) {
  const xs = lines.flatMap(([, points]) => points.map(([x]) => x));
  const ys = [...lines.flatMap(([, points]) => points.map(([, y]) => y)), ...levels.map(([, level]) => level)];
  const place = scale(Math.max(...xs), Math.min(...ys), Math.max(...ys));
  const drawn = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": title });
  for (const tick of place.ticks) {
    const y = place(0, tick)[1];
    drawn.append(shape("path", { class: "grid", d: `M${LEFT} ${y}H${WIDTH - RIGHT}` }), text(LEFT - 6, y + 4, few(tick), "end"));
  }
  drawn.append(text(LEFT, HEIGHT - 5, "0", "start"), text(WIDTH - RIGHT, HEIGHT - 5, few(place.most), "end"));
  for (const [name, level] of levels) {
    const y = place(0, level)[1];
    drawn.append(shape("path", { class: "level", d: `M${LEFT} ${y}H${WIDTH - RIGHT}` }), text(LEFT + 4, y - 4, `${name} ${few(level)}`, "start"));
  }
  lines.forEach(([, points], i) => drawn.append(shape("path", {
    class: "line", stroke: COLOURS[i], d: "M" + points.map(([x, y]) => place(x, y).join(" ")).join("L"),
  })));
  return element("figure", {}, element("figcaption", {}, title), drawn, key(lines));
}

/** From a point to its place in the chart, with round ticks. */
function scale(most, low, high) {
  if (high - low < 1e-9) [low, high] = [low - 1, high + 1];
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough);
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  const place = (x, y) => [
    +(LEFT + ((WIDTH - LEFT - RIGHT) * x) / (most || 1)).toFixed(1),
    +(TOP + ((HEIGHT - FOOT - TOP) * (last * step - y)) / ((last - first) * step)).toFixed(1),
  ];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => +((first + i) * step).toPrecision(12));
  return Object.assign(place, { ticks, most });
}

function text(x, y, words, anchor) {
  return shape("text", { x, y, "text-anchor": anchor }, words);
}

/** The names of the lines, and their newest values. */
function key(lines) {
  return element("ul", { class: "key" }, ...lines.map(([name, points], i) => {
    const sample = element("i", {});
    sample.style.borderColor = COLOURS[i];
    return element("li", {}, sample, `${name} `, element("b", {}, few(points.at(-1)[1])));
  }));
}
