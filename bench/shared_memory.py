"""Large arrays from process to process: frames of ZeroMQ beside a ring in shared memory whose slots ZeroMQ announces.

    python bench/shared_memory.py [--megabytes 1 6] [--count 200] [--turns 5]

An image goes to another process, which reads all of it and answers with one byte. `fresh` images lie in new memory
each, as messages do that the bus keeps until they are acknowledged. In shared memory an image is drawn in its slot and
read there; or it is `copied` there, since a node knows nothing of slots and yields an array of its own. Prints the best
turn's time there and back, and the processor time of both processes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import zmq

SLOTS = 16
WAYS = ("frames", "frames, fresh", "shared memory", "shared memory, copied")


def receive(where: str, memory: str, size: int) -> None:
    """Reads images until an empty message comes; answers with the processor seconds that those after SLOTS took."""
    socket: Any = zmq.Context().socket(zmq.PAIR)
    socket.connect(where)
    ring = SharedMemory(memory, track=False) if hasattr(SharedMemory, "_track") else SharedMemory(memory)
    slots = np.ndarray((SLOTS, size), np.uint8, ring.buf)
    for number in count():
        frames = socket.recv_multipart(copy=False)
        if number == SLOTS:
            began = time.process_time()
        if not frames[0].bytes:
            break
        image = np.frombuffer(frames[1].buffer, np.uint8) if len(frames) > 1 else slots[int(frames[0].bytes)]
        socket.send(bytes([int(image.view(np.uint64).max()) & 1]))
    socket.send(str(time.process_time() - began).encode())
    del slots
    ring.close()


def images(way: str, size: int, slots: np.ndarray) -> Iterator[list[Any]]:
    """The frames of one image after the other. Each shows something else, so it is drawn in any case."""
    own, shared = np.zeros(size, np.uint8), way.startswith("shared")
    number = 0
    while True:
        number = (number + 1) % SLOTS
        image = slots[number] if way == "shared memory" else np.empty(size, np.uint8) if "fresh" in way else own
        image[:] = number
        if way == "shared memory, copied":
            slots[number] = image
        yield [str(number).encode()] if shared else [b"0", image]


def measure(way: str, size: int, most: int) -> tuple[float, float]:
    """Milliseconds there and back, and of processors, of an image."""
    ring = SharedMemory(create=True, size=SLOTS * size)
    slots = np.ndarray((SLOTS, size), np.uint8, ring.buf)
    with tempfile.TemporaryDirectory() as folder:
        socket: Any = zmq.Context().socket(zmq.PAIR)
        socket.bind(where := f"ipc://{folder}/pair")
        other = get_context("spawn").Process(target=receive, args=(where, ring.name, size))
        other.start()
        source, kept = images(way, size, slots), []
        for number in range(most + SLOTS):
            if number == SLOTS:  # every slot has been touched
                began, used = time.monotonic(), time.process_time()
            frames = next(source)
            kept = [*kept[-SLOTS:], frames]
            socket.send_multipart(frames, copy=False)
            socket.recv()
        wall, used = time.monotonic() - began, time.process_time() - used
        socket.send(b"")
        used += float(socket.recv())
        other.join()
    del slots, source
    ring.close()
    ring.unlink()
    return 1000 * wall / most, 1000 * used / most


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, nargs="*", default=[1, 6])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    for megabytes in options.megabytes:
        turns = [{way: measure(way, megabytes * 2**20, options.count) for way in WAYS} for _ in range(options.turns)]
        for way in WAYS:
            wall, used = (min(turn[way][i] for turn in turns) for i in (0, 1))
            print(f"{megabytes} MB, {way:21}: {wall:6.2f} ms there and back, {used:6.2f} ms of processors", flush=True)


if __name__ == "__main__":
    main()
