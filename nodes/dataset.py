"""Publishes demonstrations from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import generator
from tutelage.learning.state_only import changes
from tutelage.messages import Demonstration, Episode
from tutelage.tasks.task import Env, Task
from tutelage.teaching.formats.files import kept, read


class Dataset(Node):
    """Publishes `count` of a file's episodes (or all), drawn by the seed, with every `subsample`-th pair of each.

    The file is of any format that docs/demonstrations.md lists. Demonstration i counts from rollout i * `every`; with 0
    all of them come before the first rollout. With `state_only` the file needs no actions: the change of the
    observation takes the action's place, also where not every pair is shown.
    """

    says = (Demonstration, Episode)

    def __init__(
        self,
        file: str,
        env: Env,
        count: int | None = None,
        subsample: int = 1,
        seed: int = 0,
        every: int = 0,
        state_only: bool = False,
    ) -> None:
        self.file, self.every = Path(file), every
        task = Task(env)
        self.spaces, self.state_only = task.spaces, state_only
        shown = read(file, task, actions=not state_only)
        episodes = kept(shown)
        if not episodes:
            raise Refusal(
                [Problem(file, "holds no kept episode: record some with record.yaml, or keep some with `demos`")]
            )
        count = len(episodes) if count is None else count
        if not 0 < count <= len(episodes):
            raise Refusal([Problem(file, f"holds {len(episodes)} episodes: {count} cannot be taken")])
        self.subsample, self.notes = subsample, shown.notes
        self.draw = generator(seed, "dataset")  # then it draws where each one's thinning begins
        self.episodes = [episodes[i] for i in self.draw.permutation(len(episodes))[:count]]

    def start(self) -> Iterator[Message]:
        for note in self.notes:
            print(f"{self.file}: {note}")
        for i, episode in enumerate(self.episodes):
            seen = episode.observation.astype(np.float32)
            shown = Demonstration(
                i * self.every,
                0,
                observation=seen,
                action=changes(seen) if self.state_only else self.spaces.from_task(episode.action),
                terminated=episode.terminated,
                truncated=episode.truncated,
                operator=episode.operator or self.file.name,
            ).thinned(self.subsample, self.draw)
            yield shown
            yield shown.episode(i, episode.seed or 0, episode.episode_return)
