import math

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, tensors
from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning import relu, soft
from tutelage.learning.acting import act, forward
from tutelage.learning.draws import generator
from tutelage.learning.heads import Choices, Numbers
from tutelage.learning.pairs import step_rows
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.learning.sac import SAC, Settings, by_rows
from tutelage.learning.squashed import Squashed

BOTH = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])


def test_n_step_target():
    # discount .5. Three steps: 1 + 2/2 + 4/4 + 8/8; one step, the others do not count: 3 + 10/2
    reward = torch.tensor([[1.0, 3.0], [2.0, 99.0], [4.0, 99.0]])
    counts = torch.tensor([[True, True], [True, False], [True, False]])
    gained, weight = soft.n_step(reward, counts, discount=0.5)
    torch.testing.assert_close(gained + weight * torch.tensor([8.0, 10.0]), torch.tensor([4.0, 8.0]))


def test_soft_values():
    # the smaller of 3 and 5, less .1 times log pi of -2
    value = soft.soft_value(torch.tensor([[3.0], [5.0]]), torch.tensor([-2.0]), 0.1)
    torch.testing.assert_close(value, torch.tensor([3.2]))
    # choices of probability 1/4 and 3/4 worth 4 and 8 at least: 1 + 6, and .1 times an entropy of .5623 nats
    log_probs = torch.log(torch.tensor([[0.25, 0.75]]))
    values = torch.tensor([[[4.0, 9.0]], [[5.0, 8.0]]])
    torch.testing.assert_close(soft.soft_value_of_choices(values, log_probs, 0.1), torch.tensor([7.0562335]))


def test_losses():
    # errors 1 and -1 of one critic, 3 and 1 of the other: halves of the means 1 and 5
    value = torch.tensor([[3.0, 1.0], [5.0, 3.0]])
    torch.testing.assert_close(soft.critic_loss(value, torch.tensor([2.0, 2.0])), torch.tensor(3.0))
    torch.testing.assert_close(soft.actor_loss(torch.tensor([1.0, 4.0])), torch.tensor(-2.5))
    # entropies 1 and 2 over a target of .5: the temperature goes down, for its logarithm's slope is 1
    loss = soft.temperature_loss(torch.tensor(-2.0), torch.tensor([1.0, 2.0]), 0.5)
    torch.testing.assert_close(loss, torch.tensor(-2.0))
    mode, action = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([[0.0, 0.0], [0.5, -0.5]])
    torch.testing.assert_close(soft.cloning_loss(mode, action), torch.tensor(1.0))
    logit = torch.tensor([[0.0, 0.0]])
    torch.testing.assert_close(
        soft.cloning_loss_of_choices(logit, torch.tensor([[0.0, 1.0]])), torch.tensor(math.log(2))
    )


def test_a_squashed_gaussian_is_the_one_of_torch():
    draw = generator(0, "test")
    output, noise = (torch.tensor(draw.standard_normal(shape), dtype=torch.float32) for shape in ((50, 6), (50, 3)))
    drawn = Squashed(output, noise)
    log_std = -5 + 3 * (torch.tanh(output[:, 3:]) + 1)
    normal = torch.distributions.Normal(output[:, :3], log_std.exp())
    squashed = torch.distributions.TransformedDistribution(normal, torch.distributions.TanhTransform(cache_size=1))
    action = squashed.transforms[0](output[:, :3] + log_std.exp() * noise)
    torch.testing.assert_close(drawn.action, action)
    torch.testing.assert_close(drawn.log_prob, squashed.log_prob(action).sum(dim=1), rtol=1e-4, atol=1e-4)


def test_a_squashed_action_at_the_bounds_has_a_log_probability():
    drawn = Squashed(torch.tensor([[30.0, 0.0]]), torch.zeros(1, 1))
    # log of the normal's height, deviation e^-2, and of the slope of tanh at 30, log(4 e^-60)
    torch.testing.assert_close(drawn.log_prob, torch.tensor([2 - 0.5 * math.log(2 * math.pi) - math.log(4) + 60]))


def filled(spaces, rollouts=4, seed=0, **settings):
    """A learner and what its update needs: replay buffer, reward, expert's pairs."""
    sac = SAC(spaces, seed, Settings(**{"updates": 6, "batch": 32, "hidden": 16} | settings))
    replay = Replay(spaces, 1000)
    data = [rollout(spaces, sac.tensors(), k) for k in range(rollouts)]
    for one in data:
        replay.add(one)
    sac.begin(np.concatenate([one.observation.reshape(-1, spaces.observation) for one in data]))
    expert = demonstration(spaces)
    return (
        sac,
        replay,
        by_rows(lambda rows: rows[:, 0] - rows[:, 3]),
        step_rows(spaces, expert.observation[:-1], expert.action),
    )


