// The operator's hands: what is held here is reported 20 times a second, each report with the last stamp that came.
// The run counts a report as old as its stamp, so this page needs no clock that agrees with the run's.
"use strict";

const REPORT_MS = 50;
const LATE_MS = 250; // an event that waited longer in a page that hung is not played
const NAMES = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", " ": "space", Enter: "enter",
  Backspace: "backspace", Escape: "escape",
};
const CROSS = { 12: "up", 13: "down", 14: "left", 15: "right" }; // of a gamepad, as browsers number it
const FIELDS = "input, select, textarea, [contenteditable], [role=combobox], [role=listbox]";

const part = (id) => document.getElementById(id);
const told = JSON.parse(part("desk").dataset.told);
const held = new Map(); // physical key -> its name; the last pressed one is the last
const padHeld = new Map();
let socket, stamp = null, mine = false, number = 0, stick = [0, 0];

function connect() {
  socket = new WebSocket(new URL("operate", location).href.replace("http", "ws"));
  number = 0;
  socket.onmessage = (event) => show(JSON.parse(event.data));
  socket.onclose = () => {
    letGo();
    stamp = null;
    show({ controls: "nobody's" });
    if (document.body.dataset.phase !== "finished") return setTimeout(connect, 1000);
    part("lost").textContent = `the run has ended: \`${told.again}\` shows it again`;
    part("lost").className = "ended";
  };
}

function report(commands = []) {
  const stops = commands.includes("stop");
  if (stamp === null || socket.readyState !== WebSocket.OPEN || !(mine || stops)) return;
  if (socket.bufferedAmount > 4096 && !stops) return; // nothing is queued: it would be old when it arrived
  const pad = padAxes();
  const axes = [stick[0] || pad[0], stick[1] || pad[1], pad[2], pad[3]];
  const names = [...new Set([...held.values(), ...padHeld.values()].reverse())];
  socket.send(JSON.stringify({ number: ++number, stamp, held: names, axes, commands }));
}

function letGo() {
  held.clear();
  stick = [0, 0];
  part("knob").style.transform = "";
}

function release() {
  letGo();
  report();
}

const late = (event) => performance.now() - event.timeStamp > LATE_MS;
const inField = (target) => target instanceof Element && target.closest(FIELDS) !== null;

/** Whether a key belongs to what has the focus: text to a field, enter and space to a button. The stop is nobody else's. */
function belongs(target, name) {
  if (told.keys[name] === "stop") return inField(target) && name !== "space" && name !== "escape";
  return inField(target) || (["space", "enter"].includes(name) && target instanceof Element && target.closest("button, a, summary"));
}

function keyDown(event) {
  const name = NAMES[event.key] || (event.key.length === 1 ? event.key.toLowerCase() : "");
  const command = told.keys[name], drives = told.drives.includes(name);
  if (event.ctrlKey || event.altKey || event.metaKey || !(command || drives) || belongs(event.target, name)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.repeat) return;
  if (late(event) && command !== "stop") return release();
  if (drives) held.set(event.code, name);
  report(command ? [command] : []);
}

function keyUp(event) {
  if (told.keys[NAMES[event.key]] === "stop") event.preventDefault(); // else it would press a button that has the focus
  if (event.key === "Meta") letGo(); // some systems tell of no key that is let go of beside it
  held.delete(event.code);
  report();
}

function padAxes() {
  const pad = [...navigator.getGamepads()].find((one) => one && one.mapping === "standard");
  return pad ? [...pad.axes, 0, 0, 0, 0].slice(0, 4) : [0, 0, 0, 0];
}

/** A gamepad sends no events for its buttons: they are looked at before each report. */
function padCommands() {
  const pad = [...navigator.getGamepads()].find((one) => one && one.mapping === "standard");
  const down = new Set();
  (pad ? pad.buttons : []).forEach((button, i) => button.pressed && down.add(i));
  const fresh = [...down].filter((i) => !padCommands.before.has(i) && told.pad[i]).map((i) => told.pad[i]);
  padHeld.clear();
  [...down].filter((i) => CROSS[i]).forEach((i) => padHeld.set(i, CROSS[i]));
  padCommands.before = down;
  return fresh;
}
padCommands.before = new Set();

function drag(event) {
  if (event.type !== "pointerdown" && !part("stick").hasPointerCapture(event.pointerId)) return;
  if (event.type === "pointerdown") part("stick").setPointerCapture(event.pointerId);
  const box = part("stick").getBoundingClientRect(), radius = box.width / 2;
  let x = (event.clientX - box.left) / radius - 1, y = (event.clientY - box.top) / radius - 1;
  const far = Math.max(1, Math.hypot(x, y));
  stick = [x / far, y / far];
  part("knob").style.transform = `translate(${stick[0] * radius * 0.6}px, ${stick[1] * radius * 0.6}px)`;
  report();
}

function show(message) {
  stamp = message.stamp ?? stamp;
  mine = message.controls === "yours";
  document.body.classList.toggle("connected", stamp !== null);
  part("controls").textContent = mine ? "you have the controls" : `the controls are ${message.controls}`;
  part("take").hidden = mine || stamp === null;
  document.querySelectorAll("[data-command]").forEach((button) => (button.disabled = !mine));
  if (message.state) fill(message.state);
}

function fill(state) {
  document.body.dataset.phase = state.phase;
  for (const id of ["stands", "picture", "doing", "notice"]) part(id).textContent = state[id] ?? "";
  part("drawn").hidden = !(part("picture").hidden = Boolean(state.drawn));
  if (state.drawn) part("drawn").src = `data:image/png;base64,${state.drawn}`;
  part("said").textContent = [...(state.robot ?? []), ...(state.said ?? [])].join("\n");
  const bad = ["stopped", "fault"].includes(state.safety);
  part("safety").className = bad ? "bad" : "";
  part("safety").textContent = state.safety ? `robot ${state.safety.toUpperCase()}${state.reason ? ": " + state.reason : ""}` : "";
}

addEventListener("keydown", keyDown, true);
addEventListener("keyup", keyUp, true);
addEventListener("blur", release);
addEventListener("pagehide", release);
document.addEventListener("visibilitychange", release);
document.addEventListener("focusin", (event) => inField(event.target) && release());
for (const type of ["pointerdown", "pointermove"]) part("stick").addEventListener(type, drag);
for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) part("stick").addEventListener(type, release);
document.querySelectorAll("[data-command]").forEach((button) => button.addEventListener("click", (event) => {
  if (event.detail) button.blur(); // pressed by hand: the space bar then is the run's again
  if (!late(event)) report([button.dataset.command]);
}));
part("take").addEventListener("click", (event) => {
  part("take").blur();
  if (!late(event) && socket.readyState === WebSocket.OPEN) socket.send("take");
});
part("stop")?.addEventListener("pointerdown", () => report(["stop"]));
part("stop")?.addEventListener("keydown", (event) => event.key === "Enter" && report(["stop"]));
setInterval(() => document.hidden || report(padCommands()), REPORT_MS);
connect();
