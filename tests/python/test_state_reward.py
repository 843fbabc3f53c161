"""Reward models over steps and features from Python: a loop of questions, a custom loss over an MLP, errors."""

import numpy as np
import pytest
import tutelage
from tutelage import nn, ops, optim, prefs, reward, train


def world(n=60, seed=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 5, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    x = rng.standard_normal((offsets[-1], 2)).astype(np.float32)
    return reward.Behaviours(x, offsets.tolist()), np.add.reduceat(x[:, 0], offsets[:-1])


def test_a_loop_of_questions():
    behaviours, worth = world()
    rng = np.random.default_rng(1)
    candidates = [(int(a), int(b)) for a, b in rng.integers(0, 60, (300, 2))]
    model = reward.StateRewardModel(reward.StateRewardConfig(input_size=2, hidden_sizes=[8], members=4), seed=2)
    chooser = prefs.QuestionChooser(prefs.QuestionConfig(acquisition="mutual_information", seed=3))
    asked = []
    config = train.StateRewardFitConfig(epochs=20, optimizer=optim.AdamWConfig(learning_rate=1e-2, max_grad_norm=0))
    sizes = prefs.question_schedule("hyperbolic", 40, 5)
    for size in sizes:
        asked += chooser.choose(np.ascontiguousarray(np.asarray(model.returns(behaviours), float).T), candidates, size)
        first, second = [q.first for q in asked], [q.second for q in asked]
        judged = train.BehaviourJudgements(first, second, [float(worth[a] > worth[b]) for a, b in zip(first, second)])
        fit = train.fit_state_reward(model, behaviours, judged, config)
    assert sum(sizes) == len(asked) == 40
    assert len({frozenset((q.first, q.second)) for q in asked}) == 40
    assert any(q.random for q in asked) and all(q.score >= 0 for q in asked)
    assert fit.epochs[-1].loss < 0.3
    p = np.array(model.probabilities(behaviours, range(0, 60, 2), range(1, 60, 2)))
    assert np.mean((p > 0.5) == (worth[0::2] > worth[1::2])) > 0.8
    report = reward.reward_report(p, (worth[0::2] > worth[1::2]).astype(float), range(30), range(30, 60), [0] * 30)
    assert report.accuracy > 0.8 and report.annotators[0].reliability > 0.7 and 0 <= report.length_rule <= 1


def test_a_custom_loss_over_an_mlp():
    net = nn.MLP(nn.MLPConfig(sizes=[3, 8, 1], activation="tanh"), seed=1)
    x = tutelage.Tensor(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32))
    value, grads = tutelage.value_and_grad(lambda p: ops.mean(ops.square(p(x))), net)
    assert value == pytest.approx(float(np.mean(np.asarray(net(x)) ** 2)), rel=1e-5)
    w, b = [np.asarray(net.parameters()[f"layers.0.{k}"]) for k in ("weight", "bias")]
    v, c = [np.asarray(net.parameters()[f"layers.1.{k}"]) for k in ("weight", "bias")]
    h = np.tanh(np.asarray(x) @ w.T + b)
    y = h @ v.T + c
    np.testing.assert_allclose(np.asarray(grads.parameters()["layers.1.weight"]), (2 * y / 5).T @ h, rtol=2e-5, atol=1e-6)
    assert net.with_parameters(net.parameters()).num_parameters == 3 * 8 + 8 + 8 + 1


def test_a_linear_reward_and_its_members():
    rng = np.random.default_rng(0)
    a, b, truth = rng.standard_normal((400, 3)), rng.standard_normal((400, 3)), np.array([1.0, -2.0, 0.5])
    rows, answers = reward.SparseRows.dense(np.concatenate([a, b]).astype(np.float32)), rng.random(400) < 1 / (1 + np.exp(-(a - b) @ truth))
    config = train.LinearRewardConfig(members=8, ensemble="posterior", l2=[0.1], tolerance=1e-8)
    fit = train.fit_linear_reward(rows, [(i, 400 + i) for i in range(400)], config, probabilities=answers.astype(float))
    error = np.sqrt(np.diag(np.asarray(fit.covariance)))
    assert (np.abs(np.asarray(fit.model.weights)[:, 0] - truth) < 4 * error).all() and error.max() < 0.5
    assert np.asarray(fit.model.logits(rows)).shape == (8, 800)


def test_bad_input():
    behaviours, _ = world()
    model = reward.StateRewardModel(reward.StateRewardConfig(input_size=2))
    for error, call in [
        (tutelage.ShapeError, lambda: train.BehaviourJudgements([0], [1, 2])),
        (tutelage.ShapeError, lambda: train.BehaviourJudgements([0], [1], [1.0, 0.5])),
        (tutelage.IndexError, lambda: train.fit_state_reward(model, behaviours, train.BehaviourJudgements([0], [60]))),
        (tutelage.ValueError, lambda: train.fit_state_reward(model, behaviours, train.BehaviourJudgements([3], [3]))),
        (tutelage.ValueError, lambda: train.fit_state_reward(model, behaviours, train.BehaviourJudgements())),
        (tutelage.ConfigError, lambda: train.StateRewardFitConfig(epoch=3)),
        (tutelage.ConfigError, lambda: reward.StateRewardModel(reward.StateRewardConfig())),
        (tutelage.ValueError, lambda: reward.Behaviours(np.full((2, 1), np.nan, np.float32), [0, 2])),
        (tutelage.ShapeError, lambda: reward.Behaviours(np.zeros((2, 1), np.float32), [0, 3])),
        (tutelage.ConfigError, lambda: prefs.QuestionChooser(prefs.QuestionConfig(acquisition="mutual"))),
        (tutelage.ConfigError, lambda: prefs.question_schedule("constnat", 1, 1)),
        (tutelage.ValueError, lambda: reward.reward_report([0.5, 2.0], [1.0, 0.0])),
    ]:
        with pytest.raises(error):
            call()
