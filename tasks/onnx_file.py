"""A policy in an ONNX file, whoever made it: observations to actions as the task takes them. It runs without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tutelage.finite import FINITE, check
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.tasks.task import Task

SUFFIX, NAME = ".onnx", "policy.onnx"
"""NAME: of the copy that a run keeps."""


def is_onnx(path: str) -> bool | None:
    """True of the name of an ONNX file, None of any other: whether `onnx` of a launch file follows from `policy`."""
    return path.endswith(SUFFIX) or None


class OnnxPolicy:
    """The policy of a file. Its first input is observations, float32 [n, obs]; its first output is actions.

    The actions are as the task takes them: integers [n], or numbers [n, A] within the task's bounds. It has acted once
    when it is made. A file whose n is 1 is run for each observation in turn. It runs on one thread, so that its answers
    do not depend on the machine's cores.
    """

    def __init__(self, file: bytes, where: object, task: Task) -> None:
        """file: the bytes of an ONNX model, with its weights inside. where: names it in sentences.

        Raises:
            Refusal: onnxruntime is not installed, the file cannot be read, or it does not fit the task.
        """
        self.where, self.spaces = where, task.spaces
        self.__name__ = Path(str(where)).name  # demonstrations say by which law they are, as of functions
        runtime = _onnxruntime(where)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised, too
        try:  # onnxruntime's errors have no class in common
            self._session = runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Refusal([Problem(where, f"cannot be read as an ONNX file: {_first_line(error)}")]) from error
        given = self._session.get_inputs()
        self._given, self._said = given[0].name, self._session.get_outputs()[0].name
        self._one_by_one = given[0].shape[:1] == [1]
        try:
            action = self._run(np.zeros((1, self.spaces.observation), np.float32))
        except Exception as error:
            takes = ", ".join(f"{one.name} {one.type} {one.shape}" for one in given)
            what = f"takes {takes}, but {task.env} has observations float32 [n, {self.spaces.observation}]"
            raise Refusal([Problem(where, what)]) from error
        if why := self._unfit(action):
            raise Refusal([Problem(where, f"{why}, as {task.env} takes it")])

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """The action for one observation [obs]: a control law. Raises as `actions` does."""
        return self.actions(observation[None])[0]

    def actions(self, observation: np.ndarray) -> np.ndarray:
        """Actions as the task takes them, int64 [n] or float32 [n, A], for observations [n, obs].

        Raises:
            FloatingPointError: an observation or an action is not finite.
        """
        check(str(self.where), "observation", observation, FINITE)
        action = self._run(np.asarray(observation, np.float32))
        check(str(self.where), "action", action, FINITE)
        return action.astype(np.int64 if self.spaces.discrete else np.float32, copy=False)

    def _run(self, observation: np.ndarray) -> np.ndarray:
        batches = np.split(observation, len(observation)) if self._one_by_one else [observation]
        return np.concatenate([self._session.run([self._said], {self._given: one})[0] for one in batches])

    def _unfit(self, action: np.ndarray) -> str:
        kind, shape = ("iu", [1]) if self.spaces.discrete else ("f", [1, self.spaces.action])
        if action.dtype.kind in kind and list(action.shape) == shape:
            return ""
        wanted = "an integer [n]" if self.spaces.discrete else f"numbers [n, {self.spaces.action}]"
        return f"answers one observation with {action.dtype} {list(action.shape)}, but must give an action, {wanted}"


def read(path: Path, task: Task) -> OnnxPolicy:
    """The policy in a file, or in the copy in a run's folder.

    Raises:
        Refusal: it cannot be read, or does not fit the task.
    """
    path = path / NAME if path.is_dir() else path
    try:
        return OnnxPolicy(path.read_bytes(), path, task)
    except OSError as error:
        raise Refusal([Problem(path, f"cannot be read: {error.strerror or error}")]) from error


def _onnxruntime(where: object):  # type: ignore[no-untyped-def]  # a package without types
    try:
        import onnxruntime
    except ImportError as error:
        raise Refusal([Problem(where, f"running an ONNX file needs an extra: {installing('onnx')}")]) from error
    return onnxruntime


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
