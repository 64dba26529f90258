"""Reads bags of ROS 2 in MCAP, the default of rosbag2, by a small file that says what their topics mean.

    env: Pendulum-v1
    bags: [take_1, take_2]              # files or folders, from this file's folder; each is an episode
    observation:                        # a topic and a field each, one after the other
      - /joint_states position
      - /joint_states velocity[0]
    action:
      - /commands data

A step is at each message of the first action's topic. It has the newest value of each other field by then. With
`most_age_seconds: 0.1` a bag is refused if such a value was older than that.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.files.unpacking import most_bytes
from tutelage.input import yaml_marks
from tutelage.input.problems import Refusal
from tutelage.input.types import checked, keys
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit, extra

KEYS = {"bags": list[str], "observation": list[str], "action": list[str], "env": str, "most_age_seconds": float}

CUT_OFF = "is no whole bag in MCAP: `mcap recover` repairs one that was not closed"

TRUNCATED = "a bag does not say how an episode ends, and has no rewards: each counts as truncated, with rewards of zero"


class Part(NamedTuple):
    """Some of the numbers of an observation or action: a topic, and the way to a field of its messages."""

    topic: str
    path: tuple[str | int, ...]

    @property
    def name(self) -> str:
        return f"{self.topic} {'.'.join(map(str, self.path))}"

    def numbers(self, message: Any) -> list[Any]:
        """The field's numbers.

        Raises:
            Unfit: the message has no such field, or it holds no numbers.
        """
        try:
            for step in self.path:
                message = message[step] if isinstance(step, int) else getattr(message, step)
            found = list(message) if hasattr(message, "__iter__") else [message]
        except (AttributeError, LookupError, TypeError) as error:
            raise Unfit(f"{self.topic} has messages without {self.name.partition(' ')[2]}: {error}") from error
        if not all(isinstance(one, int | float) for one in found):
            raise Unfit(f"{self.name} is not made of numbers")
        return found


def read(path: Path) -> Demonstrations:
    """The episodes that a mapping file names.

    Raises:
        Unfit: a bag cannot be read, or lacks a topic; Refusal: the mapping file is wrong.
    """
    said = _mapping(path)
    observed, acted = ([_part(text) for text in said[name]] for name in ("observation", "action"))
    most, trajectories, ages = said.get("most_age_seconds", math.inf), list[Trajectory](), list[float]()
    for number, bag in enumerate(said["bags"]):
        try:
            one, age = _episode(_files(path.parent / bag), observed, acted, most)
        except Unfit as error:
            raise Unfit(f"{bag}: {error}") from error
        trajectories.append(one._replace(number=number))
        ages.append(age)
    aged = f"the oldest value that a step has was {max(ages):.3f} s old (`most_age_seconds` sets a limit)"
    return Demonstrations(trajectories, said.get("env"), [TRUNCATED, aged])


def _mapping(path: Path) -> dict[str, Any]:
    problems: list[Any] = []
    item = yaml_marks.read(path, problems)
    said = checked(keys(item, KEYS, "a mapping of bags", problems), KEYS, "it", problems) if item else {}
    if problems:
        raise Refusal(problems)
    if missing := [name for name in ("bags", "observation", "action") if not said.get(name)]:
        raise Unfit(f"has no {', '.join(missing)}: docs/demonstrations.md shows one")
    return said


def _part(text: str) -> Part:
    topic, _, field = text.partition(" ")
    steps = re.findall(r"[^.\[\]\s]+", field)
    if not steps:
        raise Unfit(f"'{text}' must be a topic and a field: /joint_states position")
    return Part(topic, tuple(int(step) if step.isdecimal() else step for step in steps))


def _files(bag: Path) -> list[Path]:
    """The files of a bag in order: rosbag2 numbers those of a long one."""
    found = sorted(bag.glob("*.mcap"), key=lambda file: [int(n) for n in re.findall(r"\d+", file.stem)])
    if bag.is_dir() and not found:
        raise Unfit("there is no .mcap file in it: convert it with `ros2 bag convert`")
    return found or [bag]


def _episode(files: list[Path], observed: list[Part], acted: list[Part], most_age: float) -> tuple[Trajectory, float]:
    """The steps of a bag, and the age in seconds of the oldest value in one of them, `most_age` at most.

    Messages before each topic has said something belong to no step.
    """
    newest, since, ages = dict[str, Any](), dict[str, int](), list[float]()
    topics, times = {part.topic for part in (*observed, *acted)}, list[int]()
    rows: tuple[list[list[Any]], list[list[Any]]] = [], []
    for topic, stamp, message in _messages(files, topics):
        newest[topic], since[topic] = message, stamp
        if topic == acted[0].topic and newest.keys() == topics:
            oldest = min(since, key=since.__getitem__)
            ages.append((stamp - since[oldest]) / 1e9)
            if ages[-1] > most_age:
                raise Unfit(f"step {len(times)}: {oldest} was silent for {ages[-1]:.3f} s, more than most_age_seconds")
            times.append(stamp)
            for row, parts in zip(rows, (observed, acted), strict=True):
                row.append([one for part in parts for one in part.numbers(newest[part.topic])])
    if not times:
        raise Unfit(
            f"has no step: {', '.join(sorted(topics - newest.keys()) or [acted[0].topic])} said nothing in time"
        )
    last = [one for part in observed for one in part.numbers(newest[part.topic])]
    rate = (len(times) - 1) / (times[-1] - times[0]) * 1e9 if times[-1] > times[0] else None
    action = _array(rows[1], "action")
    made = Trajectory(
        observation=_array([*rows[0], last], "observation").astype(np.float64),
        action=action[:, 0] if action.dtype.kind == "i" and action.shape[1] == 1 else action,
        reward=np.zeros(len(times)),
        terminated=False,
        truncated=True,
        device="ros2",
        when=times[-1] / 1e9,
        rate=rate,
    )
    return made, max(ages)


def _array(rows: list[list[Any]], name: str) -> np.ndarray:
    if other := [i for i, row in enumerate(rows) if len(row) != len(rows[0])]:
        raise Unfit(f"step {other[0]}: the {name} has {len(rows[other[0]])} numbers, before that {len(rows[0])}")
    return np.asarray(rows)


def _messages(files: list[Path], topics: set[str]) -> Iterator[tuple[str, int, Any]]:
    """Topic, time in nanoseconds and message, in the order in which they were recorded."""
    decoding, reading = extra("mcap_ros2.decoder", "ros2-bags"), extra("mcap.reader", "ros2-bags")
    for file in files:
        with file.open("rb") as stream:
            try:
                reader = reading.make_reader(stream, validate_crcs=True, decoder_factories=[decoding.DecoderFactory()])
                _check_size(reader, file)
                for _, channel, recorded, message in reader.iter_decoded_messages(topics):
                    yield channel.topic, recorded.log_time, message
            except reading.DecoderNotFoundError as error:
                raise Unfit("has messages that are not ROS 2's (CDR, with a ros2msg schema)") from error
            except struct.error as error:
                raise Unfit(f"has a message with fewer bytes than its type ({error})") from error
            except reading.McapError as error:
                raise Unfit(f"{CUT_OFF} ({error or type(error).__name__})") from error


def _check_size(reader: Any, file: Path) -> None:
    """Refuses a file without a summary, and one that would take much more memory than it has bytes."""
    summary = reader.get_summary()
    if summary is None:
        raise Unfit(CUT_OFF)
    unpacked, most = sum(index.uncompressed_size for index in summary.chunk_indexes), most_bytes(file.stat().st_size)
    if unpacked > most:
        raise Unfit(f"unpacks to {unpacked} bytes, {most} are read at most")
