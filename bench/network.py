"""Hosts on one machine: network namespaces whose cables end at a switch, a process of ours. Needs root, Linux.

The kernel limits each cable to 1 Gbit/s (`tc`, tbf). The switch delivers each frame DELAY_SECONDS after it was sent,
since not every kernel can (netem), and drops the frames of cables that are cut.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence

DELAY_SECONDS = 0.002
NET = "10.77.8"


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Host:
    """A network namespace, its address, and all processes in it."""

    def __init__(self, number: int) -> None:
        self.space, self.address = f"host{number}", f"{NET}.{number}"

    def command(self, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.space, *words]

    def run(self, *words: str, **how: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True, **how)  # type: ignore[call-overload, no-any-return]

    def pids(self) -> list[int]:
        return list(map(int, ip("netns", "pids", self.space).split()))

    def kill(self) -> None:
        """Kills all its processes at once, as if its power was cut."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue


class Network:
    """`count` hosts, with the addresses 10.77.8.1 and so on, until it is closed."""

    def __init__(self, count: int) -> None:
        self.hosts = [Host(number) for number in range(1, count + 1)]
        for host in self.hosts:
            ip("netns", "add", host.space)
            ip("-n", host.space, "tuntap", "add", "eth0", "mode", "tap")
            ip("-n", host.space, "address", "add", f"{host.address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", host.space, "link", "set", device, "up")
            host.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "1gbit", "burst", "256kb",
                     "latency", "50ms", check=True)  # fmt: skip
        self._switch = subprocess.Popen(
            [sys.executable, __file__, *(host.space for host in self.hosts)], stdin=subprocess.PIPE, text=True
        )

    def cut(self, host: Host, mended: bool = False) -> None:
        assert self._switch.stdin
        self._switch.stdin.write(f"{'+' if mended else '-'}{self.hosts.index(host)}\n")
        self._switch.stdin.flush()

    def close(self) -> None:
        for host in self.hosts:
            host.kill()
        self._switch.kill()
        self._switch.wait()
        for host in self.hosts:
            ip("netns", "del", host.space)


def _tap(space: str) -> int:
    """The other end of a host's cable. A thread of this process enters the namespace to open it, and comes back."""
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{space}", os.O_RDONLY)
    _setns(there)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH", b"eth0", 0x0002 | 0x1000))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
    _setns(here)
    os.close(here)
    os.close(there)
    return tap


def _setns(file: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(file, 0):
        raise OSError(ctypes.get_errno(), "setns")


def switch(spaces: Sequence[str]) -> None:
    """Passes frames between the hosts. A frame goes where its address was last seen, or to all."""
    taps = [_tap(space) for space in spaces]
    cut, seen, due = set[int](), dict[bytes, int](), deque[tuple[float, int, bytes]]()
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        for file in select.select([0, *taps], [], [], wait)[0]:
            if file == 0:
                told = os.read(0, 4096).decode()
                if not told:
                    return
                for line in told.split():
                    (cut.discard if line[0] == "+" else cut.add)(taps[int(line[1:])])
                continue
            for _ in range(64):
                try:
                    frame = os.read(file, 65536)
                except BlockingIOError:
                    break
                seen[frame[6:12]] = file
                due.append((time.monotonic() + DELAY_SECONDS, file, frame))
        while due and due[0][0] <= time.monotonic():
            _, sender, frame = due.popleft()
            known = seen.get(frame[:6])
            for tap in [known] if known is not None else taps:
                if tap != sender and not {tap, sender} & cut:
                    try:
                        os.write(tap, frame)
                    except OSError:  # its queue is full, or it is gone: frames may be lost
                        continue


if __name__ == "__main__":
    os.nice(-5)
    switch(sys.argv[1:])
