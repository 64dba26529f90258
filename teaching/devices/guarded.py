"""A device of a user's, which may raise anything: a sentence names it, and no node is restarted in vain."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from tutelage.input.problems import Problem, Refusal
from tutelage.teaching.devices.device import Device

ASKED = ("action", "commands", "waits", "watch", "engage")


def guarded(device: Device, name: str) -> Device:
    """The device, whose methods raise a Refusal wherever those of the class of that name raise anything else.

    An OSError stays one: what was unplugged may be there again after a restart.
    """
    for method in ASKED:
        setattr(device, method, _guarded(getattr(device, method), f"{name}.{method}"))
    return device


def _guarded(ask: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(ask)
    def answer(*given: Any) -> Any:
        try:
            return ask(*given)
        except (Refusal, OSError):
            raise
        except Exception as error:  # foreign code may raise anything
            why = f"{type(error).__name__}: {error}".rstrip(".: ")
            raise Refusal([Problem("operator", f"{name} raised {why}: mend the device")]) from error

    return answer