def mlp(named, name, x, norm):
    """The same network by autograd."""
    for layer in range(2):
        x = x @ named[f"{name}.{layer}.weight"].mT + named[f"{name}.{layer}.bias"]
        if norm:
            x = torch.nn.functional.layer_norm(x, x.shape[-1:])
        x = torch.relu(x)
    return x @ named[f"{name}.2.weight"].mT + named[f"{name}.2.bias"]


def stepped(adam, step):
    """The gradient that a step is taken along."""
    taken = []
    adam.step = lambda gradient, rate: taken.append(gradient.clone())
    step()
    return taken[0]


@BOTH
def test_the_critics_step_along_the_gradient_of_their_loss(spaces):
    sac, replay, reward, _ = filled(spaces)
    windows = replay.sample(32, 3, generator(0, "test"))
    with torch.no_grad():
        batch = sac._batch(windows, reward)
        target = sac._target(batch, generator(1, "test"))
        got = stepped(sac.critics.adam, lambda: sac._critic_step(batch, generator(1, "test"), 0.0))
    named = tensors(sac.critics.parameters)
    value = mlp(named, "critic", sac.head.seen(*sac.split(windows.steps[0])), norm=True)
    taken = torch.tensor(windows.steps[0][:, 3:-1]) if spaces.discrete else 1.0
    wanted = gradient_of(soft.critic_loss((value * taken).sum(dim=2), target), named)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


