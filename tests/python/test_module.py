"""The module as a user meets it."""

import subprocess
import sys
import time

import numpy as np
import pytest

import tutelage
from tutelage import nn, ops, text


def small_model():
    return nn.Transformer(nn.TransformerConfig(vocab_size=31, max_positions=24, hidden_size=16, num_layers=2, num_heads=2, init_std=0.3), seed=1)


def test_tensors_share_numpy_memory_read_only():
    t = tutelage.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    a = t.numpy()
    assert a.dtype == np.float32 and t.shape == (2, 3) and not a.flags.writeable
    del t
    assert a[1, 2] == 5
    with pytest.raises(TypeError):
        ops.add(tutelage.Tensor(np.zeros(3, np.float32)), tutelage.Tensor64(np.zeros(3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ops_agree_with_numpy(dtype):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 5)).astype(dtype), rng.normal(size=(5, 4)).astype(dtype)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(ops.matmul(a, b).numpy(), a @ b, atol=tolerance)
    np.testing.assert_allclose(ops.exp(a).numpy(), np.exp(a), rtol=tolerance)
    np.testing.assert_allclose(ops.sum(a).item(), a.sum(), atol=tolerance)
    np.testing.assert_allclose(ops.softmax(a).numpy(), np.exp(a) / np.exp(a).sum(-1, keepdims=True), atol=tolerance)


def test_value_and_grad_keeps_the_structure():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    params = {"w": rng.normal(size=(3, 1)), "b": [np.zeros(1)]}

    def loss(p):
        return ops.square(ops.sub(ops.add(ops.matmul(x, p["w"]), p["b"][0]), y)) / 8.0

    value, grads = tutelage.value_and_grad(loss, params)
    error = x @ params["w"] - y
    np.testing.assert_allclose(value, (error**2).mean())
    np.testing.assert_allclose(grads["w"].numpy(), 2 * x.T @ error / 8)
    np.testing.assert_allclose(grads["b"][0].numpy(), [2 * error.mean()])
    acc = tutelage.GradAccumulator(small_model())
    acc.add(lambda m, ids: ops.neg(m._logprobs(ids, 1.0)), [[1, 2, 3]])
    assert isinstance(acc.finish()[1], nn.Transformer)


def test_an_error_in_the_function_passes_through():
    with pytest.raises(ZeroDivisionError):
        tutelage.value_and_grad(lambda p: 1 / 0, np.zeros(2))


def test_padding_does_not_change_a_bit():
    model = small_model()
    rows = [[1, 2, 3, 4], [5, 6], [7, 8, 9]]
    ragged = model.logits(rows)
    for side in ("left", "right"):
        ids, mask = np.zeros((3, 6), int), np.zeros((3, 6), bool)
        for i, row in enumerate(rows):
            place = slice(6 - len(row), 6) if side == "left" else slice(0, len(row))
            ids[i, place], mask[i, place] = row, True
        assert model.logits(ids, mask)[mask].tobytes() == ragged.tobytes()
        lp = model.logprobs(ids, mask)
        assert lp[mask].size == sum(map(len, rows))


def test_generate_and_its_callback():
    model, seen = small_model(), []
    out = model.generate([[1, 2], [3]], max_new_tokens=5, seed=3, on_token=lambda prompt, token, logprob: seen.append((prompt, token)))
    assert [len(g.ids) for g in out] == [5, 5] and len(seen) == 10
    assert [t for p, t in seen if p == 1] == out[1].ids
    with pytest.raises(KeyError):
        model.generate([[1]], max_new_tokens=2, on_token=lambda *a: {}["missing"])
    with pytest.raises(tutelage.ConfigError, match="max_new_tokens"):
        model.generate([[1]], max_new_token=2)


def test_errors_are_both_ours_and_pythons():
    assert issubclass(tutelage.ShapeError, (tutelage.Error,)) and issubclass(tutelage.ShapeError, ValueError)
    assert issubclass(tutelage.IoError, OSError)
    with pytest.raises(tutelage.ConfigError, match="Did you mean hidden_size"):
        nn.TransformerConfig(hiden_size=3)
    with pytest.raises(OSError):
        tutelage.io.load_model("/nonexistent")


def test_transformers_and_tokenizers_in_folders(tmp_path):
    model, folder = small_model(), str(tmp_path / "new" / "model")
    model.save(folder)
    back = nn.Transformer.load(folder)
    assert back.logits([[1, 2, 3]]).tobytes() == model.logits([[1, 2, 3]]).tobytes() and back.config.num_layers == 2
    words = text.Tokenizer.train(["who are you"], 262)
    words.save(folder)
    assert text.Tokenizer.load(folder).encode("who are you") == words.encode("who are you")
    with pytest.raises(tutelage.IoError, match="do not fit"):
        tutelage.io.load_model(folder)  # 31 tokens and 262

    for empty, read in ((tmp_path, nn.Transformer.load), (tmp_path / "none", text.Tokenizer.load)):
        with pytest.raises(tutelage.IoError, match=str(empty)):
            read(str(empty))
    nn.Transformer(nn.TransformerConfig(vocab_size=31, hidden_size=8, num_heads=1)).save(str(tmp_path / "other"))
    (tmp_path / "other" / "config.json").replace(tmp_path / "new" / "model" / "config.json")
    with pytest.raises(tutelage.IoError, match="load_pretrained.*another config.json"):
        nn.Transformer.load(folder)
    (tmp_path / "file").touch()
    for save in (model.save, words.save):
        with pytest.raises(tutelage.IoError):
            save(str(tmp_path / "file" / "below"))


def test_import_is_light():
    code = "import sys, numpy, time; t = time.perf_counter(); import tutelage; print(time.perf_counter() - t); print(*sys.modules)"
    best = 1.0
    for _ in range(3):
        seconds, modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
        best = min(best, float(seconds))
        assert not {"torch", "rich", "yaml", "jinja2", "sqlite3", "starlette", "uvicorn", "anywidget", "csv", "decimal", "statistics", "tempfile", "tutelage.runs", "tutelage.store"} & set(modules.split())
    assert best < 0.5  # a sanity bound; the benchmark holds the real figure


def test_a_reward_function_that_is_wrong():
    trainer = tutelage.train.PPOTrainer(small_model(), tutelage.train.PPOConfig(max_new_tokens=2))
    wrong = [(lambda p, a: [float("nan")] * len(a), tutelage.ValueError, "sample 0 is not finite"), (lambda p, a: [1.0], tutelage.ShapeError, "got 1, expected 4"),
             (lambda p, a: ["good"] * len(a), tutelage.ValueError, "something else than numbers"), (lambda p, a: None, tutelage.ValueError, "got None"),
             (lambda p, a: "\u4eba" * 99, tutelage.ValueError, "u4eba"), (lambda p, a: 1 / 0, ZeroDivisionError, "division")]
    for reward, error, message in wrong:
        with pytest.raises(error, match=message):
            trainer.train([[1, 2]] * 4, reward, 1)
    assert trainer.iteration == 0
    assert trainer.train([[1, 2]] * 4, lambda p, a: np.ones(len(a), np.float32), 1).reward == 1.0


def test_ppo_on_one_token_reaches_the_closed_form():
    """Rewards R, reference p, KL coefficient beta: the best policy is p exp(R / beta), normalised."""
    model = nn.Transformer(nn.TransformerConfig(vocab_size=6, max_positions=4, hidden_size=16, num_layers=1, num_heads=2, init_std=0.3), seed=2)
    rewards, beta = np.array([0.0, 0.3, -0.5, 0.8, 0.1, -0.2]), 0.5
    config = tutelage.train.PPOConfig(max_new_tokens=1, kl_coef=beta, num_epochs=2, ptx_coef=0.0, whiten_advantages=False, vf_coef=0.5, seed=1,
                                      optimizer=tutelage.optim.AdamWConfig(learning_rate=2e-3))
    trainer = tutelage.train.PPOTrainer(model, config)

    def probabilities(m):
        z = m.logits([[1]])[-1].astype(float)
        return np.exp(z - z.max()) / np.exp(z - z.max()).sum()

    p = probabilities(model)
    target = p * np.exp(rewards / beta)
    target /= target.sum()
    averaged = []
    for step in range(4):
        stats = trainer.train([[1]] * 512, lambda prompts, answers: [rewards[a[0]] for a in answers], 60)
        averaged.append(probabilities(trainer.policy))
    assert 0.5 * abs(averaged[-1] - target).sum() < 0.02
    assert stats.first_ratio_min == 1.0 and stats.first_ratio_max == 1.0
