// A node of a graph, in JavaScript: its turns, its checkpoints, and the launcher's orders. docs/wire.md says why.
import fs from "node:fs";
import net from "node:net";
import { pack, unpack } from "./arrays.mjs";
import { acknowledge, listen, next, streams } from "./listener.mjs";
import { place } from "./place.mjs";
import { bind, say, sayTheEnd, serve, topics } from "./speaker.mjs";

const lifeline = new net.Socket({ fd: 0, readable: true, writable: true });
const orders = new Set();
let node, begun = false, standing = false, halted = false, ended = false, unsaved = false, text = "";

const report = (event, more) => lifeline.write(`${JSON.stringify({ event, ...more })}\n`);

/** Runs a node: `hear(message)`, `state()` and `load(state)`, and where it needs them `done`, `start()`, `finish()`. */
export async function run(made) {
  node = made;
  const restored = restore();
  await bind();
  lifeline.on("data", (chunk) => obey(chunk, restored)).on("close", () => process.exit());
  report("ready");
  setInterval(() => { report("alive"); if (unsaved) save(); }, 500);
  await Promise.all([serve(), listen(turn, fail)]);
}

function sayAll(messages) {
  for (const message of messages ?? []) say(message);
}

/** Hears all that there is to hear now. */
function turn() {
  while (begun && !standing && !ended) {
    const message = node.done ? undefined : next();
    if (message === null) return;
    unsaved = true;
    if (message === undefined) finish();
    else sayAll(node.hear(message));
  }
}

function finish() {
  sayAll(node.finish?.());
  sayTheEnd();
  ended = true;
  save();
  leave();
}

function leave() {
  acknowledge(true);
  report("ended");
}

function save() {
  if (halted) return; // no checkpoint contains an early end
  const said = topics.map(({ next, acknowledged, kept }) => [next, acknowledged, kept]);
  const state = [streams.map(({ taken, time }) => [taken, time]), said, ended, node.state()];
  const file = fs.openSync(`${place.checkpoint}.new`, "w");
  fs.writeSync(file, pack(state));
  fs.fsyncSync(file);
  fs.closeSync(file);
  fs.renameSync(`${place.checkpoint}.new`, place.checkpoint);
  unsaved = false;
  acknowledge();
}

function restore() {
  if (!fs.existsSync(place.checkpoint)) return false;
  const [heard, said, over, state] = unpack(fs.readFileSync(place.checkpoint));
  streams.forEach((stream, i) => ([stream.taken, stream.time] = heard[i]));
  topics.forEach((topic, i) => ([topic.next, topic.acknowledged, topic.kept] = said[i]));
  ended = over;
  node.load(state);
  return true;
}

function obey(chunk, restored) {
  const lines = (text + chunk).split("\n");
  text = lines.pop();
  lines.forEach((line) => orders.add(line)); // all of them first: a restarted node gets the earlier ones again
  if (lines.includes("begin")) begin(restored);
  for (const line of lines) {
    if (line === "pause" && !orders.has("continue")) stand("paused", keep);
    if (line === "halt") stand("halted", () => (halted = true));
    if (line === "continue" || line === "interrupt") standing = false;
    if (line === "release") process.exit();
  }
  turn();
}

function begin(restored) {
  begun = true;
  if (ended) leave();
  if (!restored) sayAll(node.start?.());
}

/** Saves the last checkpoint and stands still, until the launcher says `continue` or `interrupt`. */
function stand(event, then) {
  if (!orders.has("interrupt")) save();
  then();
  standing = true;
  report(event);
}

/** Keeps the checkpoint before the end of the budget: a run with another budget goes on from there. */
const keep = () => fs.copyFileSync(place.checkpoint, place.checkpoint.replace(/checkpoint$/, "budget"));

/** Ends the run: what went wrong would go wrong again. */
function fail(why) {
  standing = true;
  lifeline.end(`${JSON.stringify({ event: "failed", why })}\n`, () => process.exit(1));
}
