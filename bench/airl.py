"""How like the true reward the recovered one is, and what a fresh policy learns from it alone, also where the torque is
reversed and the copied policy fails. Prints a line of JSON for each, and draws Pendulum's rewards.

    python bench/airl.py --demonstrations Pendulum-v1.npz --seeds 0 1 2 --svg docs/airl.svg
    python bench/airl.py --env InvertedPendulum-v5 --seeds 0 1 2
    python bench/airl.py --file iq.yaml --demonstrations Pendulum-v1.npz --seeds 0 1 2

A reward that depends on the action is taken of the policy's own.
Score = (return - random) / (expert - random) over 100 greedy episodes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import gymnasium
import numpy as np
from safetensors.numpy import load_file

from tutelage.learning.acting import act
from tutelage.learning.critic_reward import critic_reward
from tutelage.learning.recovered_reward import depends_on_action
from tutelage.learning.rollout import Rollout
from tutelage.learning.state_reward import Tensors, state_reward
from tutelage.tasks.finished_run import weights_of
from tutelage.tasks.playing import returns
from tutelage.tasks.task import Environments, Task

ANGLES, SPEEDS = np.linspace(-np.pi, np.pi, 49), np.linspace(-8, 8, 33)
"""Radians from upright, radians a second."""


def launch(folder: Path, file: str, **arguments: Any) -> dict[str, Any]:
    """The report of a run, with its seconds from command to report."""
    words = [
        f"{name}:={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in arguments.items()
        if value is not None
    ]
    command = [sys.executable, str(Path(__file__).parents[1] / "cli.py"), "launch", file, *words]
    began = time.perf_counter()
    subprocess.run([*command, "--run-dir", str(folder)], check=True, stdout=subprocess.DEVNULL)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report | {"seconds": round(time.perf_counter() - began, 1)}


def random_return(task: Task, episodes: int = 100) -> float:
    """Of uniformly random actions."""
    environments, draw = Environments(task, episodes), np.random.default_rng(0)
    for i in range(episodes):
        environments.reset(i, i)
    total, alive = 0.0, np.ones(episodes, bool)
    for _ in range(environments.time_limit):
        _, reward, terminated, _ = environments.step(draw.uniform(-1, 1, (episodes, task.spaces.action)))
        total += float(reward[alive].sum())
        alive &= ~terminated
    environments.close()
    return total / episodes


def pendulum(observation: np.ndarray) -> np.ndarray:
    """The true reward of observations [..., 3], without its small cost of torque: [...]."""
    cosine, sine, speed = np.moveaxis(observation, -1, 0)
    return -(np.arctan2(sine, cosine) ** 2) - 0.1 * speed**2


def grid() -> np.ndarray:
    """Observations at all ANGLES and SPEEDS, [speeds, angles, 3]."""
    angle, speed = np.meshgrid(ANGLES, SPEEDS)
    return np.stack([np.cos(angle), np.sin(angle), speed], axis=2).astype(np.float32)


def recovered(reward: Tensors, seen: np.ndarray) -> np.ndarray:
    """The recovered reward of Pendulum's observations [speeds, angles, 3]."""
    if not depends_on_action(reward):
        return state_reward(reward, seen)
    environment = gymnasium.make("Pendulum-v1")
    environment.reset()
    action, following = act(reward, seen.reshape(-1, 3))[0], []
    for (cosine, sine, speed), torque in zip(seen.reshape(-1, 3), action.clip(-1, 1), strict=True):
        environment.unwrapped.state = np.array([np.arctan2(sine, cosine), speed])  # type: ignore[attr-defined]
        following.append(environment.step(2 * torque)[0])
    never = np.zeros(seen.shape[:2], bool)
    steps = Rollout(seen, action.reshape(*never.shape, 1), np.array(following).reshape(seen.shape), never, never, never)
    return critic_reward(reward, steps)[0]


def results(
    folder: Path, file: str, env: str, seed: int, budget: int, shown: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The recovered reward's correlation with the true one, and the scores."""
    chance, run = random_return(Task(env)), folder / "imitator"
    found = launch(run, file, env=env, seed=seed, **({"budget": budget} if file == "airl.yaml" else {}), **shown)
    best = found["expert_return_mean"]

    def score(value: float) -> float:
        return round((value - chance) / (best - chance), 3)

    yield {"imitator": score(found["return_mean"]), **_correlation(run, env), **_times(found)}
    turned: Any = {"id": env, "wrappers": ["tasks.reversed:Reversed"]}
    for name, other in (("same", env), ("reversed", turned)):
        fresh = launch(folder / name, "ppo.yaml", env=other, seed=seed, budget=budget, reward=str(run))
        copied = returns(Task(other), weights_of(run), 100, seed, sample=False).mean()
        yield {"torque": name, "fresh": score(fresh["return_mean"]), "copied": score(copied), **_times(fresh)}


def _correlation(run: Path, env: str) -> dict[str, float]:
    """Of the recovered reward with the true one, where that tells states apart."""
    if env != "Pendulum-v1":
        return {}
    found = recovered(load_file(run / "reward.safetensors"), grid())
    return {"correlation": round(float(np.corrcoef(found.ravel(), pendulum(grid()).ravel())[0, 1]), 3)}


def _times(report: dict[str, Any]) -> dict[str, Any]:
    return {"steps": report["environment_steps"], "seconds": report["seconds"]}


def svg(reward: Tensors) -> str:
    """The true and the recovered reward over angle and speed; each from its least, dark, to its greatest, light."""
    size, shapes, seen = 12, [], grid()[::2, ::2]
    rows, columns = seen.shape[:2]
    for panel, (name, values) in enumerate((("true", pendulum(seen)), ("recovered", recovered(reward, seen)))):
        left = panel * (columns * size + 20)
        shapes.append(f'<text x="{left}" y="14" font-size="13" font-family="sans-serif">{name} reward</text>')
        shade = np.round(255 * (values - values.min()) / np.ptp(values)).astype(int)
        for (row, column), grey in np.ndenumerate(shade[::-1]):
            place = f'x="{left + column * size}" y="{20 + row * size}" width="{size}" height="{size}"'
            shapes.append(f'<rect {place} fill="rgb({grey},{grey},{grey})"/>')
    foot = 34 + rows * size
    axes = "across: angle, -180 to 180 degrees, 0 is upright; up: speed, -8 to 8 rad/s"
    shapes.append(f'<text x="0" y="{foot}" font-size="12" font-family="sans-serif">{axes}</text>')
    width, height = 2 * columns * size + 20, foot + 6
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *shapes, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", default="airl.yaml", help="the launch file that recovers a reward")
    parser.add_argument("--env", default="Pendulum-v1")
    parser.add_argument("--demonstrations", type=Path, help="a file; without one a scripted expert shows them")
    parser.add_argument("--count", type=int, default=10, help="demonstrations")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--budget", type=int, default=262144, help="environment steps of a run on policy")
    parser.add_argument("--svg", type=Path, help="where to draw the first seed's reward, of Pendulum-v1 only")
    options = parser.parse_args()
    file = str(options.demonstrations.resolve()) if options.demonstrations else None
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            shown = {"demonstrations": file, "demonstrations_count": options.count}
            for line in results(Path(folder), options.file, options.env, seed, options.budget, shown):
                print(json.dumps({"seed": seed, **line}), flush=True)
            if options.svg and seed == options.seeds[0]:
                options.svg.write_text(svg(load_file(Path(folder) / "imitator" / "reward.safetensors")))


if __name__ == "__main__":
    main()
