"""Trainers from Python: rewards of every kind, states, and what is told."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import tutelage
from tutelage import nn, optim, reward, text, train

ADAM = optim.AdamWConfig(learning_rate=3e-3)
SMALL = {"max_new_tokens": 5, "stop_ids": [2], "optimizer": ADAM, "seed": 4}


def model(vocab_size=13, seed=1):
    return nn.Transformer(nn.TransformerConfig(vocab_size=vocab_size, max_positions=24, hidden_size=16, num_layers=1, num_heads=2, init_std=0.1), seed=seed)


PROMPTS = [[1 + i % 9] for i in range(6)]
ONLINE = [(train.PPOTrainer, train.PPOConfig, {}), (train.RLOOTrainer, train.RLOOConfig, {"num_generations": 3}), (train.GRPOTrainer, train.GRPOConfig, {"num_generations": 3}),
          (train.RejectionTrainer, train.RejectionConfig, {"num_generations": 3})]


def sevens(prompts, responses):
    return [sum(t == 7 for t in r) / len(r) for r in responses]


def same(a, b):
    return all(np.array_equal(x.numpy(), b.parameters()[name].numpy()) for name, x in a.parameters().items())


@pytest.mark.parametrize("kind, config, more", ONLINE)
def test_both_doors_and_a_resumed_run_give_the_same_bytes(kind, config, more):
    settings = config(**SMALL, **more)
    one, two = kind(model(), settings), kind(model(), settings)
    one.train(PROMPTS, sevens, 3)
    for k in range(3):
        if k == 2:
            two = kind(state=two.state(), config=settings)
        answers = two.generate(PROMPTS)
        assert len(answers) == len(PROMPTS) * settings.num_generations
        scores = two.score(PROMPTS, answers, sevens)
        stats = two.step(PROMPTS, answers, scores.sequence)
        assert stats.metrics()["reward"] == stats.reward
    assert one.iteration == two.iteration == 3
    assert same(one.policy, two.policy) and not same(one.policy, model())


def test_rewards_of_tokens_models_and_mixtures():
    trainer = train.PPOTrainer(model(), train.PPOConfig(**SMALL))
    answers = trainer.generate(PROMPTS)
    judge = reward.RewardModel(model(), seed=3)
    mixture = reward.Reward().add("sevens", sevens, 2.0).add("ids", reward.Reward(lambda p, r: [[float(t) for t in a] for a in r], per_token=True), 0.5).add("judge", judge)
    assert mixture.names == ["sevens", "ids", "judge"]
    scores = trainer.score(PROMPTS, answers, mixture)
    whole = judge.score([p + a.ids for p, a in zip(PROMPTS, answers)])
    assert scores.parts == [sevens(None, [a.ids for a in answers]), [float(sum(a.ids)) for a in answers], whole]
    assert np.allclose(scores.sequence, 2 * np.array(scores.parts[0]) + whole)
    assert scores.tokens == [[0.5 * t for t in a.ids] for a in answers]
    assert trainer.train(PROMPTS, mixture, 1).updates == 4
    rollout = trainer.examine(PROMPTS, trainer.generate(PROMPTS), [0.0] * 6)
    assert len(rollout.kl) == len(rollout.values) == rollout.offsets[-1]


def test_a_compiled_reward_is_called_without_the_interpreter(tmp_path):
    compiler = shutil.which("c++") or shutil.which("g++")
    assert compiler, "tutelage is built from source: there is a compiler"
    source = tmp_path / "reward.cpp"
    source.write_text("""#include <tutelage/reward/reward_function.hpp>
