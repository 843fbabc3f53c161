"""Whole trainers beside TRL's: the same weights and data give the same losses, and weights after some steps."""

import logging

import numpy as np
import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, RewardConfig, RewardTrainer, RLOOConfig, RLOOTrainer, SFTConfig, SFTTrainer

from tutelage import nn, optim, reward, text, train

VOCAB, STEPS, BATCH = 17, 5, 6
PAD, EOS = 0, 1
ADAM = optim.AdamWConfig(learning_rate=1e-3, eps=1e-6)  # an epsilon above the rounding noise of gradients that are 0, such as a key bias's


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def settings(tmp_path, **more):
    return dict(output_dir=str(tmp_path), per_device_train_batch_size=BATCH, max_steps=STEPS, learning_rate=1e-3, adam_epsilon=1e-6, weight_decay=0.0, lr_scheduler_type="constant",
                optim="adamw_torch", use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
                seed=3, **more)


def gpt2(kind=GPT2LMHeadModel, **more):
    torch.manual_seed(5)
    config = GPT2Config(vocab_size=VOCAB, n_positions=32, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, initializer_range=0.3, pad_token_id=PAD,
                        bos_token_id=EOS, eos_token_id=EOS, use_cache=False, **more)
    return kind(config)


def tokenizer():
    vocab = {"<pad>": PAD, "<eos>": EOS, **{f"w{i}": i for i in range(2, VOCAB)}}
    words = Tokenizer(models.WordLevel(vocab, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>")


def ours(model, tmp_path):
    """The same model here; TRL makes its reference from the folder too."""
    model.save_pretrained(tmp_path / "start")
    model.config._name_or_path = str(tmp_path / "start")
    return nn.Transformer.load(str(tmp_path / "start"))


def recording(kind):
    """The trainer, keeping every loss it computes."""

    class Recording(kind):
        def compute_loss(self, *args, **kwargs):
            out = super().compute_loss(*args, **kwargs)
            self.losses = [*getattr(self, "losses", []), (out[0] if isinstance(out, tuple) else out).item()]
            return out

    return Recording


def same_weights(mine, theirs, tmp_path):
    theirs.save_pretrained(tmp_path / "end")
    for name, expected in nn.Transformer.load(str(tmp_path / "end")).parameters().items():
        np.testing.assert_allclose(mine.parameters()[name].numpy(), expected.numpy(), atol=1e-4, rtol=0, err_msg=name)


def ids(rng, low, high):
    return rng.integers(2, VOCAB, rng.integers(low, high)).tolist()


def words(tokens):
    return " ".join(f"w{i}" for i in tokens)


def test_sft(tmp_path, rng):
    rows = [(ids(rng, 1, 5), ids(rng, 1, 7)) for _ in range(STEPS * BATCH)]
    model = gpt2()
    trainer = train.SFTTrainer(ours(model, tmp_path), train.SFTConfig(optimizer=ADAM))
    data = Dataset.from_list([{"input_ids": p + a, "completion_mask": [0] * len(p) + [1] * len(a)} for p, a in rows])
    theirs = recording(SFTTrainer)(model=model, args=SFTConfig(**settings(tmp_path, completion_only_loss=True, train_sampling_strategy="sequential")), train_dataset=data,
                                   processing_class=tokenizer())
    theirs.train()
    examples = [text.Example(p + a, [0] * len(p) + [1] * len(a)) for p, a in rows]
    losses = [trainer.step(examples[k * BATCH:(k + 1) * BATCH]).loss for k in range(STEPS)]
    np.testing.assert_allclose(losses, theirs.losses, atol=1e-5, rtol=0)
    same_weights(trainer.model, theirs.model, tmp_path)


def test_reward(tmp_path, rng):
    rows = [(ids(rng, 2, 9), ids(rng, 2, 9)) for _ in range(STEPS * BATCH)]
    model = gpt2(GPT2ForSequenceClassification, num_labels=1)
    language = gpt2()
    language.transformer.load_state_dict(model.transformer.state_dict())
    start = reward.RewardModel(ours(language, tmp_path)).with_head(model.score.weight.detach().numpy().copy(), np.zeros(1, np.float32))
    trainer = train.RewardTrainer(start, train.RewardConfig(optimizer=ADAM, center_coef=0.0))
    theirs = recording(RewardTrainer)(model=model, args=RewardConfig(**settings(tmp_path, train_sampling_strategy="sequential")), processing_class=tokenizer(),
                                      train_dataset=Dataset.from_list([{"chosen_ids": c, "rejected_ids": r} for c, r in rows]))
    theirs.train()
    pairs = [train.Pair(c, r) for c, r in rows]
    losses = [trainer.step(pairs[k * BATCH:(k + 1) * BATCH]).loss for k in range(STEPS)]
    np.testing.assert_allclose(losses, theirs.losses, atol=1e-5, rtol=0)
    np.testing.assert_allclose(trainer.model.head_weight.numpy(), theirs.model.score.weight.detach().numpy(), atol=1e-4, rtol=0)
    assert trainer.model.head_bias.numpy() == 0
    language.transformer.load_state_dict(theirs.model.transformer.state_dict())
    same_weights(trainer.model.trunk, language, tmp_path)


@pytest.mark.parametrize("loss_type, label_smoothing", [("sigmoid", 0.0), ("robust", 0.1), ("hinge", 0.0), ("ipo", 0.0)])
def test_dpo(loss_type, label_smoothing, tmp_path, rng):
    rows = [(ids(rng, 1, 5), ids(rng, 1, 7), ids(rng, 1, 7)) for _ in range(STEPS * BATCH)]
    model = gpt2()
    trainer = train.DPOTrainer(ours(model, tmp_path), train.DPOConfig(optimizer=ADAM, loss_type=loss_type, label_smoothing=label_smoothing, beta=0.3))
    data = Dataset.from_list([{"prompt": words(p), "chosen": " " + words(c) + " <eos>", "rejected": " " + words(r) + " <eos>"} for p, c, r in rows])
    theirs = recording(DPOTrainer)(model=model, processing_class=tokenizer(), train_dataset=data,
                                   args=DPOConfig(**settings(tmp_path, loss_type=[loss_type], label_smoothing=label_smoothing, beta=0.3, train_sampling_strategy="sequential")))
    theirs.train()
    pairs = [train.Preference(p, c + [EOS], r + [EOS]) for p, c, r in rows]
    stats = [trainer.step(pairs[k * BATCH:(k + 1) * BATCH]) for k in range(STEPS)]
    np.testing.assert_allclose([s.loss for s in stats], theirs.losses, atol=1e-5, rtol=0)
    same_weights(trainer.policy, theirs.model, tmp_path)


def scored(answer):
    return float(np.sin(sum(answer)) + 0.1 * len(answer))


def online(kind, args, tmp_path, rng, answers_of):
    """TRL's trainer on answers that are drawn here, and what it was given: prompts and answers of each generation."""
    model = gpt2()
    start = ours(model, tmp_path)
    seen = []

    class Told(recording(kind)):
        def _generate_single_turn(self, prompt_ids, *rest):
            answers = [ids(rng, 2, 6) + [EOS] for _ in prompt_ids]
            seen.append((prompt_ids, answers))
            return answers_of(answers)

    # Of one length: TRL pads prompts on the left, and transformers' GPT-2 then reads learned positions that are shifted.
    prompts = [{"prompt": words(ids(rng, 3, 4))} for _ in range(40)]
    theirs = Told(model=model, args=args, processing_class=tokenizer(), train_dataset=Dataset.from_list(prompts),
                  reward_funcs=lambda completion_ids, **_: [scored(a) for a in completion_ids])
    theirs.train()
    return start, theirs, seen


def our_steps(trainer, seen, group):
    losses = []
    for prompts, answers in seen:
        logprobs = [trainer.policy.logprobs([p + a])[0][len(p) - 1:] for p, a in zip(prompts, answers)]
        responses = [nn.Generation(a, l.tolist(), "stop_id") for a, l in zip(answers, logprobs)]
        stats = trainer.step(prompts[::group], responses, [scored(a) for a in answers])
        assert stats.first_ratio_min == stats.first_ratio_max == 1
        losses.append(stats.policy_loss + stats.kl_loss)
    return losses


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("normalize", [False, True])
def test_rloo(epochs, normalize, tmp_path, rng):
    args = RLOOConfig(**settings(tmp_path) | {"max_steps": STEPS * epochs}, num_generations=3, num_iterations=epochs, beta=0.1, epsilon=0.05, shuffle_dataset=False,
                      normalize_advantages=normalize, max_completion_length=8)
    start, theirs, seen = online(RLOOTrainer, args, tmp_path, rng, lambda answers: answers)
    config = train.RLOOConfig(num_generations=3, num_epochs=epochs, kl_coef=0.1, clip_range=0.05, normalize_advantages=normalize, max_new_tokens=8, optimizer=ADAM)
    trainer = train.RLOOTrainer(start, config)
    losses = our_steps(trainer, seen, 3)
    np.testing.assert_allclose(losses, np.reshape(theirs.losses, (STEPS, epochs)).mean(1), atol=1e-5, rtol=0)
    same_weights(trainer.policy, theirs.model, tmp_path)


@pytest.mark.parametrize("epochs, loss_type, aggregation, scale", [(1, "grpo", "seq-mean-token-mean", "group"), (2, "bnpo", "token-mean", "group"),
                                                                   (2, "dr_grpo", "seq-mean-token-sum-norm", "none")])
def test_grpo(epochs, loss_type, aggregation, scale, tmp_path, rng):
    args = GRPOConfig(**settings(tmp_path) | {"max_steps": STEPS * epochs}, num_generations=3, num_iterations=epochs, beta=0.1, epsilon=0.05, epsilon_high=0.1,
                      shuffle_dataset=False, loss_type=loss_type, scale_rewards=scale, max_completion_length=8, use_bias_correction_kl=False)
    start, theirs, seen = online(GRPOTrainer, args, tmp_path, rng, lambda answers: (answers, None))
    config = train.GRPOConfig(num_generations=3, num_epochs=epochs, kl_coef=0.1, clip_range=0.05, clip_range_high=0.1, scale_rewards=scale, aggregation=aggregation,
                              max_new_tokens=8, optimizer=ADAM)
    trainer = train.GRPOTrainer(start, config)
    losses = our_steps(trainer, seen, 3)
    np.testing.assert_allclose(losses, np.reshape(theirs.losses, (STEPS, epochs)).mean(1), atol=1e-5, rtol=0)
    same_weights(trainer.policy, theirs.model, tmp_path)
