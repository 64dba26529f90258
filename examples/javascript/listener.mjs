// What the node hears: each stream without a gap, and all streams in the order of logical time.
import { XSubscriber } from "zeromq";
import { unpack } from "./arrays.mjs";
import { DOWN, FOREVER, OPTIONS, UP, place, seal, sending, unseal } from "./place.mjs";

const RANK = { free: 0, rollout: 1, step: 2 };
const ear = new XSubscriber({ reconnectInterval: 5, ...OPTIONS });
const send = sending(ear);
export const streams = place.hears.map((heard) => ({ ...heard, taken: 0, time: [0, 0], waiting: [], met: false }));
const senders = new Set(streams.map((stream) => stream.sender));
const received = (stream) => stream.taken + stream.waiting.length;
let over = false; // the node has ended and needs nothing again

/** Takes messages as they come, for ever. Calls `turn` after each, and `fail` where the run cannot go on. */
export async function listen(turn, fail) {
  const names = place.sink ? [] : streams.map((stream) => stream.topic);
  for (const name of new Set([...names, `@${place.name}`])) send(`\x01${name}\0`);
  for (const address of new Set(streams.map((stream) => stream.address))) ear.connect(address);
  for await (const frames of ear) {
    if (frames[0][0] === 64) frames.shift(); // our private topic: a notice, or a message that is resent
    if (frames[0][0] === DOWN[0]) told(unseal(frames[0]), fail);
    else if (heard(frames)) turn();
  }
}

function told(notice, fail) {
  const known = streams.filter((stream) => stream.sender === notice?.sender);
  for (const stream of known) {
    if (notice.kinds && notice.kinds[stream.topic] !== stream.fingerprint) fail(`${stream.topic} is of another version`);
    if (notice.begins?.[stream.topic] > received(stream) && !over) fail(`${stream.sender} has forgotten ${stream.topic}`);
    stream.met = true;
  }
  if (known.length && !notice.begins) hello(notice.sender, true, received);
}

function heard([first, ...beside]) {
  const end = first.indexOf(0), name = first.subarray(0, end).toString();
  const [run, sender, , number, , , fields] = unpack(first.subarray(end + 1), beside);
  const stream = streams.find((one) => one.sender === sender && one.topic === name);
  if (!stream?.met || run !== place.run || number !== received(stream)) return false;
  stream.waiting.push(fields);
  keepPromises(stream);
  return true;
}

function hello(sender, again, position) {
  const own = streams.filter((stream) => stream.sender === sender);
  const positions = Object.fromEntries(own.map((stream) => [stream.topic, over ? FOREVER : position(stream)]));
  send(seal(UP, { to: sender, listener: place.name, positions, again }));
}

/** Tells all senders that they may forget what was taken; with `end`, that nothing is needed again. */
export function acknowledge(end = false) {
  over ||= end;
  for (const sender of senders) hello(sender, false, (stream) => stream.taken);
}

const before = (a, b) => { const i = a.findIndex((value, at) => value !== b[at]); return i >= 0 && a[i] < b[i]; };
const key = (stream) =>
  [...(stream.waiting[0] ?? stream.time).slice(0, 2), RANK[stream.cadence], stream.topic, stream.sender];

/** The next message; null while one that comes before it may still be on its way; undefined when all have ended. */
export function next() {
  const stream = streams.reduce((one, other) => (before(key(other), key(one)) ? other : one), streams[0]);
  if (!stream || (!stream.waiting.length && stream.time[0] >= FOREVER)) return undefined;
  if (!stream.waiting.length) return null;
  const fields = stream.waiting.shift(), [rollout, step] = fields;
  stream.taken += 1;
  stream.time = { free: [rollout, step], step: [rollout, step + 1], rollout: [rollout + 1, 0] }[stream.cadence];
  keepPromises(stream);
  const named = Object.fromEntries(stream.fields.map((field, i) => [field, fields[i]]));
  return { type: stream.type, sender: stream.sender, ...named };
}

function keepPromises(stream) {
  for (; stream.waiting[0]?.length === 2; stream.taken += 1) {
    const promise = stream.waiting.shift();
    if (before(stream.time, promise)) stream.time = promise;
  }
}
