"""The part of the operator's page that is driven from: plain HTML, which operate.js fills."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from tutelage.teaching.devices.browser import Browser
from tutelage.teaching.devices.device import Words
from tutelage.teaching.devices.gamepad import BUTTONS, CONTROLS
from tutelage.teaching.devices.keys import SHOWN

PAD = {"back": 8, "start": 9, "button5": 5, **{name: n for n, name in BUTTONS.items() if n < 4}}
"""A gamepad's buttons as browsers number them."""

STICK = """<div id="stick" role="img" aria-label="stick: drag it to drive"><div id="knob"></div></div>"""


def markup(device: Browser, words: Words, again: str) -> str:
    """The buttons of the commands in `words`, with their keys, around the places that are filled.

    `again` is the command that shows the run when it has ended.
    """
    keys = device.buttons(words)
    pad = {PAD[name]: command for name, command in CONTROLS.items() if command in words}
    told = {"keys": keys, "drives": [*device.map.actions], "pad": pad, "again": again}
    stop = '<button id="stop" type="button">STOP <kbd>space</kbd></button>' if "stop" in words else ""
    driving = " ".join(SHOWN.get(key, key) for key in device.map.actions)
    buttons = "".join(_button(command, word, keys) for command, word in words.items() if command != "stop")
    return f"""<section id="desk" aria-label="drive" data-told="{escape(json.dumps(told))}">
<p id="lost" role="alert">not connected: nothing here reaches the run, no stop either</p>
<p><b id="stands" role="status"></b> <span id="controls"></span>
<button type="button" id="take">take the controls</button></p>
<p id="safety" role="status"></p>
<img id="drawn" alt="the task" hidden>
<pre id="picture" role="img" aria-label="the task"></pre>
<p id="doing" class="soft"></p><p id="notice" role="status"></p><pre id="said"></pre>
<div id="buttons">{buttons}</div>
<div id="driving">{STICK}<p><kbd>{escape(driving)}</kbd> drive; a gamepad and the stick do, too</p></div>
</section>{stop}
<script src="operate.js" defer></script>"""


def _button(command: str, word: str, keys: Mapping[str, str]) -> str:
    key = next((key for key, meaning in keys.items() if meaning == command), "")
    return f'<button type="button" data-command="{command}">{escape(word)} <kbd>{escape(key)}</kbd></button>'
