"""A file as the operator: demonstrations that somebody has recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drivers.datasets import read, subsampled
from learning.draws import generator
from messages import Demonstration, Episode
from tutelage import Message, Node
from tutelage.problems import LaunchError, Problem
from tutelage.task import Env, Task


class Dataset(Node):
    """Says `count` of a file's episodes, drawn by the seed, with every `subsample`-th pair of each.

    Demonstration i counts from rollout i * `every`; 0 gives all of them before the first rollout.
    """

    says = (Demonstration, Episode)

    def __init__(self, file: str, env: Env, count: int = 10, subsample: int = 1, seed: int = 0, every: int = 0) -> None:
        self.file, self.every = Path(file), every
        self.spaces = Task(env).spaces
        episodes = read(self.file, self.spaces)
        if not 0 < count <= len(episodes):
            raise LaunchError([Problem(file, f"holds {len(episodes)} episodes: {count} cannot be taken")])
        draw = generator(seed, "dataset")
        chosen = draw.permutation(len(episodes))[:count]
        offsets = draw.integers(subsample, size=count)
        self.episodes = [subsampled(episodes[i], subsample, int(k)) for i, k in zip(chosen, offsets, strict=True)]

    def start(self) -> Iterator[Message]:
        for i, episode in enumerate(self.episodes):
            action = self.spaces.from_task(episode.action)
            rollout = i * self.every
            yield Demonstration(
                rollout, 0, episode.observation, action, episode.terminated, episode.truncated, operator=self.file.name
            )
            yield Episode(rollout, 0, "expert", 0, i, 0, len(action), episode.episode_return)
