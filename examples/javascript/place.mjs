// The node's place in its run, and the maps that are sealed with the run's secret.
import { createHmac, timingSafeEqual } from "node:crypto";
import fs from "node:fs";
import { pack, unpack } from "./arrays.mjs";

export const FOREVER = 2 ** 62; // a rollout that never comes, and a number that is never reached
export const DOWN = Buffer.from("\0"), UP = Buffer.from("H");
export const OPTIONS = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 200 };

export const place = JSON.parse(process.env.TUTELAGE_NODE);
const secret = Buffer.from(fs.readFileSync(place.secret, "utf8"), "hex");
const sealOf = (way, body) => createHmac("sha256", secret).update(way).update(body).digest();

/** Sends messages on a socket one after the other: zeromq refuses one while it has yet to send another. */
export function sending(socket) {
  let last = Promise.resolve();
  return (frames) => { last = last.then(() => socket.send(frames)); };
}

export function seal(way, map) {
  const body = pack(map);
  return Buffer.concat([way, sealOf(way, body), body]);
}

/** The map of a sealed frame; null if it has another seal. */
export function unseal(frame) {
  const way = frame.subarray(0, 1), found = frame.subarray(1, 33), body = frame.subarray(33);
  return found.length === 32 && timingSafeEqual(found, sealOf(way, body)) ? unpack(body) : null;
}
