"""Adapters from Python: one class with plain models, in every trainer."""

import numpy as np
import pytest

import tutelage
from tutelage import nn, reward, text, train

IDS = [[1, 2, 3, 4, 5], [6, 7]]


@pytest.fixture
def base():
    return nn.Transformer(nn.TransformerConfig(vocab_size=40, max_positions=32, hidden_size=32, num_layers=2, num_heads=4, num_kv_heads=2, norm="rms",
                                               positions="rotary", activation="silu", gated_mlp=True, init_std=0.2), seed=3)


def same(a, b):
    return all(np.array_equal(x.numpy(), y.numpy()) for x, y in zip(a.parameters().values(), b.parameters().values(), strict=True))


def examples():
    return [text.Example(ids=[(3 * i + t) % 40 for t in range(8)], mask=[0, 0, 0, 1, 1, 1, 1, 1]) for i in range(6)]


def trained(model):
    trainer = train.SFTTrainer(model, train.SFTConfig(epochs=6, optimizer=tutelage.optim.AdamWConfig(learning_rate=0.01)))
    trainer.train(examples())
    return trainer.model


def test_an_adapter_is_trained_saved_loaded_and_merged(base, tmp_path):
    assert base.lora is None
    model = base.with_lora(nn.LoraConfig(rank=4, alpha=8, dropout=0.1))
    assert model.lora.rank == 4 and model.lora.target_modules == ["q", "k", "v", "out", "gate", "up", "down"]
    assert np.array_equal(model.logits(IDS), base.logits(IDS))
    assert set(model.parameters()) == {f"adapter.blocks.{i}.{m}.{f}" for i in range(2) for m in model.lora.target_modules for f in "ab"}
    assert model.num_parameters == base.num_parameters + sum(t.numpy().size for t in model.parameters().values())
    tuned = trained(model)
    assert train.sft_loss(tuned, examples()) < train.sft_loss(base, examples()) - 0.5
    assert same(tuned.without_adapter(), base)
    tuned.save_adapter(str(tmp_path / "adapter"))
    again = base.load_adapter(str(tmp_path / "adapter"))
    assert np.array_equal(again.logits(IDS), tuned.logits(IDS))
    np.testing.assert_allclose(tuned.merged().logits(IDS), tuned.logits(IDS), rtol=0, atol=1e-4)
    with pytest.raises(tutelage.StateError, match="merged"):
        tuned.save(str(tmp_path / "whole"))
    tuned.merged().save(str(tmp_path / "whole"))
    with pytest.raises(tutelage.StateError, match="adapter"):
        base.save_adapter(str(tmp_path / "none"))


def test_sampling_equals_scoring(base):
    tuned = trained(base.with_lora())
    answers = tuned.generate(IDS, max_new_tokens=10, seed=5)
    for ids, answer, scored in zip(IDS, answers, tuned.logprobs([ids + a.ids for ids, a in zip(IDS, answers)]), strict=True):
        assert np.array_equal(scored[len(ids) - 1:], np.array(answer.logprobs, np.float32))


def test_ppo_and_rewards_on_one_base(base):
    tuned = trained(base.with_lora())
    trainer = train.PPOTrainer(tuned, train.PPOConfig(max_new_tokens=6, num_epochs=2), reference=base)
    assert same(trainer.reference, base)
    stats = trainer.train(IDS, lambda prompts, responses: [len(set(r)) / 6 for r in responses], 2)
    assert stats.first_ratio_min == stats.first_ratio_max == 1 and stats.kl > 0
    assert same(trainer.policy.without_adapter(), base) and not same(trainer.policy, tuned)
    assert same(train.PPOTrainer(tuned).reference, tuned)
    pairs = [train.Pair([1, 2, 3, i], [1, 2, 3, 39 - i]) for i in range(10)]
    ensemble = train.fit_ensemble(tuned, pairs, 2, train.RewardConfig(epochs=20, optimizer=tutelage.optim.AdamWConfig(learning_rate=0.01)))
    assert isinstance(ensemble, reward.RewardEnsemble) and train.pair_accuracy(ensemble, pairs) > 0.9


def test_gradients_are_the_adapters(base):
    model = base.with_lora(nn.LoraConfig(rank=2, target_modules=["v"]))
    _, grads = tutelage.value_and_grad(lambda m: m._logprobs(IDS, 1.0), model)
    assert set(grads.parameters()) == set(model.parameters())
    assert not grads.parameters()["adapter.blocks.0.v.a"].numpy().any() and grads.parameters()["adapter.blocks.0.v.b"].numpy().any()


def test_bad_settings(base):
    with pytest.raises(tutelage.ConfigError, match="q_proj"):
        base.with_lora(nn.LoraConfig(target_modules=["q_proj"]))
    with pytest.raises(tutelage.ConfigError, match="Did you mean rank"):
        nn.LoraConfig(rang=4)
