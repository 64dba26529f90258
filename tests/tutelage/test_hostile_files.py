"""Every reader of a file, fed what is none: cut, flipped, emptied, or well-made nonsense. It ends in a sentence."""

import json
import random
import shutil
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zstandard
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Schema
from safetensors.numpy import save_file

from tests.parts.episodes import driven, record, take
from tests.parts.run_cli import cli
from tutelage import codec
from tutelage import launcher as launching
from tutelage.codec import Header
from tutelage.graph import Graph, NodePlan
from tutelage.input.problems import Refusal, printable
from tutelage.launchfiles import launchfile
from tutelage.launchfiles.search import LAUNCH_FOLDER
from tutelage.learning.ppo import PPO, Settings
from tutelage.learning.rollout import Spaces
from tutelage.message import schema, values
from tutelage.messages import Take
from tutelage.nodes.player import Player
from tutelage.recording import Reader, Writer, export, format
from tutelage.recording.summary import Summary
from tutelage.replay import verify
from tutelage.tasks.evaluation import evaluate_run
from tutelage.tasks.finished_run import weights_of
from tutelage.teaching.demos import listing
from tutelage.teaching.formats import files
from tutelage.teaching.formats.columns import joined
from tutelage.teaching.formats.trajectory import Demonstrations

CARTPOLE = "CartPole-v1"


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))


def demonstrations() -> Demonstrations:
    return Demonstrations([driven(CARTPOLE, i, 20) for i in range(2)], CARTPOLE)


def npz(folder: Path) -> Path:
    return files.write(str(folder / "demos.npz"), demonstrations(), "npz")[0]


def hdf5(folder: Path) -> Path:
    path = folder / "demos.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": CARTPOLE, "type": 2, "env_kwargs": {}})
        for i, one in enumerate(demonstrations().trajectories):
            demo = data.create_group(f"demo_{i}")
            demo["obs/all"], demo["next_obs/all"] = one.observation[:-1], one.observation[1:]
            demo["actions"], demo["rewards"] = one.action, one.reward
    return path


def minari(folder: Path) -> Path:
    return files.write(str(folder / "demos-v0"), demonstrations(), "minari")[0]


def minari_arrow(folder: Path) -> Path:
    return files.write(str(folder / "demos-v0"), demonstrations(), "minari-arrow")[0]


GRAPH = Graph(
    "gail",
    [NodePlan("teleoperator", "nodes.simulator:Simulator", parameters={"env": CARTPOLE}, says={"take": "take"})],
    messages={"take": schema(Take)},
)


def recording(folder: Path) -> Path:
    takes = [take(CARTPOLE, one) for one in demonstrations().trajectories]
    record(folder / "recording.mcap", takes, graph=GRAPH.to_json(), run=json.dumps({"run": "a"}))
    return folder / "recording.mcap"


def weights(folder: Path) -> Path:
    (folder / "run").mkdir()
    (folder / "run/graph.json").write_text(GRAPH.to_json())
    save_file(PPO(Spaces(4, 2, True), 0, Settings()).tensors(), folder / "run/weights.safetensors")
    return folder / "run/weights.safetensors"


def run_graph(folder: Path) -> Path:
    return weights(folder).with_name("graph.json")


def launch_file(folder: Path) -> Path:
    return Path(shutil.copy(LAUNCH_FOLDER / "bc.yaml", folder / "launch.yaml"))


def verdicts(folder: Path) -> Path:
    files.judge(str(recording(folder)), 0, "discarded")
    return folder / "verdicts.jsonl"


def read_demonstrations(path: Path) -> None:
    listing.scored(str(path), files.read)


def read_dataset(path: Path) -> None:
    while not path.name.endswith("-v0"):
        path = path.parent
    read_demonstrations(path)


def read_recording(path: Path) -> None:
    """All that the commands do with a recording; each may refuse it."""
    (out := path.parent / "out").mkdir(exist_ok=True)
    deeds: list[Callable[[], object]] = [
        lambda: printable(Summary(path).text()) and Summary(path).as_json(),
        lambda: read_demonstrations(path),
        lambda: export.export(path, out / f"{time.monotonic_ns()}.mcap"),
        lambda: export.export(path, out / f"{time.monotonic_ns()}.npz"),
        lambda: list(Player(str(path), "teleoperator", rate=0).tick()),
        lambda: verify(path, trusted=True),
    ]
    refusals = []
    for deed in deeds:
        try:
            deed()
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]


