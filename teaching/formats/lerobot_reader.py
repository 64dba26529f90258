"""Reads datasets of LeRobot's layout v3.0, whether LeRobot wrote them or `teaching/formats/lerobot.py`.

`meta/info.json` names the columns and their shapes. `meta/episodes` has a row an episode, with its length and the file
that its steps are in. `data` has a row a step, and many episodes in a file. Images and videos are not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.files.unpacking import most_bytes
from tutelage.teaching.formats.columns import split
from tutelage.teaching.formats.lerobot import FILE, FIRST, Columns
from tutelage.teaching.formats.trajectory import Demonstrations, Unfit, extra

INFO = "meta/info.json"
OBSERVED = ("observation.state", "observation.environment_state")
"""What LeRobot's own policies observe beside pictures."""

USED = (*OBSERVED, "action", "next.reward", "next.done")
COUNTED = ("timestamp", "frame_index", "episode_index", "index", "task_index", "next.truncated")
"""Columns that say nothing more about a step than its place in the dataset does."""

ABOUT = ("episode_index", "length", "data/chunk_index", "data/file_index")
CONVERT = "python -m lerobot.datasets.v30.convert_dataset_v21_to_v30 --repo-id=NAME --root=FOLDER --push-to-hub=false"
WHOLE = "copy the whole dataset"


def read(path: Path) -> Demonstrations:
    """All episodes of the dataset in a folder.

    Raises:
        Unfit: it is of another version, not whole, or holds no observations but pictures.
    """
    info = _info(path)
    features, observed = info["features"], [name for name in OBSERVED if name in info["features"]]
    pictures = [name for name, said in features.items() if said["dtype"] in ("image", "video")]
    if not observed:
        only = f"; pictures are not read: {', '.join(pictures)}" if pictures else ""
        raise Unfit(f"has no {OBSERVED[0]}, the numbers to learn from{only}")
    lengths, files = _episodes(path, info["total_episodes"])
    widths = {name: _width(name, features[name]) for name in USED if name in features}
    steps = _steps(path, files, {**widths, "episode_index": 1, "frame_index": 1})
    _check_places(steps, lengths)
    trajectories, notes = split(_columns(steps, observed, lengths, info["fps"]))
    return Demonstrations(trajectories, None, notes + _notes(info, observed))


def _info(path: Path) -> dict[str, Any]:
    try:
        said = dict(json.loads((path / INFO).read_bytes()))
    except (ValueError, TypeError) as error:
        raise Unfit(f"{INFO} cannot be read: {error}") from error
    version = str(said.get("codebase_version", "unknown"))
    if version.startswith("v2"):
        raise Unfit(f"is of LeRobot's layout {version}: convert it to v3.0 with `{CONVERT}`")
    if not version.startswith("v3."):
        raise Unfit(f"is of LeRobot's layout {version}; v3.0 is read")
    if missing := [name for name in ("features", "fps", "total_episodes", "data_path") if name not in said]:
        raise Unfit(f"{INFO} has no {', '.join(missing)}")
    if said["data_path"] != f"data/{FILE}":
        raise Unfit(f"{INFO} has the data_path {said['data_path']!r}, v3.0 has data/{FILE}")
    if not (isinstance(said["fps"], int | float) and said["fps"] > 0):
        raise Unfit(f"{INFO} has fps {said['fps']!r}, which must be the steps a second")
    return said


def _width(name: str, feature: Mapping[str, Any]) -> int:
    """How many numbers a row of this column has."""
    shape = feature["shape"]
    if not (len(shape) == 1 and isinstance(shape[0], int) and shape[0] > 0):
        raise Unfit(f"{name} has shape {shape} in {INFO}: only rows of numbers are read")
    return shape[0]


def _episodes(path: Path, total: int) -> tuple[np.ndarray, list[str]]:
    """The length of each episode, and the files of their steps in order."""
    names = [file.relative_to(path).as_posix() for file in (path / "meta/episodes").glob("*/*.parquet")]
    if not names:
        raise Unfit(f"has no meta/episodes/{FIRST}: {WHOLE}")
    found = _joined([_table(path, name, dict.fromkeys(ABOUT, 1)) for name in sorted(names)])
    order = np.argsort(found["episode_index"], kind="stable")
    number, length, chunk, file = (found[name][order] for name in ABOUT)
    if len(number) != total or (number != np.arange(total)).any():
        raise Unfit(f"{INFO} counts {total} episodes, but meta/episodes has not each of them once: {WHOLE}")
    if (length < 1).any():
        raise Unfit(f"meta/episodes has episode {np.argmax(length < 1)} without a step")
    places = dict.fromkeys(zip(chunk.tolist(), file.tolist(), strict=True))
    return length, [f"data/{FILE.format(chunk_index=chunk, file_index=file)}" for chunk, file in places]