extern "C" void sevens(const tutelage::reward::NativeEpisodes* e, double* rewards) {
  for (std::int64_t i = 0; i < e->count; ++i) {
    double n = 0;
    for (auto t = e->response_offsets[i]; t < e->response_offsets[i + 1]; ++t) n += e->response_ids[t] == 7;
    rewards[i] = n / static_cast<double>(e->response_offsets[i + 1] - e->response_offsets[i]);
  }
}""")
    include = Path(__file__).resolve().parents[2] / "include"
    subprocess.run([compiler, "-std=c++20", "-shared", "-fPIC", "-I", str(include), str(source), "-o", str(tmp_path / "reward.so")], check=True)
    function = ctypes.CDLL(str(tmp_path / "reward.so")).sevens
    native = reward.Reward.native(ctypes.cast(function, ctypes.c_void_p).value)
    trainer = train.RLOOTrainer(model(), train.RLOOConfig(**SMALL))
    answers = trainer.generate(PROMPTS)
    assert trainer.score(PROMPTS, answers, native).sequence == trainer.score(PROMPTS, answers, sevens).sequence
    with pytest.raises(tutelage.ValueError):
        reward.Reward.native(0)


def test_with_a_tokenizer_prompts_and_rewards_are_texts():
    tokenizer = text.train_chat_tokenizer([[{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "hello you"}]], 300)
    trainer = train.GRPOTrainer(model(vocab_size=tokenizer.vocab_size), train.GRPOConfig(num_generations=2, max_new_tokens=4), tokenizer=tokenizer)
    seen = []

    def on_texts(prompts, responses):
        seen.extend(zip(prompts, responses))
        return [float(len(r)) for r in responses]

    trainer.train(["hello", "you"], on_texts, 1)
    assert [p for p, _ in seen] == ["hello", "hello", "you", "you"] and all(isinstance(r, str) for _, r in seen)
    trainer.train(["hello", "you"], reward.Reward(lambda p, r: [float(len(x)) for x in r] if isinstance(r[0], list) else None, on_ids=True), 1)
    with pytest.raises(tutelage.ValueError, match="tokenizer"):
        train.PPOTrainer(model()).generate(["hello"])


def test_what_looks_wrong_is_told_once():
    trainer, told = train.PPOTrainer(model(), train.PPOConfig(**SMALL)), []
    trainer.train(PROMPTS, lambda p, r: [0.5] * len(r), 2, progress=lambda p: told.append(p.warnings) if p.stage == "ppo" else None)
    assert any(w.startswith("constant reward:") for w in told[0]) and not told[1]


@pytest.mark.parametrize("bad, error", [(lambda p, r: [1.0], tutelage.ShapeError), (lambda p, r: [float("nan")] * len(r), tutelage.ValueError),
                                        (lambda p, r: "no", tutelage.ValueError), (lambda p, r: 1 / 0, ZeroDivisionError)])
@pytest.mark.parametrize("kind, config, more", ONLINE)
def test_bad_rewards_leave_the_run_as_it_was(kind, config, more, bad, error):
    trainer = kind(model(), config(**SMALL, **more))
    trainer.train(PROMPTS, sevens, 1)
    before = trainer.policy
    with pytest.raises(error):
        trainer.train(PROMPTS, bad, 1)
    assert trainer.iteration == 1 and same(trainer.policy, before)
    trainer.train(PROMPTS, sevens, 1)
    assert trainer.iteration == 2


def test_learners_are_stopped_and_gone_on_with():
    examples = [text.Example([1, 2, 3 + i], [0, 1, 1]) for i in range(8)]
    pairs = [train.Pair([1, 2, 3 + i], [4, 5]) for i in range(8)]
    preferences = [train.Preference([1], [2, 3 + i], [4]) for i in range(8)]
    labelled = [train.Labelled([1], [2, 3 + i], i % 2 == 0) for i in range(8)]
    cases = [(train.SFTTrainer, train.SFTConfig, model(), examples, "model"), (train.RewardTrainer, train.RewardConfig, reward.RewardModel(model()), pairs, "model"),
             (train.DPOTrainer, train.DPOConfig, model(), preferences, "policy"), (train.KTOTrainer, train.KTOConfig, model(), labelled, "policy")]
    for kind, config, start, items, name in cases:
        settings = config(epochs=2, batch_size=3, optimizer=ADAM, schedule="linear")
        whole, stopped, done = kind(start, settings), kind(start, settings), []
        whole.train(items)
        stopped.train(items, progress=lambda p: done.append(p.done), should_stop=lambda: len(done) == 2)
        resumed = kind(state=stopped.state(), config=settings)
        assert stopped.state().position == 2
        resumed.train(items)
        ends = [getattr(t, name) for t in (whole, resumed)]
        trunks = [e.trunk if name == "model" and kind is train.RewardTrainer else e for e in ends]
        assert same(*trunks) and not same(trunks[0], model())
        assert whole.evaluate(items).loss < kind(start, settings).evaluate(items).loss
        assert set(whole.evaluate(items).metrics()) >= {"loss", "grad_norm"}


def test_unknown_settings_suggest_the_nearest():
    for config, wrong, near in [(train.RLOOConfig, "num_generation", "num_generations"), (train.DPOConfig, "betta", "beta"), (train.PPOConfig, "cliprange", "clip_range")]:
        with pytest.raises(tutelage.ConfigError, match=near):
            config(**{wrong: 1})


def test_best_of_n():
    best = train.best_of_n(model(), PROMPTS, sevens, train.RejectionConfig(num_generations=8, max_new_tokens=4))
    one = train.best_of_n(model(), PROMPTS, sevens, train.RejectionConfig(num_generations=1, max_new_tokens=4))
    assert np.mean([b.score for b in best]) > np.mean([b.score for b in one]) + 0.05
    assert all(b.score == sevens(None, [b.answer.ids])[0] for b in best)
