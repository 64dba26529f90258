// A node of a graph, in JavaScript. docs/wire.md says what it must do; the names here are the names there.
import { createHmac, timingSafeEqual } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import { XPublisher, XSubscriber } from "zeromq";
import { pack, unpack } from "./arrays.mjs";

const FOREVER = 2 ** 62; // a rollout that never comes, and a number that is never reached
const RANK = { free: 0, rollout: 1, step: 2 };
const DOWN = Buffer.from("\0"), UP = Buffer.from("H");

const place = JSON.parse(process.env.TUTELAGE_NODE);
const secret = Buffer.from(fs.readFileSync(place.secret, "utf8"), "hex");
const streams = place.hears.map((heard) => ({ ...heard, taken: 0, time: [0, 0], waiting: [], met: false }));
const topics = place.says.map((said) => ({ ...said, next: 0, kept: [], idle: new Set(),
  acknowledged: Object.fromEntries([...said.listeners, ...said.sinks].map((name) => [name, 0])) }));
const senders = new Set(streams.map((stream) => stream.sender));
const links = new XPublisher({ verbosity: "allSubs", sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 200 });
const ear = new XSubscriber({ sendHighWaterMark: 0, receiveHighWaterMark: 0, reconnectInterval: 5, linger: 200 });
const lifeline = new net.Socket({ fd: 0, readable: true, writable: true });
const orders = new Set();
let node, begun = false, standing = false, halted = false, ended = false, unsaved = false, text = "";

/** Runs a node: `hear(message)`, `state()` and `load(state)`, and where it needs them `start()` and `finish()`. */
export async function run(made) {
  node = made;
  const restored = restore();
  await links.bind(place.links);
  for (const topic of [...(place.sink ? [] : new Set(streams.map((stream) => stream.topic))), `@${place.name}`])
    ear.send(`\x01${topic}\0`);
  for (const address of new Set(streams.map((stream) => stream.address))) ear.connect(address);
  lifeline.on("data", (chunk) => obey(chunk, restored)).on("close", () => process.exit());
  report("ready");
  setInterval(() => { report("alive"); if (unsaved) save(); }, 500);
  await Promise.all([serve(), listen()]);
}

// Speaking
function say(messages) {
  for (const message of messages ?? []) {
    const topic = topics.find((one) => one.type === message.type);
    publish(topic, topic.fields.map((field) => message[field]));
  }
}

function publish(topic, fields) {
  const now = Number(process.hrtime.bigint()), beside = [];
  const body = pack([place.run, place.name, place.restarts, topic.next, now, now, fields], beside);
  const frames = [Buffer.concat([Buffer.from(`${topic.topic}\0`), body]), ...beside];
  if (Object.keys(topic.acknowledged).length) topic.kept.push([topic.next, frames]);
  topic.next += 1;
  unsaved = true;
  links.send(frames);
  for (const sink of topic.idle) tell(sink, { more: true });
  topic.idle.clear();
}

async function serve() {
  for await (const [wish] of links) {
    if (wish[0] === 1 && wish[1] === 64)
      tell(wish.subarray(2, -1).toString(), { kinds: Object.fromEntries(topics.map((one) => [one.topic, one.fingerprint])) });
    const hello = wish[0] === UP[0] ? unseal(wish) : null;
    if (hello?.to === place.name) answer(hello);
  }
}

function answer({ listener, positions, again }) {
  const asked = topics.filter((topic) => topic.topic in positions);
  if (again) tell(listener, { begins: Object.fromEntries(asked.map((one) => [one.topic, one.kept[0]?.[0] ?? one.next])),
    realtime: false });
  for (const topic of asked) {
    const position = positions[topic.topic];
    if (again) topic.kept.filter(([sequence]) => sequence >= position)
      .forEach(([, frames]) => links.send([`@${listener}\0`, ...frames]));
    if (again && topic.sinks.includes(listener)) topic.idle.add(listener);
    if (again && position !== FOREVER) continue;
    if (listener in topic.acknowledged) topic.acknowledged[listener] = Math.max(position, topic.acknowledged[listener]);
    const safe = Math.min(...Object.values(topic.acknowledged));
    topic.kept = topic.kept.filter(([sequence]) => sequence >= safe);
  }
}

// Listening
async function listen() {
  for await (const frames of ear) {
    if (frames[0][0] === 64) frames.shift(); // our private topic: a notice, or a message that is resent
    frames[0][0] === DOWN[0] ? told(unseal(frames[0])) : heard(frames);
  }
}

function told(notice) {
  const known = streams.filter((stream) => stream.sender === notice?.sender);
  for (const stream of known) {
    if (notice.kinds && notice.kinds[stream.topic] !== stream.fingerprint) fail(`${stream.topic} is of another version`);
    if (notice.begins?.[stream.topic] > received(stream) && !ended) fail(`${stream.sender} has forgotten ${stream.topic}`);
    stream.met = true;
  }
  if (known.length && !notice.begins) hello(notice.sender, true, ended ? () => FOREVER : received);
}

