"""A dataset that LeRobot's own writer makes, or a look at one by its own loader: run by a Python that has lerobot.

python made_by_lerobot.py write EPISODES.npz FOLDER
python made_by_lerobot.py look FOLDER FOUND.npz
"""

import importlib
import os
import sys
from typing import Any

import numpy as np

os.environ["HF_HUB_OFFLINE"] = "1"
FEATURES = {
    "observation.state": {"dtype": "float32", "shape": (4,), "names": ["position", "speed", "angle", "turning"]},
    "observation.environment_state": {"dtype": "float32", "shape": (1,), "names": None},
    "observation.images.top": {"dtype": "image", "shape": (8, 8, 3), "names": ["height", "width", "channels"]},
    "action": {"dtype": "float32", "shape": (2,), "names": None},
    "next.reward": {"dtype": "float32", "shape": (1,), "names": None},
    "next.done": {"dtype": "bool", "shape": (1,), "names": None},
}


def write(source: str, folder: str) -> None:
    """Episodes of equal length, several in the first file; then a file each, two files in a folder."""
    dataset_kind: Any = importlib.import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    shown = np.load(source)
    made = dataset_kind.create("made/by-lerobot", fps=50, features=FEATURES, root=folder, use_videos=False)
    made.meta.update_chunk_settings(chunks_size=2)
    for number, episode in enumerate(shown["state"]):
        for step, state in enumerate(episode):
            frame = {
                "observation.state": state,
                "observation.environment_state": state[:1] * 2,
                "observation.images.top": np.zeros((8, 8, 3), np.uint8),
                "action": shown["action"][number, step],
                "next.reward": shown["reward"][number, step : step + 1],
                "next.done": np.array([step == len(episode) - 1]),
                "task": "hold it up",
            }
            made.add_frame(frame)
        made.save_episode()
        if number == 2:
            made.meta.info["data_files_size_in_mb"] = 1e-6
    made.finalize()


def look(folder: str, found: str) -> None:
    """What lerobot's loader says of a dataset: each step's observation, action and episode."""
    dataset_kind: Any = importlib.import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    steps = list(dataset_kind("looked/at", root=folder))
    columns = {name: np.stack([np.asarray(step[name]) for step in steps]) for name in ("observation.state", "action")}
    np.savez(found, **columns, episode=[int(step["episode_index"]) for step in steps])  # type: ignore[arg-type]


if __name__ == "__main__":
    {"write": write, "look": look}[sys.argv[1]](*sys.argv[2:])