def read_launch_file(path: Path) -> None:
    if problems := launchfile.read(path).problems:
        raise Refusal(problems)
    launching.graph(str(path), [])


def read_run(path: Path) -> None:
    weights_of(path.parent)
    evaluate_run(path.parent, 1, False, 0, None)


READERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None]]] = {
    "npz": (npz, read_demonstrations),
    "hdf5": (hdf5, read_demonstrations),
    "minari": (lambda folder: minari(folder) / "data/main_data.hdf5", read_dataset),
    "minari's metadata": (lambda folder: minari(folder) / "data/metadata.json", read_dataset),
    "minari arrow": (lambda folder: next(minari_arrow(folder).rglob("*.arrow")), read_dataset),
    "minari arrow's metadata": (lambda folder: minari_arrow(folder) / "data/0/metadata.json", read_dataset),
    "recording": (recording, read_recording),
    "verdicts": (verdicts, lambda path: read_demonstrations(path.with_name("recording.mcap"))),
    "safetensors": (weights, read_run),
    "graph": (run_graph, read_run),
    "launch file": (launch_file, read_launch_file),
}


def ruined(whole: bytes) -> Iterator[bytes]:
    """A file cut, flipped, emptied, and filled with what it is not; drawn by a seed."""
    draw = random.Random(0)
    yield b""
    yield bytes(len(whole))
    yield from (whole[: draw.randrange(len(whole))] for _ in range(6))
    for _ in range(14):
        broken = bytearray(whole)
        for _ in range(draw.choice([1, 1, 1, 8])):
            broken[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        yield bytes(broken)
    yield whole[: len(whole) // 2] + draw.randbytes(len(whole) // 2)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", READERS)
def test_a_reader_of_a_ruined_file_says_a_sentence_or_reads_it(kind: str, tmp_path: Path) -> None:
    make, read = READERS[kind]
    path = make(tmp_path)
    read(path)
    whole, refused = path.read_bytes(), 0
    for content in ruined(whole):
        path.write_bytes(content)
        try:
            read(path)
        except Refusal:
            refused += 1
    assert refused >= 3


def senseless(draw: random.Random) -> Any:
    """Anything that a message can hold."""
    return draw.choice(
        [
            *(None, True, -1, 0, 2**64 - 1, -(2**63), 1.5, float("nan"), "", "\x1b[31m\n", b"\xff", "a" * 2000),
            *(
                [],
                {},
                [[]],
                {"a": 1},
                [1, "a"],
                np.zeros((0, 3)),
                np.array(1.0),
                np.full(3, np.nan),
                np.zeros((2, 2), bool),
            ),
        ]
    )


def nonsense(folder: Path, seed: int) -> Path:
    """A recording whose every checksum is right, and one part of which is not what it should be."""
    draw = random.Random(seed)
    path = folder / f"{seed}.mcap"
    one, topic = take(CARTPOLE, driven(CARTPOLE, 0, 5)), "take"
    said: Any = schema(Take)
    fields, header = list(values(one)), ["run", "teleoperator", 0, 0, 1, 1]
    about = {"monotonic_ns": "0", "unix_ns": "0", "run": '{"run": "a"}', "graph": GRAPH.to_json()}
    match seed % 7:
        case 0:
            fields[draw.randrange(len(fields))] = senseless(draw)
        case 1:
            header[draw.randrange(len(header))] = senseless(draw)
        case 2:
            said = draw.choice(
                [{}, [], {**said, "title": 3}, {**said, "properties": {"class": {}, "_a": {"type": "x"}}}]
            )
        case 3:
            name = draw.choice(list(said["properties"]))
            said["properties"][name] = draw.choice(
                [{}, {"type": "array", "dtype": ["O"], "shape": [3]}, {"type": "string"}, 1]
            )
        case 4:
            about[draw.choice(list(about))] = draw.choice(["", "[]", "x", "9" * 5000, '{"nodes": [1]}', "1" + "0" * 30])
        case 5:
            graph = json.loads(GRAPH.to_json())
            where = draw.choice([graph, graph["nodes"][0]])
            where[draw.choice(list(where))] = draw.choice([None, 1, "a", [1], {"a": 1}, {"env": 3}])
            about["graph"] = json.dumps(graph)
        case _:
            fields = draw.choice([[], [0], [1, 2], [0, 0, 0], ["a", 0], fields[:-1], [*fields, 1]])
    metadata = format.metadata(draw.choice(["recording", "loss"]) if seed % 11 == 0 else "recording", about)
    stamp = draw.choice([1, 0, 2**64 - 1])
    records = [
        Schema(draw.choice([1, 1, 1, 7]), json.dumps(said).encode() if seed % 13 else b"\xff", "jsonschema", "Take"),
        Channel(1, topic, "msgpack", {"sender": "teleoperator"} if seed % 17 else {}, 1),
        Message(1 if seed % 19 else 3, stamp, codec.pack_state([*header, fields]), stamp, 0),
    ]
    packed = format.packed(*records)
    chunk = format.chunk(packed, (0, 1), zstandard.ZstdCompressor())
    path.write_bytes(format.BEGINNING + metadata + chunk + format.ENDING)
    return path


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "seeds", [range(84), pytest.param(range(84, 1000), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_well_made_nonsense_ends_in_a_sentence(seeds: range, tmp_path: Path) -> None:
    refused = 0
    for seed in seeds:
        try:
            read_recording(nonsense(tmp_path, seed))
        except Refusal:
            refused += 1
    assert refused > len(seeds) / 2


def bomb(size: int) -> bytes:
    data = zstandard.compress(bytes(size))
    return format.packed(Chunk("zstd", data, 0, 0, 0, size))


def peak_megabytes(deed: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        deed()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_a_chunk_that_unpacks_to_a_gigabyte_is_refused_before_it_does(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_bytes(format.BEGINNING + bomb(2**30))
    reader = Reader(tmp_path / "a.mcap")
    assert peak_megabytes(lambda: list(reader)) < 10
    assert "that unpacks to 1073741824" in str(reader.damages[0])


def test_a_large_black_image_is_recorded_and_read(tmp_path: Path) -> None:
    """It is smaller than a bomb, so the writer says so."""
    writer, one = Writer(tmp_path / "a.mcap", {}), take(CARTPOLE, driven(CARTPOLE, 0, 5))
    fields = list(values(one))
    at = [field.name for field in Take.declared].index("observation")
    fields[at] = np.zeros((2, 9 * 2**20), np.float32)
    writer.add("take", schema(Take), Header("run", "teleoperator", 0, 0, 1, 1), fields, 1)
    writer.close()
    (recorded,) = reader = list(Reader(tmp_path / "a.mcap"))
    assert np.array_equal(recorded.open()[1][at], fields[at]) and len(reader) == 1
    assert (tmp_path / "a.mcap").stat().st_size < 2**21


def test_beginnings_of_chunks_are_looked_at_in_linear_time(tmp_path: Path) -> None:
    """Each says that it is as long as the rest of the file."""
    heads, size = [], 4 * 2**20
    head = struct.pack("<QQQII", 0, 0, 1000, 0, 4) + b"zstd"
    each = 9 + len(head) + 8
    for at in range(0, size, each):
        rest = max(size - at - 9, 1000)
        heads.append(struct.pack("<BQ", 6, rest) + head + struct.pack("<Q", rest - len(head) - 8))
    (tmp_path / "a.mcap").write_bytes(format.BEGINNING + b"".join(heads)[:size])
    read = 0

    class Counting(Reader):
        def _read(self, at: int, size: int) -> bytes:
            nonlocal read
            found = super()._read(at, size)
            read += len(found)
            return found

    reader = Counting(tmp_path / "a.mcap")
    assert list(reader) == [] and len(reader.damages) == 1
    assert read < 40 * size, "bytes read of a file of 4 MB"


def test_a_record_of_a_terabyte_of_holes_is_refused_before_memory_is_given(tmp_path: Path) -> None:
    with (tmp_path / "a.mcap").open("wb") as file:
        file.write(format.BEGINNING + struct.pack("<BQ", Opcode.METADATA, 2**40) + loss())
        file.truncate(2**41)
        file.seek(2**40)
        file.write(loss())
    reader = Reader(tmp_path / "a.mcap")
    assert peak_megabytes(lambda: list(reader)) < 10
    assert "a record of 1099511627776 bytes" in str(reader.damages[0]) and len(reader.losses) == 2


def loss() -> bytes:
    return format.metadata("loss", {"topic": "take", "sender": "a", "first": "0", "messages": "1", "why": ""})


def test_ends_without_an_end_are_looked_at_in_linear_time(tmp_path: Path) -> None:
    """After each the file goes on. What is read of it is counted."""
    each = format.DATA_END + loss()
    (tmp_path / "a.mcap").write_bytes(format.BEGINNING + each * (2**20 // len(each)) + format.ENDING)
    reader, before = Reader(tmp_path / "a.mcap"), bytes_read()
    assert list(reader) == [] and len(reader.losses) == len(reader.damages) == 2**20 // len(each)
    assert reader.closed and bytes_read() - before < 200 * 2**20


def bytes_read() -> int:
    """The bytes that this process has read so far."""
    if not (counts := Path("/proc/self/io")).exists():
        pytest.skip("only Linux counts them")
    return int(counts.read_text().split()[1])


def save(path: Path, arrays: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(shape: str, data: bytes = b"", descr: str = "'<f8'") -> bytes:
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def demos_with(folder: Path, **arrays: bytes) -> Path:
    whole = npz(folder)
    with zipfile.ZipFile(whole) as archive:
        kept = {info.filename.removesuffix(".npy"): archive.read(info) for info in archive.infolist()}
    return save(whole, {**kept, **arrays})


@pytest.mark.parametrize(
    "array",
    [
        npy("(1000000000000000,)"),
        npy("(1000000000000000,)", descr="'<U0'"),
        npy("(1000000, 1000000000)", bytes(800)),
        npy("(10000000,)", bytes(80_000_000)),
        npy("(1,)", b"\x80\x04N.", descr="'|O'"),
    ],
    ids=["rows of 10^15", "rows of nothing", "columns of 10^9", "80 MB of zeros", "a pickle"],
)
def test_an_npz_that_says_more_than_it_has_is_refused_before_memory_is_given(array: bytes, tmp_path: Path) -> None:
    path = demos_with(tmp_path, observations=array)
    del array

    def read() -> None:
        with pytest.raises(Refusal):
            files.read(path)

    assert peak_megabytes(read) < 20


def linked_elsewhere(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.hdf5", "w") as other:
        other["observations"] = np.zeros((20, 4))
    file["data/demo_0/obs/all"] = h5py.ExternalLink(str(folder / "other.hdf5"), "/observations")


def linked_softly(file: h5py.File, folder: Path) -> None:
    file["data/demo_0/obs/all"] = h5py.SoftLink("/data/demo_1/obs/all")


def stored_elsewhere(file: h5py.File, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(20 * 4 * 8))
    external = [(str(folder / "secret"), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("data/demo_0/obs/all", (20, 4), np.float64, external=external)


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((20, 4), np.float64)
    layout[:] = h5py.VirtualSource(str(folder / "other.hdf5"), "observations", (20, 4))
    file.create_virtual_dataset("data/demo_0/obs/all", layout)


def of_nothing(file: h5py.File, folder: Path) -> None:
    file.create_dataset("data/demo_0/obs/all", (10**15, 4), np.float64, chunks=(1, 4))


def twice(file: h5py.File, folder: Path) -> None:
    file["data/demo_0/obs/all"] = file["data/demo_1/obs/all"]


def in_a_circle(file: h5py.File, folder: Path) -> None:
    file["data/demo_0/obs/all"] = file["data"]


@pytest.mark.parametrize(
    "change", [linked_elsewhere, linked_softly, stored_elsewhere, virtual, of_nothing, twice, in_a_circle]
)
@pytest.mark.parametrize("kind", ["hdf5", "minari"])
def test_hdf5_that_is_read_from_elsewhere_or_made_of_nothing_is_refused(
    change: Callable[[h5py.File, Path], None], kind: str, tmp_path: Path
) -> None:
    path = hdf5(tmp_path)
    with h5py.File(path, "a") as file:
        del file["data/demo_0/obs/all"]
        change(file, tmp_path)
    if kind == "minari":
        dataset = minari(tmp_path)
        shutil.copy(path, dataset / "data/main_data.hdf5")
        path = dataset
    with pytest.raises(Refusal, match=r"is a link|two names|in another file|larger than a file of this size"):
        files.read(path)


def test_a_minari_dataset_of_many_episodes_that_are_not_there_is_refused(tmp_path: Path) -> None:
    path = minari(tmp_path)
    about = json.loads((path / "data/metadata.json").read_text())
    (path / "data/metadata.json").write_text(json.dumps({**about, "total_episodes": 10**15}))
    with pytest.raises(Refusal, match="cannot have 1000000000000000 episodes"):
        files.read(path)


@pytest.mark.parametrize("head", [struct.pack("<Q", 2**63), struct.pack("<Q", 2**63 - 1) + b"{}", b"", b"\0" * 8])
def test_weights_with_a_senseless_header_are_refused(head: bytes, tmp_path: Path) -> None:
    path = weights(tmp_path)
    path.write_bytes(head)
    with pytest.raises(Refusal, match="cannot be read as the weights of a policy"):
        evaluate_run(path.parent, 1, False, 0, None)


@pytest.mark.parametrize(
    "change", [{"policy.0.weight": np.zeros(3, np.float32)}, {"policy.2.bias": np.zeros(7, np.float32)}]
)
def test_weights_that_do_not_fit_each_other_are_refused(change: dict[str, np.ndarray], tmp_path: Path) -> None:
    path = weights(tmp_path)
    save_file(PPO(Spaces(4, 2, True), 0, Settings()).tensors() | change, path)
    with pytest.raises(Refusal, match="cannot be read as the weights of a policy"):
        evaluate_run(path.parent, 1, False, 0, None)


HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\r"


def test_what_would_move_a_cursor_is_written_out(tmp_path: Path) -> None:
    assert printable(f"a{HOSTILE}\tb\n") == "a\\x1b]0;owned\\x07\\x1b[2J\\u202e\\r\tb\n"
    one = driven(CARTPOLE, 0, 5, operator=HOSTILE)
    record(tmp_path / "a.mcap", [take(CARTPOLE, one)], graph=GRAPH.to_json(), run=HOSTILE)
    writer = Writer(tmp_path / "c.mcap", {})
    writer.add(HOSTILE, schema(Take), Header("run", HOSTILE, 0, 5, 1, 1), values(take(CARTPOLE, one)), 1)
    writer.skip((HOSTILE, HOSTILE), 9)
    writer.close()
    columns = joined([one])
    np.savez(tmp_path / "d.npz", **columns, **{HOSTILE: np.zeros(5)}, env_id=np.array(f"{HOSTILE}:a"))  # type: ignore[arg-type]
    commands: list[tuple[object, ...]] = [
        *(("demos", command, tmp_path / "a.mcap", *more) for command, *more in (("list",), ("show", 0))),
        ("bag", "info", tmp_path / "c.mcap"),
        ("demos", "list", tmp_path / "d.npz"),
        ("demos", "import", tmp_path / "d.npz", tmp_path / "e.npz", "--env", CARTPOLE),
    ]
    for command in commands:
        done = cli(*command)
        said = done.stdout + done.stderr
        assert printable(HOSTILE) in said and "Traceback" not in said, said
        assert not any(letter in said for letter in "\x1b\x07\u202e\r"), said


def test_a_number_of_5000_digits_is_a_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"nodes:\n  one: {{run: 'a:B', parameters: {{a: {'9' * 5000}}}}}\n")
    with pytest.raises(Refusal, match=r"a.yaml:2:\d+: this integer has more than 64 bits"):
        read_launch_file(tmp_path / "a.yaml")


def test_a_number_of_5000_digits_on_the_command_line_is_a_problem() -> None:
    with pytest.raises(Refusal, match=r"must be an int, but is the string '9+"):
        launching.graph("bc.yaml", [f"seed:={'9' * 5000}"])


def test_a_thousand_million_nodes_are_too_many(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("nodes:\n  one: {run: 'a:B', count: 1000000000}\n")
    with pytest.raises(Refusal, match=r"a.yaml:2:\d+: node 'one': 'count' is 1000000000, but at most 1000 run"):
        read_launch_file(tmp_path / "a.yaml")


LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        ("launch", "bc.yaml", "--run-dir", LONG),
        ("launch", "--resume", LONG),
        ("launch", LONG),
        ("launch", "bc.yaml", f"demonstrations:={LONG}"),
        ("demos", "list", LONG),
        ("verify", LONG),
        ("node", "log", "a", "--run", LONG),
        ("demos", "import", "x.npz", f"{LONG}.npz"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_too_long_for_a_file_is_a_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    npz(tmp_path).rename(tmp_path / "x.npz")
    done = cli(*words, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr, done.stdout + done.stderr
