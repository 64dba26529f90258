"""The known control laws do their tasks well: mean and worst return over many seeds. Who is named finds the right one."""

import re

import gymnasium
import numpy as np
import pytest

from tests.parts import leaning
from tests.parts.leaning import lean
from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.known import LAWS, law_of
from tutelage.tasks.playing import answers, episode
from tutelage.tasks.task import Task

BOUNDS = {  # episodes, least mean return, least return
    "Acrobot-v1": (100, -90, -200),
    "CartPole-v1": (100, 500, 500),
    "InvertedPendulum-v5": (5, 1000, 1000),
    "LunarLander-v3": (50, 270, -200),  # one of fifty lands too hard
    "LunarLanderContinuous-v3": (50, 280, 200),
    "MountainCar-v0": (20, -105, -120),
    "MountainCarContinuous-v0": (100, 94, 90),
    "Pendulum-v1": (100, -150, -400),
}


def test_every_law_is_measured():
    assert BOUNDS.keys() == LAWS.keys()


@pytest.mark.parametrize("env", LAWS)
def test_a_law_does_its_task(env):
    episodes, mean, least = BOUNDS[env]
    for name, package in (("InvertedPendulum", "mujoco"), ("LunarLander", "Box2D")):
        if env.startswith(name):
            pytest.importorskip(package)
    environment = gymnasium.make(env)
    played = [list(episode(environment, LAWS[env], seed)) for seed in range(episodes)]
    environment.close()
    assert all(environment.action_space.contains(step.action) for steps in played for step in steps)
    returns = np.array([sum(step.reward for step in steps) for steps in played])
    assert returns.mean() >= mean
    assert returns.min() >= least


def test_a_law_is_found_by_its_task_and_its_actions_or_by_its_name():
    assert law_of(Task("CartPole-v1")) is cart_pole
    pytest.importorskip("Box2D")
    continuous = Task({"id": "LunarLander-v3", "arguments": {"continuous": True}})
    assert law_of(continuous) is law_of(Task("LunarLanderContinuous-v3")) is not law_of(Task("LunarLander-v3"))
    found = law_of(Task("CartPole-v1"), "tests.parts.leaning:lean")
    assert found.__name__ == lean.__name__ and found(np.zeros(4)) == lean(np.zeros(4))


def test_a_function_that_raises_ends_the_run_in_one_sentence_and_is_not_tried_again(tmp_path):
    words = ["record.yaml", "operator:=os:getcwd", "episodes:=1", "--run-dir", tmp_path / "run"]
    done = cli("launch", *words, cwd=tmp_path)
    sentence = r"operator: os:getcwd raised TypeError: .+ for an observation of shape \[4\]: mend the function$"
    assert done.returncode == 1 and re.search(sentence, done.stdout, re.MULTILINE), done.stdout
    assert "when that is mended, resume it: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr and "restarted" not in done.stdout


@pytest.mark.parametrize("env, answer, sentence", [
    ("CartPole-v1", 7, "7, but must give an action, a whole number from 0 to 1: mend the function$"),
    ("CartPole-v1", -1, "-1, but must"),
    ("CartPole-v1", 0.9, r"0\.9, but must"),
    ("CartPole-v1", [1], r"\[1\], but must"),
    ("CartPole-v1", None, "None, but must"),
    ("CartPole-v1", "left", "'left', but must"),
    ("Pendulum-v1", [1, 2], r"\[1, 2\], but must give an action, numbers \[1\]: mend the function$"),
    ("Pendulum-v1", [[1]], r"\[\[1\]\], but must"),
    ("Pendulum-v1", 1.0, r"1\.0, but must"),
    ("Pendulum-v1", np.array([np.nan]), r"array\(\[nan\]\), but must"),
    ("Pendulum-v1", [1e30], r"\[1e\+30\], but must"),
])  # fmt: skip
def test_a_function_that_answers_no_action_is_refused_in_a_sentence(env, answer, sentence, monkeypatch):
    monkeypatch.setattr(leaning, "answer", answer)
    task = Task(env)
    with pytest.raises(Refusal, match=rf"^operator: tests\.parts\.leaning:told answered {sentence}"):
        answers(law_of(task, "tests.parts.leaning:told"), task, np.zeros((1, task.spaces.observation)))


@pytest.mark.parametrize("answer", [1, True, 1.0, np.int32(1), np.float32(1) > 0, np.array(1)])
def test_a_choice_may_be_said_in_many_ways(answer, monkeypatch):
    monkeypatch.setattr(leaning, "answer", answer)
    task = Task("CartPole-v1")
    steps = list(episode(task.make(), law_of(task, "tests.parts.leaning:told"), seed=0))
    assert {step.action for step in steps} == {1}


def test_a_function_may_write_to_the_array_that_it_has_answered(monkeypatch):
    monkeypatch.setattr(leaning, "answer", reused := np.zeros(1, np.float32))
    law = law_of(Task("Pendulum-v1"), "tests.parts.leaning:told")
    first = law(np.zeros(3))
    reused += 1
    assert [np.asarray(one).tolist() for one in (first, law(np.zeros(3)))] == [[0], [1]]


@pytest.mark.parametrize("operator, env, sentence", [
    ("scripted", "FrozenLake-v1", "FrozenLake-v1: has no scripted operator, only Acrobot-v1, CartPole-v1, "),
    ("scriptd", "CartPole-v1", "operator: is 'scriptd', but must be scripted, .*; did you mean 'scripted'[?]$"),
    ("keybord", "CartPole-v1", "; did you mean 'keyboard'[?]$"),
    ("runs/nope", "CartPole-v1", "operator: is 'runs/nope', but there is no such file or folder: name one, or scripted, "),
    ("nobody", "CartPole-v1", "operator: is 'nobody', but must be scripted, package.module:function, or the folder of a run"),
])  # fmt: skip
def test_a_law_that_is_not_there_is_refused_in_a_sentence(operator, env, sentence):
    with pytest.raises(Refusal, match=sentence):
        law_of(Task(env), operator)