@BOTH
def test_the_target_is_made_of_rewards_and_what_follows(spaces):
    sac, replay, reward, _ = filled(spaces, discount=0.9)
    windows = replay.sample(200, 2, generator(0, "test"))
    with torch.no_grad():
        sac.actor.named["actor.2.weight"].mul_(100)  # so that it tells observations apart
        target = sac._target(sac._batch(windows, reward), generator(1, "test")).numpy()
        observation = sac._scaled(windows.last_observation)
        output = mlp(sac.actor.named, "actor", observation, norm=False)[0]
        last = sac.head.last_value(sac.critics, observation, output, sac._temperature(), generator(1, "test"))
    forever = (windows.ending[:, 0] - windows.ending[:, 3]) / (1 - 0.9)
    follows = np.where(windows.terminated, forever, last)
    first, second = windows.steps[:, :, 0] - windows.steps[:, :, 3]
    whole = windows.length == 2
    assert (whole & windows.terminated).any() and (whole & ~windows.terminated).any()
    np.testing.assert_allclose(target[whole], (first + 0.9 * second + 0.81 * follows)[whole], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(target[~whole], (first + 0.9 * follows)[~whole], rtol=1e-4, atol=1e-5)


@BOTH
def test_actor_and_temperature_step_along_the_gradients_of_their_losses(spaces):
    sac, replay, _, expert = filled(spaces)
    steps, shown = replay.sample(32, 1, generator(0, "test")).steps[0], expert[:8]
    with torch.no_grad():
        seen = sac.split(steps)[0]
        got = stepped(sac.adam, lambda: sac._actor_step(seen, *sac.split(shown), 0.7, generator(1, "test"), 0.0))
    named, temperature = tensors(sac.actor), sac._temperature()
    own, of_expert = (mlp(named, "actor", sac._scaled(rows[:, :3]), norm=False)[0] for rows in (steps, shown))
    if spaces.discrete:
        log_probs = torch.log_softmax(own, dim=1)
        values = mlp(sac.critics.parameters.named, "critic", sac._scaled(steps[:, :3]), norm=True)
        value = soft.soft_value_of_choices(values, log_probs, temperature)
        entropy = -(log_probs * log_probs.exp()).sum(dim=1)
        cloning = soft.cloning_loss_of_choices(of_expert, torch.tensor(shown[:, 3:-1]))
    else:
        noise = torch.tensor(generator(1, "test").standard_normal((32, 2), dtype=np.float32))
        mean, log_std = own[:, :2], -5 + 3 * (torch.tanh(own[:, 2:]) + 1)
        drawn = mean + log_std.exp() * noise
        log_prob = (-0.5 * noise.square() - log_std - 0.5 * math.log(2 * math.pi)).sum(dim=1)
        log_prob = log_prob - torch.log(1 - torch.tanh(drawn).square()).sum(dim=1)
        seen = torch.cat([sac._scaled(steps[:, :3]), torch.tanh(drawn)], dim=1)
        value = soft.soft_value(
            mlp(sac.critics.parameters.named, "critic", seen, norm=True)[:, :, 0], log_prob, temperature
        )
        entropy = -log_prob
        cloning = soft.cloning_loss(torch.tanh(of_expert[:, :2]), torch.tensor(shown[:, 3:-1]))
    loss = soft.actor_loss(value) + 0.7 * cloning
    loss = loss + soft.temperature_loss(named["log_temperature"], entropy.detach(), sac.target_entropy).sum()
    torch.testing.assert_close(got, gradient_of(loss, named), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("head", [Choices(), Numbers()])
def test_the_gradient_of_cloning_is_that_of_its_loss(head):
    draw = generator(0, "test")
    output = torch.tensor(draw.standard_normal((50, 4), np.float32), requires_grad=True)
    if isinstance(head, Choices):
        action = torch.eye(4)[torch.tensor(draw.integers(4, size=50))]
        loss = soft.cloning_loss_of_choices(output, action)
    else:
        action = torch.tensor(draw.uniform(-1, 1, (50, 2)).astype(np.float32))
        loss = soft.cloning_loss(torch.tanh(output[:, :2]), action)
    found, gradient = head.cloning(output.detach(), action)
    torch.testing.assert_close(found, loss.detach())
    torch.testing.assert_close(gradient, *torch.autograd.grad(loss, output), rtol=1e-4, atol=1e-7)


@BOTH
def test_acting_in_numpy_is_the_mean_actor(spaces):
    sac, replay, reward, expert = filled(spaces, actor_tau=0.5)
    sac.update(replay, reward, expert, generator(0, "test"))
    sizes = {name: array.shape for name, array in sac.tensors().items() if name.startswith("actor.0")}
    assert sizes == {"actor.0.weight": (16, 3), "actor.0.bias": (16,)}
    observation = generator(1, "test").standard_normal((20, 3), dtype=np.float32)
    with torch.no_grad():
        output = mlp(sac.mean_actor.named, "actor", sac._scaled(observation), norm=False)[0]
    np.testing.assert_allclose(forward(sac.tensors(), observation), output, rtol=1e-4, atol=1e-6)
    action, log_prob = act(sac.tensors(), observation, generator(2, "test"))
    if spaces.discrete:
        wanted = output.log_softmax(dim=1)[torch.arange(20), torch.tensor(action)]
        np.testing.assert_allclose(log_prob, wanted, rtol=1e-4, atol=1e-6)
    else:
        noise = torch.tensor(generator(2, "test").standard_normal((20, 2), dtype=np.float32))
        drawn = Squashed(output, noise)
        np.testing.assert_allclose(action, drawn.action, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(log_prob, drawn.log_prob, rtol=1e-4, atol=1e-5)
        greedy, _ = act(sac.tensors(), observation)
        np.testing.assert_allclose(greedy, torch.tanh(output[:, :2]), rtol=1e-4, atol=1e-6)


@BOTH
def test_the_first_actor_is_nearly_uniform(spaces):
    observation = generator(0, "test").standard_normal((4000, 3), dtype=np.float32)
    action, _ = act(SAC(spaces, 0).tensors(), observation, generator(1, "test"))
    counts, _ = np.histogram(action, bins=2 if spaces.discrete else 4, range=(0, 1) if spaces.discrete else (-1, 1))
    even = action.size / len(counts)
    np.testing.assert_allclose(counts, even, atol=0.1 * even if spaces.discrete else 0.2 * even)


@BOTH
def test_it_goes_on_to_the_bit_from_its_state(spaces):
    sac, replay, reward, expert = filled(spaces)
    sac.update(replay, reward, expert, generator(0, "test"))
    state = {name: array.copy() for name, array in sac.state().items()}
    again = SAC(spaces, 7, sac.settings)
    again.load(state)
    for learner in (sac, again):
        learner.update(replay, reward, expert, generator(1, "test"), progress=0.6)
    ours, theirs = again.state(), sac.state()
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    for name, array in sac.tensors().items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(again.tensors()[name], array)


def test_the_names_in_a_checkpoint_are_these():
    """Raise LAYOUT in tutelage/files/checkpoint.py when they change."""
    adam, normaliser = ("parameters", "mean", "square", "steps"), ("count", "mean", "square")
    names = {f"{part}.{name}" for part in ("actor", "critics") for name in adam}
    names |= {f"normaliser.{name}" for name in normaliser} | {"critics.copies", "mean_actor", "updates"}
    assert SAC(DISCRETE, 0).state().keys() == names


def test_the_first_temperature_and_the_entropies_that_it_aims_at():
    assert SAC(DISCRETE, 0, Settings(temperature=0.25))._temperature() == pytest.approx(0.25)
    assert SAC(DISCRETE, 0, Settings(discrete_target_entropy=0.5)).target_entropy == pytest.approx(0.5 * math.log(2))
    assert SAC(CONTINUOUS, 0, Settings(target_entropy=-0.75)).target_entropy == -1.5


def test_the_first_networks():
    for spaces, critic_inputs, outputs in ((DISCRETE, 3, 2), (CONTINUOUS, 5, 1)):
        sac = SAC(spaces, 0, Settings(hidden=8))
        actor, critic = sac.actor.arrays(), sac.critics.parameters.arrays()
        wide = 2 if spaces.discrete else 4
        assert actor["actor.1.weight"].shape == (1, 8, 8) and critic["critic.1.weight"].shape == (2, 8, 8)
        assert critic["critic.0.weight"].shape == (2, 8, critic_inputs) and critic["critic.2.weight"].shape == (
            2,
            outputs,
            8,
        )
        weight = actor["actor.2.weight"][0]
        np.testing.assert_allclose(weight @ weight.T, 1e-4 * np.eye(wide), atol=1e-8)
        np.testing.assert_array_equal(actor["actor.2.bias"][0, 0], [0, 0] if spaces.discrete else [0, 0, 0.75, 0.75])
        np.testing.assert_allclose(np.linalg.norm(critic["critic.2.weight"][1, 0]), 1, rtol=1e-5)
        assert sac.updates == 0


def test_some_steps_of_the_critics_come_to_one_of_the_actor():
    sac, replay, reward, expert = filled(CONTINUOUS, updates=6, actor_every=4, cloning_batch=5)
    taken, shown, batches = [], [], []

    def critic_step(batch, *rest):
        batches.append(batch)
        return 1.0, 2.0, 3.0

    def actor_step(observation, some, actions, cloning, *rest):
        torch.testing.assert_close(observation, batches[-1].observation)
        taken.append(cloning)
        shown.append(some)
        return 4.0, 5.0, 6.0

    sac._critic_step, sac._actor_step = critic_step, actor_step
    metrics = [sac.update(replay, reward, expert, generator(0, "test"), at) for at in (0.0, 0.25, 1.0)]
    assert taken == [1.0, 0.875, 0.875, 0.5] and {len(some) for some in shown} == {5}  # at 4, 8, 12 and 16 of 18
    names = ("critic_loss", "value", "target", "actor_loss", "entropy", "cloning_loss")
    assert [metrics[0][f"train/{name}"] for name in names] == [1, 2, 3, 4, 5, 6]
    assert metrics[0]["train/temperature"] == pytest.approx(0.1)
    sac.settings = Settings(updates=1, actor_every=4)
    metrics = [sac.update(replay, reward, expert[:0], generator(0, "test"))]
    assert [metrics[0][f"train/{name}"] for name in names] == [1, 2, 3, 0, 0, 0]
    sac.update(replay, reward, expert[:0], generator(0, "test"))
    assert len(shown[-1]) == 0 and sac.updates == 20


def test_without_annealing_the_learning_rate_stays_until_the_end():
    sac, replay, reward, expert = filled(CONTINUOUS, annealing=0.0, learning_rate=1.0, updates=1)
    rates = [sac.update(replay, reward, expert, generator(0, "t"), at)["train/learning_rate"] for at in (0, 0.99, 1)]
    np.testing.assert_allclose(rates, [1, 1, 0.05])
    assert sac.update(replay, reward, expert, generator(0, "t"))["train/learning_rate"] == 1


def test_observations_are_scaled_by_what_it_begins_with():
    sac = SAC(CONTINUOUS, 0)
    assert sac._scaled(np.ones((1, 3), np.float32)).tolist() == [[1, 1, 1]]
    for first in (7, 1):  # begun again, it forgets what it began with before
        sac.begin(np.array([[first, 1, 1], [first + 4, 1, 3]], np.float32))
    assert sac._scaled(np.array([[5, 2, 2]], np.float32)).tolist() == [[1, 1, 0]]


@BOTH
def test_the_target_critics_begin_as_the_critics(spaces):
    critics = SAC(spaces, 0).critics
    seen = torch.tensor(generator(0, "test").standard_normal((20, 3 if spaces.discrete else 5), np.float32))
    torch.testing.assert_close(critics.last_values(seen), critics.values(seen))


def test_gradients_have_the_shapes_of_their_parameters():
    arrays = relu.arrays("net", 2, (3, 4, 4, 1), generator(0, "test"), 1.0)
    named = {name: torch.tensor(array) for name, array in arrays.items()}
    output, trace = relu.forward(named, "net", torch.ones(5, 3), norm=True)
    parts = relu.backward(named, "net", trace, torch.ones_like(output))
    assert [part.shape for part in parts] == [tensor.shape for tensor in named.values()]


def test_targets_and_mean_actor_follow_slowly():
    sac, replay, reward, expert = filled(CONTINUOUS, updates=1, actor_every=1, tau=0.25, actor_tau=0.5)
    critic, actor = sac.critics.parameters.flat.clone(), sac.actor.flat.clone()
    sac.update(replay, reward, expert, generator(0, "test"))
    torch.testing.assert_close(sac.critics.copies.flat, 0.75 * critic + 0.25 * sac.critics.parameters.flat)
    torch.testing.assert_close(sac.mean_actor.flat, 0.5 * actor + 0.5 * sac.actor.flat)


def test_the_learning_rate_goes_down_over_the_last_part():
    sac, replay, reward, expert = filled(CONTINUOUS, annealing=0.5, learning_rate=1.0, updates=1)
    rates = [
        sac.update(replay, reward, expert, generator(0, "t"), at)["train/learning_rate"] for at in (0, 0.5, 0.75, 1)
    ]
    np.testing.assert_allclose(rates, [1, 1, 0.5, 0.05])


def test_without_an_expert_nothing_is_cloned():
    sac, replay, reward, expert = filled(CONTINUOUS)
    metrics = sac.update(replay, reward, expert[:0], generator(0, "test"))
    assert metrics["train/cloning_loss"] == 0 and np.isfinite(list(metrics.values())).all()


@BOTH
def test_the_expert_is_cloned(spaces):
    settings = {"updates": 300, "actor_tau": 0.1, "cloning_weight": 100.0, "final_cloning_weight": 100.0}
    sac, replay, _, expert = filled(spaces, **settings)
    sac.update(replay, by_rows(lambda rows: np.zeros(len(rows), np.float32)), expert, generator(0, "test"))
    action, _ = act(sac.tensors(), demonstration(spaces).observation[:-1])
    assert np.abs(action - demonstration(spaces).action).mean() < 0.1


def test_the_better_choice_is_learned():
    spaces = Spaces(3, 2, True)
    sac, replay, _, expert = filled(spaces, updates=200, actor_tau=0.1, discount=0.5)
    sac.update(replay, by_rows(lambda rows: rows[:, 4]), expert[:0], generator(0, "test"))
    action, _ = act(sac.tensors(), generator(1, "test").standard_normal((50, 3), dtype=np.float32))
    assert action.mean() > 0.9


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_swings_a_pendulum_up():
    gymnasium = pytest.importorskip("gymnasium")
    spaces, environment = Spaces(3, 1, False), gymnasium.make_vec("Pendulum-v1", 8)
    sac, replay = SAC(spaces, 0, Settings(updates=64, annealing=0.3)), Replay(spaces, 100_000)

    def reward(rows):
        angle = np.arctan2(rows[:, 1], rows[:, 0])
        return -(angle**2 + 0.1 * rows[:, 2] ** 2 + 0.001 * (2 * rows[:, 3]) ** 2) / 10

    observation, rollouts = environment.reset(seed=0)[0], 160
    for k in range(rollouts):
        rows = []
        for step in range(16):
            action, log_prob = act(sac.tensors(), observation, generator(0, "action", k, step))
            following, _, terminated, truncated, _ = environment.step(2 * action)
            if not truncated.any():  # the step after an end only resets
                rows.append((observation, action, following, log_prob, terminated, truncated))
            observation = following
        replay.add(Rollout(*map(np.array, zip(*rows, strict=True))))
        if k == 8:
            sac.begin(replay.observations())
        if k >= 8:
            sac.update(replay, by_rows(reward), np.zeros((0, 5), np.float32), generator(0, "learner", k), k / rollouts)
    single, total = gymnasium.make("Pendulum-v1"), 0.0
    for seed in range(20):
        observation, truncated = single.reset(seed=seed)[0], False
        while not truncated:
            observation, reward_, _, truncated, _ = single.step(2 * act(sac.tensors(), observation[None])[0][0])
            total += reward_
    assert total / 20 > -200
