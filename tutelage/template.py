"""A package of the user's own to begin with: a node, its test, and the launch file that starts it."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path

from tutelage.input.problems import Problem, Refusal

NODE = '''"""A node of NAME's own, named in the launch file as `NAME.longest:Longest`."""

from __future__ import annotations

from collections.abc import Iterator

from tutelage import Message, Node
from tutelage.messages import Episode, Metrics


class Longest(Node):
    """Says how long the policy's longest episode was, each time that there is a longer one.

    Args:
        least: steps; shorter episodes do not count.
    """

    hears = (Episode,)
    says = (Metrics,)
    keeps = ("steps",)

    def __init__(self, least: int = 0) -> None:
        self.steps = least

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Episode)
        if message.actor == "policy" and message.length > self.steps:
            self.steps = message.length
            yield Metrics(message.rollout, message.step, {"NAME/longest_episode": float(self.steps)})
'''

TEST = '''"""The node of NAME, without a process or a socket: messages are played to it."""

from __future__ import annotations

from typing import Literal

from NAME.longest import Longest
from tutelage import play
from tutelage.messages import Episode, Metrics


def episode(actor: Literal["policy", "expert"], steps: int) -> Episode:
    return Episode(0, 0, actor, 0, 0, 0, steps, float(steps))


def test_it_says_each_longer_episode_of_the_policy() -> None:
    heard = [episode("policy", 10), episode("expert", 500), episode("policy", 9), episode("policy", 11)]
    said = [message.values for message in play(Longest(), heard) if isinstance(message, Metrics)]
    assert said == [{"NAME/longest_episode": 10.0}, {"NAME/longest_episode": 11.0}]


def test_it_comes_back_where_it_was() -> None:
    before, after = Longest(), Longest()
    list(before.hear(episode("policy", 100)))
    after.load(before.state())
    assert list(after.hear(episode("policy", 100))) == []
'''

LAUNCH = """description: Learns CartPole from a scripted expert, with a node of NAME's own.

arguments:
  env: {default: CartPole-v1, type: any, help: "the task, or `NAME.module:function` of your own"}
  seed: {default: 0, help: all randomness follows from it}
  budget: {default: 40960, help: environment steps to learn from}
  episodes: {default: 20, help: episodes of the final evaluation}

include:
  - file: gail.yaml
    arguments: {env: $(env), seed: $(seed), budget: $(budget), episodes: $(episodes)}

nodes:
  longest:
    run: NAME.longest:Longest
    parameters: {least: 10}
"""

FILES = {
    "NAME/__init__.py": '"""Nodes of NAME."""\n',
    "NAME/longest.py": NODE,
    "test_NAME.py": TEST,
    "NAME.yaml": LAUNCH,
}
"""The texts by their paths in the new folder. NAME is the package's name."""


def write(folder: Path) -> list[Path]:
    """Writes a package into a new folder, which has its name; returns its files.

    Raises:
        Refusal: there is such a folder or such a package, or a package cannot have this name.
    """
    name = folder.name
    if not name.isidentifier() or keyword.iskeyword(name):
        what = f"a package cannot have this name: use letters, digits and _, for example {_fitting(name)}"
        raise Refusal([Problem(name, what)])
    if folder.exists():
        raise Refusal([Problem(folder, "this exists already: choose another name")])
    if importlib.util.find_spec(name):
        raise Refusal([Problem(name, "an installed package has this name and would be imported: choose another")])
    paths = [folder / path.replace("NAME", name) for path in FILES]
    (folder / name).mkdir(parents=True)
    for path, text in zip(paths, FILES.values(), strict=True):
        path.write_text(text.replace("NAME", name))
    return paths


def _fitting(name: str) -> str:
    words = re.sub(r"\W+", "_", name).strip("_")
    return words if words.isidentifier() and not keyword.iskeyword(words) else "my_robot"
