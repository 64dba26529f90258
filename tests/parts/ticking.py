"""A process that says numbered messages at a steady rate: python -m tests.parts.ticking FOLDER HZ.

It leaves in the folder when it has said each (`said`), and how many of them its listener has acknowledged.
"""

import os
import struct
import sys
import time
from pathlib import Path

from tutelage import Message
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox
from tutelage.transport.outbox import Outbox


class Tick(Message, cadence="step"):
    """arm -> recorder: that time has passed."""

    number: int


def main(folder: Path, rate_hz: float) -> None:
    outbox = Outbox({"recorder": ["tick"]})
    bus = Bus(Who("run", "arm", 0), folder, Inbox([]), {Tick: "tick"}, outbox)
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT)
    acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT)
    due, number = time.monotonic(), 0
    print("ready", flush=True)
    while True:
        os.write(said, struct.pack("<q", time.monotonic_ns()))
        bus.say(Tick(0, number, number))
        number += 1
        due += 1 / rate_hz
        while (left := due - time.monotonic()) > 0:
            bus.receive(left)
            os.pwrite(acknowledged, b"%020d" % (number - len(outbox)), 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
