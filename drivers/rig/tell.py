"""Sends words to a running rig, and prints its answer: python -m tutelage.drivers.rig.tell /tmp/robot unplug"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from tutelage.drivers.rig.faults import control_path


def tell(link: Path, words: str) -> dict[str, Any]:
    """The rig's answer to some words; drivers/rig/faults.py lists them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        client.connect(str(control_path(link)))
        client.sendall(words.encode())
        answer: dict[str, Any] = json.loads(client.makefile().readline())
    return answer


if __name__ == "__main__":
    print(json.dumps(tell(Path(sys.argv[1]), " ".join(sys.argv[2:]))))
