"""Writes LeRobot's dataset layout v3.0 (https://huggingface.co/docs/lerobot): parquet files and their metadata.

meta/info.json, meta/stats.json, meta/tasks.parquet
meta/episodes/chunk-000/file-000.parquet      one row an episode
data/chunk-000/file-000.parquet               one row a step
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory, Unfit, extra

FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
FIRST = FILE.format(chunk_index=0, file_index=0)
QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}

Columns = dict[str, np.ndarray]


def write(path: Path, shown: Demonstrations, task: str, fps: float | None = None) -> list[str]:
    """Writes them as a dataset of one task; returns what it does not hold.

    `fps` steps a second are the measured ones, where it is not given.
    """
    measured = [one.rate for one in shown.trajectories if one.rate]
    if fps is None and measured:
        fps = max(1, round(float(np.median(measured))))  # LeRobot's own are whole numbers
    if fps is None:
        raise Unfit("LeRobot needs the number of steps a second: give it with --fps")
    episodes = _episodes(shown.trajectories, fps)
    columns = {name: np.concatenate([episode[name] for episode in episodes]) for name in episodes[0]}
    _table(path / "data" / FIRST, columns)
    _table(path / "meta/episodes" / FIRST, _about(episodes, task))
    _table(path / "meta/tasks.parquet", {"task_index": np.array([0]), "task": [task]}, index="task")
    (path / "meta/info.json").write_text(json.dumps(_info(columns, len(episodes), fps), indent=4))
    stats = {name: _stats(values) for name, values in columns.items()}
    (path / "meta/stats.json").write_text(json.dumps(stats, indent=4))
    return [
        "LeRobot does not hold an episode's last observation, which no action follows",
        "LeRobot does not hold operators, devices and seeds, and its timestamps are computed from the frame's number",
    ]


def _episodes(trajectories: list[Trajectory], fps: float) -> list[Columns]:
    made, start = [], 0
    for i, one in enumerate(trajectories):
        steps = len(one.action)
        frame, last = np.arange(steps), np.arange(steps) == steps - 1
        made.append(
            {
                "observation.state": one.observation[:-1],
                "action": one.action,
                "next.reward": one.reward,
                "next.done": last,
                "next.truncated": last & one.truncated,
                "timestamp": (frame / fps).astype(np.float32),
                "frame_index": frame,
                "episode_index": np.full(steps, i),
                "index": start + frame,
                "task_index": np.zeros(steps, np.int64),
            }
        )
        start += steps
    return made


def _info(columns: Columns, episodes: int, fps: float) -> dict[str, Any]:
    features = {
        name: {"dtype": values.dtype.name, "shape": list(values.shape[1:]) or [1], "names": None}
        for name, values in columns.items()
    }
    return {
        "codebase_version": "v3.0",
        "robot_type": None,
        "total_episodes": episodes,
        "total_frames": len(columns["index"]),
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": int(fps) if fps == int(fps) else fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": f"data/{FILE}",
        "video_path": None,
        "features": features,
    }


def _about(episodes: list[Columns], task: str) -> dict[str, Any]:
    """The rows of meta/episodes: where each episode is, and its statistics."""
    ends = np.cumsum([len(episode["index"]) for episode in episodes])
    zeros = np.zeros(len(episodes), np.int64)
    about: dict[str, Any] = {
        "episode_index": np.arange(len(episodes)),
        "tasks": [[task]] * len(episodes),
        "length": np.diff(ends, prepend=0),
        "dataset_from_index": np.concatenate([[0], ends[:-1]]),
        "dataset_to_index": ends,
    }
    for file in ("data", "meta/episodes"):
        about[f"{file}/chunk_index"] = about[f"{file}/file_index"] = zeros
    stats = [{name: _stats(values) for name, values in episode.items()} for episode in episodes]
    for name in episodes[0]:
        about |= {f"stats/{name}/{kind}": [one[name][kind] for one in stats] for kind in stats[0][name]}
    return about


def _stats(values: np.ndarray) -> dict[str, list[float]]:
    rows = values.reshape(len(values), -1).astype(np.float64)
    found = {"min": rows.min(0), "max": rows.max(0), "mean": rows.mean(0), "std": rows.std(0)}
    found |= dict(zip(QUANTILES, np.quantile(rows, list(QUANTILES.values()), axis=0), strict=True))
    return {name: numbers.tolist() for name, numbers in found.items()} | {"count": [len(rows)]}


def _table(path: Path, columns: dict[str, Any], index: str = "") -> None:
    """Writes a parquet file. For pandas, which LeRobot uses to read tasks, it states which column is the `index`."""
    arrow = extra("pyarrow", "lerobot")
    table = arrow.table({name: _column(arrow, values) for name, values in columns.items()})
    if index:
        about = {"name": index, "field_name": index, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
        said = {"index_columns": [index], "column_indexes": [], "columns": [about], "pandas_version": "2.0.0"}
        table = table.replace_schema_metadata({"pandas": json.dumps(said)})
    path.parent.mkdir(parents=True, exist_ok=True)
    extra("pyarrow.parquet", "lerobot").write_table(table, path, write_page_checksum=True)


def _column(arrow: Any, values: Any) -> Any:
    """A matrix as an array of fixed-size lists; with one column, a plain column."""
    if not isinstance(values, np.ndarray) or values.ndim == 1:
        return arrow.array(values)
    rows = np.ascontiguousarray(values.reshape(len(values), -1))
    return (
        arrow.array(rows[:, 0])
        if rows.shape[1] == 1
        else arrow.FixedSizeListArray.from_arrays(rows.ravel(), rows.shape[1])
    )
