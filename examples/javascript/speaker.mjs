// What the node says: numbered, and kept until all who must receive it have acknowledged it.
import { Publisher, XPublisher } from "zeromq";
import { pack } from "./arrays.mjs";
import { DOWN, FOREVER, OPTIONS, UP, place, seal, sending, unseal } from "./place.mjs";

const links = new XPublisher({ verbosity: "allSubs", ...OPTIONS });
const tap = new Publisher({ sendHighWaterMark: 1000 }); // for observers, who may miss messages
const sendLinks = sending(links), sendTap = sending(tap);
export const topics = place.says.map((said) => ({
  ...said, next: 0, kept: [], idle: new Set(),
  acknowledged: Object.fromEntries([...said.listeners, ...said.sinks].map((name) => [name, 0])),
}));
const kinds = Object.fromEntries(topics.map((topic) => [topic.topic, topic.fingerprint]));

/** Says a message: its `type`, and its fields by name. */
export function say(message) {
  const topic = topics.find((one) => one.type === message.type);
  publish(topic, topic.fields.map((field) => message[field]));
}

/** Says on every topic that no more comes. */
export const sayTheEnd = () => topics.forEach((topic) => publish(topic, [FOREVER, 0]));

function publish(topic, fields) {
  const now = Number(process.hrtime.bigint()), beside = [];
  const body = pack([place.run, place.name, place.restarts, topic.next, now, now, fields], beside);
  const frames = [Buffer.concat([Buffer.from(`${topic.topic}\0`), body]), ...beside];
  if (Object.keys(topic.acknowledged).length) topic.kept.push([topic.next, frames]);
  topic.next += 1;
  sendLinks(frames);
  sendTap(frames);
  for (const sink of topic.idle) tell(sink, { more: true });
  topic.idle.clear();
}

const tell = (listener, map) => sendLinks([`@${listener}\0`, seal(DOWN, { sender: place.name, ...map })]);

export const bind = () => Promise.all([links.bind(place.links), tap.bind(place.tap)]);

/** Greets new listeners and answers their hellos, for ever. */
export async function serve() {
  for await (const [wish] of links) {
    if (wish[0] === 1 && wish[1] === 64) tell(wish.subarray(2, -1).toString(), { kinds });
    const hello = wish[0] === UP[0] ? unseal(wish) : null;
    if (hello?.to === place.name) answer(hello);
  }
}

function answer({ listener, positions, again }) {
  const asked = topics.filter((topic) => topic.topic in positions);
  const begins = Object.fromEntries(asked.map((topic) => [topic.topic, topic.kept[0]?.[0] ?? topic.next]));
  if (again) tell(listener, { begins, realtime: false });
  for (const topic of asked) {
    const position = positions[topic.topic];
    if (again) sayAgain(topic, listener, position);
    if (!again || position === FOREVER) acknowledge(topic, listener, position);
  }
}

function sayAgain(topic, listener, position) {
  for (const [number, frames] of topic.kept) if (number >= position) sendLinks([`@${listener}\0`, ...frames]);
  if (topic.sinks.includes(listener)) topic.idle.add(listener);
}

function acknowledge(topic, listener, position) {
  if (listener in topic.acknowledged) topic.acknowledged[listener] = Math.max(position, topic.acknowledged[listener]);
  const safe = Math.min(...Object.values(topic.acknowledged));
  topic.kept = topic.kept.filter(([number]) => number >= safe);
}