function heard([first, ...beside]) {
  const end = first.indexOf(0), name = first.subarray(0, end).toString();
  const [runs, sender, , sequence, , , fields] = unpack(first.subarray(end + 1), beside);
  const stream = streams.find((one) => one.sender === sender && one.topic === name);
  if (!stream?.met || runs !== place.run || sequence !== received(stream)) return;
  stream.waiting.push(fields);
  keepPromises(stream);
  turn();
}

const received = (stream) => stream.taken + stream.waiting.length;
const order = (a, b) => { const i = a.findIndex((value, at) => value !== b[at]); return i >= 0 && a[i] < b[i] ? -1 : 1; };
const key = (stream) => [...(stream.waiting[0] ?? stream.time).slice(0, 2), RANK[stream.cadence], stream.topic, stream.sender];

function keepPromises(stream) {
  for (; stream.waiting[0]?.length === 2; stream.taken += 1) {
    const promise = stream.waiting.shift();
    stream.time = order(promise, stream.time) > 0 ? promise : stream.time;
  }
}

/** Hears all messages that no other can come before, in the order of logical time. */
function turn() {
  while (begun && !standing && !ended) {
    const stream = streams.reduce((one, other) => (order(key(other), key(one)) < 0 ? other : one), streams[0]);
    if (node.done || !stream || (!stream.waiting.length && stream.time[0] >= FOREVER)) return finish();
    if (!stream.waiting.length) return;
    const fields = stream.waiting.shift(), [rollout, step] = fields;
    stream.taken += 1;
    stream.time = { free: [rollout, step], step: [rollout, step + 1], rollout: [rollout + 1, 0] }[stream.cadence];
    keepPromises(stream);
    unsaved = true;
    const named = stream.fields.map((field, i) => [field, fields[i]]);
    say(node.hear({ type: stream.type, sender: stream.sender, ...Object.fromEntries(named) }));
  }
}

function finish() {
  say(node.finish?.());
  for (const topic of topics) publish(topic, [FOREVER, 0]);
  ended = true;
  save();
  leave();
}

function leave() {
  senders.forEach((sender) => hello(sender, false, () => FOREVER));
  report("ended");
}

// Coming back
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
  if (!ended) senders.forEach((sender) => hello(sender, false, (stream) => stream.taken));
}

function restore() {
  if (!fs.existsSync(place.checkpoint)) return false;
  const [taken, said, over, state] = unpack(fs.readFileSync(place.checkpoint));
  streams.forEach((stream, i) => ([stream.taken, stream.time] = taken[i]));
  topics.forEach((topic, i) => ([topic.next, topic.acknowledged, topic.kept] = said[i]));
  ended = over;
  node.load(state);
  return true;
}

// The launcher
function obey(chunk, restored) {
  const lines = (text + chunk).split("\n");
  text = lines.pop();
  lines.forEach((line) => orders.add(line)); // all of them first: a restarted node gets the earlier ones again
  for (const line of lines) {
    if (line === "begin") begin(restored);
    if (line === "pause" && !orders.has("continue")) stand("paused", () => fs.copyFileSync(place.checkpoint, place.checkpoint.replace(/checkpoint$/, "budget")));
    if (line === "halt") stand("halted", () => (halted = true));
    if (line === "continue" || line === "interrupt") standing = false;
    if (line === "release") process.exit();
  }
  turn();
}

function begin(restored) {
  begun = true;
  if (ended) leave();
  if (!restored) say(node.start?.());
}

/** Saves the last checkpoint and stands still, until the launcher says `continue` or `interrupt`. */
function stand(event, then) {
  if (!orders.has("interrupt")) save();
  then();
  standing = true;
  report(event);
}

const report = (event, more) => lifeline.write(`${JSON.stringify({ event, ...more })}\n`);

/** Ends the run: what went wrong would go wrong again. */
function fail(why) {
  standing = true;
  lifeline.end(`${JSON.stringify({ event: "failed", why })}\n`, () => process.exit(1));
}

// Sealed maps
const sealOf = (way, body) => createHmac("sha256", secret).update(way).update(body).digest();
const seal = (way, map) => { const body = pack(map); return Buffer.concat([way, sealOf(way, body), body]); };
const tell = (listener, map) => links.send([`@${listener}\0`, seal(DOWN, { sender: place.name, ...map })]);

function unseal(frame) {
  const way = frame.subarray(0, 1), found = frame.subarray(1, 33), body = frame.subarray(33);
  return found.length === 32 && timingSafeEqual(found, sealOf(way, body)) ? unpack(body) : null;
}

function hello(sender, again, position) {
  const own = streams.filter((stream) => stream.sender === sender);
  const positions = Object.fromEntries(own.map((stream) => [stream.topic, position(stream)]));
  ear.send(seal(UP, { to: sender, listener: place.name, positions, again }));
}
