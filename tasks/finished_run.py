"""The results of a run: its task, its weights, and the reward that it recovered."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from tutelage.files import checkpoint, durable
from tutelage.files.weights import FINAL, INTERIM, INTERIM_REWARD, REWARD
from tutelage.finite import check_all
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import program
from tutelage.learning.acting import act, spaces_of
from tutelage.learning.recovered_reward import depends_on_action, recovered_reward
from tutelage.learning.rollout import Rollout
from tutelage.recording.writer import about_run
from tutelage.supervision import signature
from tutelage.tasks import untrusted
from tutelage.tasks.task import Env, Task

DIGESTS = {FINAL: "weights_digest", INTERIM: "interim_weights_digest"}
"""The digests in report.json, by the name of the file."""

Tensors = dict[str, np.ndarray]


def task_of(folder: Path, trusted: bool = False) -> Task:
    """The task of a run.

    Raises:
        Refusal: it is not stated; or it is a run of another machine, not `trusted`, and its task is code.
    """
    graph = Graph.of_run(folder)
    env = next((node.parameters["env"] for node in graph.nodes if "env" in node.parameters), None)
    if env is None:
        raise Refusal([Problem(folder, "none of this run's nodes has an env")])
    if trusted or signature.made_here(about_run(folder)):
        sys.path += graph.paths
    else:
        untrusted.check_env(env, folder)
    return Task(env)


def run_of(path: Path) -> Path | None:
    """The folder of the run that a path is, or lies in; None if there is none."""
    whole = path.resolve()
    near = (whole, *whole.parents[:2]) if whole.exists() else ()
    return next((one for one in near if (one / "graph.json").is_file()), None)


def env_of(place: str) -> Env | None:
    """The environment of the run that a path is, or lies in; None if there is none. Raises as `task_of` does."""
    folder = run_of(Path(place))
    return task_of(folder).given if folder else None


def weights_file(run: Path) -> Path:
    """The path of a run's final weights, or of a named file of weights.

    Raises:
        Refusal: there are none.
    """
    return _final(run, FINAL, INTERIM, "weights", "of a run that has ended")


def reward_file(run: Path) -> Path:
    """The path of the reward that a run recovered, or of a named file of one. Raises as `weights_file` does."""
    return _final(run, REWARD, INTERIM_REWARD, "recovered rewards", "of a run of airl.yaml or iq.yaml that has ended")


def _final(run: Path, final: str, interim: str, results: str, of_which: str) -> Path:
    path = run if run.is_file() else run / final
    if path.is_file():
        return path
    what = f"there are no {results} here: name the folder {of_which}"
    if (run / "run.json").is_file() and _can_go_on(run):
        what = (
            f"this run has not ended, so it has no final {results}: "
            f"go on with it by `{program()} launch --resume {run}`"
        )
    if (run / interim).is_file():
        what += f", or name its interim ones, {run / interim}"
    raise Refusal([Problem(run, what)])


def _can_go_on(run: Path) -> bool:
    """Whether `launch --resume` takes a run: it is of this version, has not ended, and acts on no robot."""
    report = run / "report.json"
    ended = report.is_file() and durable.read_json(report).get("exit_code") == 0
    return checkpoint.of_this_layout(run) and not ended and Graph.of_run(run).time != "realtime"


def read(run: Path) -> bytes:
    """The file of a run's final weights, or a named file: it matches its report, and its policy can act.

    Raises:
        Refusal: there is none, it was changed, or it holds no policy.
    """
    path = weights_file(run)
    file, report = path.read_bytes(), path.with_name("report.json")
    tensors_of(file, path)
    digest = DIGESTS.get(path.name)  # others, for example those in kept/, have none
    wanted = durable.read_json(report).get(digest) if digest and report.is_file() else None
    if wanted and hashlib.sha256(file).hexdigest() != wanted:
        what = f"is not the file that the run ended with, by the {digest} of its report.json: name another run"
        raise Refusal([Problem(path, what)])
    return file


def tensors_of(file: bytes, where: Path) -> Tensors:
    """The weights of the policy in a file. They are finite and have acted once: their names and shapes fit each other.

    Raises:
        Refusal: they cannot be read, or are not a policy of ours.
    """
    return _tried(file, where, "the weights of a policy", _act)


def weights_of(run: Path) -> Tensors:
    """The final weights of a run, or of a named file. Raises as `read` does."""
    return tensors_of(read(run), run)


def fitting(run: Path, task: Task) -> Tensors:
    """The final weights of a run, or of a named file, for a task. Raises as `read` does, or if they do not fit it."""
    tensors = weights_of(run)
    if why := unfit(tensors, task):
        raise Refusal([Problem(run, why)])
    return tensors


def reward_of(run: Path) -> Tensors:
    """The reward that a run recovered, or of a named file. It is finite and has been computed once.

    Raises:
        Refusal: there is none, or it cannot be read.
    """
    path = reward_file(run)
    return _tried(path.read_bytes(), path, "a reward", _compute_reward)


def _tried(file: bytes, where: Path, kind: str, use: Callable[[Tensors], object]) -> Tensors:
    """The tensors in a file of this kind, once they have been used."""
    try:
        tensors = load(file)
        check_all(f"cannot be used as {kind}", tensors)
        use(tensors)
    except FloatingPointError as error:
        raise Refusal([Problem(where, str(error))]) from error
    except (SafetensorError, OSError, LookupError, ValueError, TypeError, OverflowError) as error:
        raise Refusal([Problem(where, f"cannot be read as {kind}: {error}")]) from error
    return tensors


def _act(tensors: Tensors) -> None:
    act(tensors, np.zeros((1, spaces_of(tensors).observation), np.float32))


def _compute_reward(tensors: Tensors) -> None:
    seen, once = np.zeros((1, len(tensors["observation.mean"])), np.float32), np.zeros((1, 1), np.float32)
    action = act(tensors, seen)[0] if depends_on_action(tensors) else once
    found = recovered_reward(tensors, Rollout(seen[None], action[None], seen[None], once, once > 0, once > 0))
    if any(reward.dtype != np.float32 for reward in found):
        raise ValueError("its numbers must be float32")


def unfit_reward(tensors: Tensors, task: Task) -> str:
    """Why a recovered reward does not fit a task; empty if it does. One of the state alone takes any actions."""
    if depends_on_action(tensors):
        return unfit(tensors, task)
    learned, here = len(tensors["observation.mean"]), task.spaces.observation
    what = f"was recovered from {learned} numbers an observation, but here it has {here}: it is of another task"
    return what if learned != here else ""


def unfit(tensors: Tensors, task: Task) -> str:
    """Why a policy does not fit a task; empty if it does."""
    learned, spaces = spaces_of(tensors), task.spaces
    if learned.observation != spaces.observation:
        return (
            f"was learned from {learned.observation} numbers an observation, but {task.env} has {spaces.observation}: "
            f"it is of another task"
        )
    if (learned.action, learned.discrete) != (spaces.action, spaces.discrete):
        kinds = {True: "choices", False: "numbers"}
        return (
            f"was learned for actions of {learned.action} {kinds[learned.discrete]}, but {task.env} has "
            f"{spaces.action} {kinds[spaces.discrete]}: it is of another task"
        )
    return ""