def _steps(path: Path, files: list[str], widths: Mapping[str, int]) -> Columns:
    if missing := [name for name in files if not (path / name).is_file()]:
        raise Unfit(f"{missing[0]} is missing: {WHOLE}")
    return _joined([_table(path, name, widths) for name in files])


def _joined(tables: list[Columns]) -> Columns:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _check_places(steps: Columns, lengths: np.ndarray) -> None:
    """Refuses rows that are not the steps of the episodes, one after another."""
    rows, total = len(steps["episode_index"]), int(lengths.sum(dtype=object))
    if rows != total:
        raise Unfit(f"its files have {rows} steps, but its episodes {total}: {WHOLE}")
    episode = np.repeat(np.arange(len(lengths)), lengths)
    frame = np.arange(total) - np.repeat(lengths.cumsum() - lengths, lengths)
    wrong = np.flatnonzero((steps["episode_index"] != episode) | (steps["frame_index"] != frame))
    if len(wrong):
        row = wrong[0]
        there = f"step {steps['frame_index'][row]} of episode {steps['episode_index'][row]}"
        raise Unfit(f"episode {episode[row]}, step {frame[row]}: in its place is {there}")


def _columns(steps: Columns, observed: list[str], lengths: np.ndarray, fps: float) -> Columns:
    """Columns as `teaching/formats/columns.py` reads them."""
    rows = int(lengths.sum())
    last = np.zeros(rows, bool)
    last[lengths.cumsum() - 1] = True
    columns = {
        "observations": np.concatenate([steps[name].reshape(rows, -1) for name in observed], axis=1),
        "rewards": steps.get("next.reward", np.zeros(rows, np.float32)),
        "terminals": steps.get("next.done", last),
        "truncations": last,
        "episode_lengths": lengths,
        "episode_rates": np.full(len(lengths), fps, np.float64),
    }
    if "action" in steps:
        action = steps["action"]
        columns["actions"] = action if action.dtype.kind in "iu" else action.reshape(rows, -1)
    return columns


def _notes(info: Mapping[str, Any], observed: list[str]) -> list[str]:
    features = info["features"]
    notes = [f"an observation is {', '.join(observed)}, one after the other"] if len(observed) > 1 else []
    notes += ["has no next.reward: rewards are zeros here"] if "next.reward" not in features else []
    left_out = [f"{name} ({said['dtype']})" for name, said in features.items() if name not in (*USED, *COUNTED)]
    notes += [f"left out: {', '.join(left_out)}"] if left_out else []
    if (tasks := info.get("total_tasks", 1)) != 1:
        notes.append(f"has {tasks} tasks, whose sentences are left out: they count as one")
    return notes


def _table(path: Path, name: str, widths: Mapping[str, int]) -> Columns:
    """These columns of a parquet file: a row each of so many numbers, or one number."""
    arrow, parquet = extra("pyarrow", "lerobot"), extra("pyarrow.parquet", "lerobot")
    try:
        with parquet.ParquetFile(path / name, page_checksum_verification=True) as file:
            _check_size(file.metadata, set(widths), most_bytes((path / name).stat().st_size))
            table = file.read(list(widths))
            return {column: _numbers(arrow, column, table[column], width) for column, width in widths.items()}
    except KeyError as error:
        raise Unfit(f"{name} has no column {error}") from error
    except Unfit as error:
        raise Unfit(f"{name}: {error}") from error
    except (OSError, arrow.ArrowException) as error:
        raise Unfit(f"{name} cannot be read: {error}") from error


def _check_size(about: Any, names: set[str], most: int) -> None:
    """Refuses a file that would take much more memory than it has bytes."""
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    used = [one for one in columns if any(f"{one.path_in_schema}.".startswith(f"{name}.") for name in names)]
    if (size := 8 * sum(one.num_values for one in used)) > most:
        raise Unfit(f"unpacks to {size} bytes, {most} are read at most")


def _numbers(arrow: Any, name: str, column: Any, width: int) -> np.ndarray:
    """A column as numbers [rows, width], or [rows] if the width is 1, in its dtype."""
    kind, values = column.type, column.combine_chunks()
    if arrow.types.is_list(kind) or arrow.types.is_fixed_size_list(kind) or arrow.types.is_large_list(kind):
        lengths = extra("pyarrow.compute", "lerobot").list_value_length(values).to_pylist()
        if other := set(lengths) - {width}:
            raise Unfit(f"a row of {name} has {other.pop() or 0} numbers, {INFO} says {width}")
        values, kind = values.flatten(), kind.value_type
    elif width != 1:
        raise Unfit(f"a row of {name} has 1 number, {INFO} says {width}")
    if not (arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_boolean(kind)):
        raise Unfit(f"{name} is {kind}, not numbers")
    if values.null_count:
        raise Unfit(f"{name} has rows without a value")
    numbers = values.to_numpy(zero_copy_only=False)
    return numbers.reshape(-1, width) if width > 1 else numbers
