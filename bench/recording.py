"""What recording costs: ten times a robot's data, and the writer and reader beside those of the `mcap` package.

python bench/recording.py robot [--seconds 60]    500 Hz of 12 joints and 100 Hz of 96x96 RGB images, recorded or not
python bench/recording.py rates [--rounds 5]      messages a second written and read, same data, in turns
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from mcap.records import Message as McapMessage
from mcap.stream_reader import StreamReader
from mcap.writer import Writer as McapWriter

from bench.recording_nodes import IMAGE_HZ, JOINTS_HZ, Joints, Picture, image, joints
from tutelage import codec
from tutelage.codec import Header
from tutelage.graph import Graph, NodePlan
from tutelage.message import Message, schema, values
from tutelage.recording import Reader, Writer
from tutelage.supervision.supervisor import Supervisor

MESSAGES = {"joints": schema(Joints), "picture": schema(Picture)}


def robot(seconds: float, recorded: bool) -> dict[str, Any]:
    """A robot and a camera as processes of their own; what they and the recorder tell of it."""
    plans = [
        NodePlan("arm", "bench.recording_nodes:Arm", parameters={"seconds": seconds}, says={"joints": "joints"}),
        NodePlan(
            "camera", "bench.recording_nodes:Camera", parameters={"seconds": seconds}, says={"picture": "picture"}
        ),
        NodePlan(
            "recorder" if recorded else "listener",
            f"bench.recording_nodes:{'MeasuredRecorder' if recorded else 'Listener'}",
            hears={"joints": ["arm"], "picture": ["camera"]},
        ),
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "checkpoints").mkdir()
        outcome = Supervisor(Graph("robot", plans, messages=MESSAGES), folder, "bench").run()
        if outcome.exit_code or outcome.restarts:
            raise RuntimeError("".join(log.read_text() for log in (folder / "logs").glob("*.log")))
        found = {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json") if file.stem != "processes"}
        if recorded:
            reader = Reader(folder / "recording.mcap")
            count = sum(len(one.open()[1]) > 2 for one in reader)
            said = sum(found[node]["said"] for node in ("arm", "camera"))
            size = (folder / "recording.mcap").stat().st_size
            found["file"] = {"said": said, "recorded": count, "lost": said - count, "megabytes": size / 1e6}
            assert reader.closed and not reader.damages and not reader.losses
        return found


def robot_report(seconds: float) -> None:
    for recorded in (False, True):
        found = robot(seconds, recorded)
        print("recorded" if recorded else "heard, not recorded", f"({JOINTS_HZ} Hz + {IMAGE_HZ} Hz for {seconds:g} s)")
        for name, numbers in sorted(found.items()):
            print(f"  {name}: " + ", ".join(f"{key} {value:g}" for key, value in numbers.items()))


def data(count: int) -> list[tuple[str, Header, tuple[Any, ...]]]:
    """What a robot says, headers and fields: five joints to an image."""
    said: list[tuple[str, Header, tuple[Any, ...]]] = []
    for i in range(count):
        message: Message = image(i) if i % 6 == 5 else joints(i)
        said.append((message.topic, Header("run", "arm", 0, i, 1000 * i, 1000 * i), values(message)))
    return said


def write_ours(path: Path, said: list[Any]) -> None:
    writer = Writer(path, {})
    for topic, header, fields in said:
        writer.add(topic, MESSAGES[topic], header, fields, header.captured)
        if time.monotonic() >= writer.due:
            writer.flush()
    writer.close()


def write_mcap(path: Path, said: list[Any]) -> None:
    """The plain writer as it is by default, given the same bodies."""
    with path.open("wb") as file:
        writer = McapWriter(file)
        writer.start("", "")
        channels = {}
        for topic, declared in MESSAGES.items():
            number = writer.register_schema(topic, "jsonschema", json.dumps(declared).encode())
            channels[topic] = writer.register_channel(topic, "msgpack", number)
        for topic, header, fields in said:
            body = codec.pack_message(header, fields)
            writer.add_message(channels[topic], header.captured, body, header.captured, header.sequence)
        writer.finish()


def read_ours(path: Path) -> int:
    return sum(len(recorded.body) > 0 for recorded in Reader(path))


def read_mcap(path: Path) -> int:
    with path.open("rb") as file:
        records = StreamReader(file, validate_crcs=True).records
        return sum(isinstance(record, McapMessage) and len(record.data) > 0 for record in records)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, for others use this machine too; and what came of it."""
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def rates(rounds: int, count: int) -> None:
    said = data(count)
    times: dict[str, list[float]] = {"write ours": [], "write mcap": [], "read ours": [], "read mcap": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        ours, plain = Path(name) / "ours.mcap", Path(name) / "plain.mcap"
        for _ in range(rounds):
            for path in (ours, plain):
                path.unlink(missing_ok=True)
            times["write ours"].append(timed(lambda: write_ours(ours, said))[0])
            times["write mcap"].append(timed(lambda: write_mcap(plain, said))[0])
            for label, read, path in (("read ours", read_ours, ours), ("read mcap", read_mcap, plain)):
                seconds, found = timed(lambda read=read, path=path: read(path))  # type: ignore[misc]
                assert found == count
                times[label].append(seconds)
        sizes = [path.stat().st_size / 1e6 for path in (ours, plain)]
    print(
        f"{count} messages, {rounds} rounds, medians of processor time; files of {sizes[0]:.1f} and {sizes[1]:.1f} MB"
    )
    for what in ("write", "read"):
        mine, theirs = median(times[f"{what} ours"]), median(times[f"{what} mcap"])
        ratios = [a / b for a, b in zip(times[f"{what} ours"], times[f"{what} mcap"], strict=True)]
        both = f"{count / mine:,.0f} a second, mcap's own {count / theirs:,.0f}"
        print(f"{what}: {both}; time ratio {median(ratios):.2f} (target at most 1.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["robot", "rates"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=6000)
    options = parser.parse_args()
    if options.what == "robot":
        robot_report(options.seconds)
    else:
        rates(options.rounds, options.count)


if __name__ == "__main__":
    main()
