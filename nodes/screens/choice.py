"""The operator's screen: a page where the operator drives from a browser, else the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from tutelage.nodes.screens.cockpit import PHASES, Cockpit
from tutelage.teaching.devices.browser import Browser
from tutelage.teaching.devices.device import Device, Words
from tutelage.teaching.seat import Screen


def screen_of(env: str, device: Device, words: Words, phases: Mapping[str, str] = PHASES) -> Screen:
    """The screen that belongs to the device.

    Raises:
        Refusal: it is a page, and the extra `dashboard` is missing.
    """
    if not isinstance(device, Browser):
        return Cockpit(env, device.name, device.help(words), phases)
    from tutelage.nodes.screens.web.opening import check

    check("operator:=browser")
    from tutelage.nodes.screens.web.desk import Desk

    return Desk(env, device, words, phases)
