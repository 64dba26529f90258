"""The known control laws do their tasks well: mean and worst return over many seeds. Who is named finds the right one."""

import re

import gymnasium
import numpy as np
import pytest

from tests.parts.leaning import lean
from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.known import LAWS, law_of
from tutelage.tasks.playing import episode

BOUNDS = {  # episodes, least mean return, least return
    "Acrobot-v1": (100, -90, -200),
    "CartPole-v1": (100, 500, 500),
    "InvertedPendulum-v5": (5, 1000, 1000),
    "MountainCar-v0": (20, -105, -120),
    "MountainCarContinuous-v0": (100, 94, 90),
    "Pendulum-v1": (100, -150, -400),
}


def test_every_law_is_measured():
    assert BOUNDS.keys() == LAWS.keys()


@pytest.mark.parametrize("env", LAWS)
def test_a_law_does_its_task(env):
    episodes, mean, least = BOUNDS[env]
    if env == "InvertedPendulum-v5":
        pytest.importorskip("mujoco")
    environment = gymnasium.make(env)
    played = [list(episode(environment, LAWS[env], seed)) for seed in range(episodes)]
    environment.close()
    assert all(environment.action_space.contains(step.action) for steps in played for step in steps)
    returns = np.array([sum(step.reward for step in steps) for steps in played])
    assert returns.mean() >= mean
    assert returns.min() >= least


def test_a_law_is_found_by_its_task_or_by_its_name():
    assert law_of("CartPole-v1") is cart_pole
    found = law_of("CartPole-v1", "tests.parts.leaning:lean")
    assert found.__name__ == lean.__name__ and found(np.zeros(4)) == lean(np.zeros(4))


def test_a_function_that_raises_ends_the_run_in_one_sentence_and_is_not_tried_again(tmp_path):
    words = ["record.yaml", "operator:=os:getcwd", "episodes:=1", "--run-dir", tmp_path / "run"]
    done = cli("launch", *words, cwd=tmp_path)
    sentence = r"operator: os:getcwd raised TypeError: .+ for an observation of shape \[4\]: mend the function$"
    assert done.returncode == 1 and re.search(sentence, done.stdout, re.MULTILINE), done.stdout
    assert "when that is mended, resume it: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr and "restarted" not in done.stdout


@pytest.mark.parametrize("operator, env, sentence", [
    ("scripted", "LunarLander-v3", "LunarLander-v3: has no scripted operator, only Acrobot-v1, CartPole-v1, "),
    ("scriptd", "CartPole-v1", "operator: is 'scriptd', but must be scripted, .*; did you mean 'scripted'[?]$"),
    ("keybord", "CartPole-v1", "; did you mean 'keyboard'[?]$"),
    ("runs/nope", "CartPole-v1", "operator: is 'runs/nope', but there is no such file or folder: name one, or scripted, "),
    ("nobody", "CartPole-v1", "operator: is 'nobody', but must be scripted, package.module:function, or the folder of a run"),
])  # fmt: skip
def test_a_law_that_is_not_there_is_refused_in_a_sentence(operator, env, sentence):
    with pytest.raises(Refusal, match=sentence):
        law_of(env, operator)
