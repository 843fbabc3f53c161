"""Losses beside those in TRL's trainers, which are called with a stand-in for the trainer: values and gradients."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from beside import check
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.reward_trainer import RewardTrainer

from tutelage import ops, reward, rl

N, T = 6, 8


def trainer(**settings):
    """What a trainer's loss reads of its trainer; all else that it touches, its metrics, goes nowhere."""
    stand_in = MagicMock(aux_loss_enabled=False, loss_weights=[1.0], _total_train_tokens=0, _tp_size=1, **settings)
    same = stand_in.accelerator
    same.device, same.num_processes = "cpu", 1
    same.gather = same.gather_for_metrics = lambda x: x
    same.reduce = lambda x, reduction: x
    return stand_in


def outputs(logprobs, mask):
    """Of a language model: each sequence's log-prob spread evenly over its answer's tokens."""
    blank = torch.zeros_like(mask, dtype=logprobs.dtype)
    return SimpleNamespace(log_probs=logprobs[:, None] * mask / mask.sum(1, keepdim=True), entropy=blank, mean_logits=blank, is_top1=blank.bool())


def answers(rng, n):
    """A mask of n answers of one token or more, each after a prompt of one token."""
    return torch.from_numpy((np.arange(T) < rng.integers(1, T + 1, (n, 1))).astype(np.int64))


def batch(mask):
    prompt = torch.zeros(len(mask), 1, dtype=torch.int64)
    ids = torch.cat([prompt, mask], 1)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "completion_mask": torch.cat([prompt, mask], 1)}


@pytest.mark.parametrize("loss_type, label_smoothing", [("sigmoid", 0.0), ("robust", 0.2), ("hinge", 0.0), ("ipo", 0.0)])
def test_dpo_loss(loss_type, label_smoothing, dtype, rng):
    mask = answers(rng, 2 * N)
    lengths = mask.sum(1).numpy().astype(float)
    self = trainer(loss_types=[loss_type], label_smoothing=label_smoothing, beta=0.3, ld_alpha=None, use_weighting=False, precompute_ref_logps=True,
                   f_divergence_type="reverse_kl")

    def theirs(chosen, rejected, ref_chosen, ref_rejected):
        inputs = {**batch(mask), "ref_chosen_logps": ref_chosen, "ref_rejected_logps": ref_rejected}
        return DPOTrainer._compute_loss(self, lambda **_: outputs(torch.cat([chosen, rejected]), mask), inputs, False)

    def ours(*four):
        return ops.mean(rl.dpo_loss(*four, 0.3, loss_type, label_smoothing, lengths[:N], lengths[N:])[0])

    check(ours, theirs, *-5 * rng.random((4, N)), dtype=dtype)


def test_kto_loss(dtype, rng):
    mask, label = answers(rng, N), torch.tensor([1, 0, 0, 1, 1, 0])
    kl_policy, kl_reference = -5 * rng.random((2, N)).astype(dtype)
    self = trainer(loss_type="kto", beta=0.3, calculate_KL=True, precompute_ref_logps=True, desirable_weight=1.5, undesirable_weight=0.5)
    self._compute_kl_logps = lambda model, inputs: torch.from_numpy(kl_policy)

    def theirs(policy, reference):
        inputs = {**batch(mask), "label": label, "ref_logps": reference, "ref_KL_logps": torch.from_numpy(kl_reference)}
        return KTOTrainer._compute_loss(self, lambda **_: outputs(policy, mask), inputs, False)

    def ours(policy, reference):
        return ops.mean(rl.kto_loss(policy, reference, label.numpy(), rl.kto_kl(kl_policy, kl_reference), 0.3, 1.5, 0.5)[0])

    check(ours, theirs, *-5 * rng.random((2, N)), dtype=dtype)


def test_simpo_and_orpo(rng):
    """The log-probs are per token in both. TRL's ORPO is float32 only, and its term comes with the other sign."""
    lengths = rng.integers(1, 9, (2, N)).astype(float)
    chosen, rejected = -rng.uniform(0.2, 3, (2, N)) * lengths
    n, k = (torch.from_numpy(x).float() for x in lengths)
    self = trainer(loss_type="simpo", beta=2.0, simpo_gamma=0.5, label_smoothing=0.0, alpha=0.0)
    check(lambda c, r: rl.dpo_loss(c, r, None, None, 2.0, "simpo", 0.0, *lengths, simpo_gamma=0.5)[0],
          lambda c, r: CPOTrainer.cpo_loss(self, c / n, r / k)[0], chosen, rejected, dtype=np.float32)
    check(lambda c, r: rl.dpo_loss(c, r, None, None, 0.3, "orpo", 0.0, *lengths)[0],
          lambda c, r: -c / n - ORPOTrainer.odds_ratio_loss(trainer(beta=0.3), c / n, r / k)[0], chosen, rejected, dtype=np.float32)


def test_bradley_terry_loss(dtype, rng):
    margin = rng.random(N).astype(dtype)
    self = trainer(args=SimpleNamespace(center_rewards_coefficient=0.05))

    def theirs(chosen, rejected):
        inputs = {"margin": torch.from_numpy(margin), "attention_mask": torch.ones(2 * N, T)}
        return RewardTrainer.compute_loss(self, lambda **_: SimpleNamespace(logits=torch.cat([chosen, rejected])[:, None]), inputs)

    check(lambda c, r: reward.bradley_terry_loss(c, r, margin, None, 0.05), theirs, *2 * rng.normal(size=(2, N)), dtype=dtype)


@pytest.mark.parametrize("delta", [None, 1.5])
@pytest.mark.parametrize("loss_type, mode", [("bnpo", "token-mean"), ("grpo", "seq-mean-token-mean"), ("luspo", "seq-mean-token-sum"),
                                             ("dr_grpo", "seq-mean-token-sum-norm")])
def test_ppo_policy_loss(loss_type, mode, delta, dtype, rng):
    """With the KL to the reference in the loss, as GRPO has it: k3."""
    mask = answers(rng, N)
    old, reference, advantages = rng.normal(size=(3, N, T)).astype(dtype)
    self = trainer(loss_type=loss_type, beta=0.04, epsilon_low=0.2, epsilon_high=0.3, importance_sampling_level="token", max_completion_length=12,
                   top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_vllm=False, current_gradient_accumulation_steps=1,
                   _entropy_bonus_enabled=False, args=SimpleNamespace(delta=delta, use_bias_correction_kl=False))

    def theirs(logprobs):
        self._get_per_token_logps_and_entropies = lambda *_, **__: (logprobs, torch.zeros_like(logprobs), None)
        ids = torch.zeros(N, 1, dtype=torch.int64)
        return GRPOTrainer._compute_loss(self, None, {
            "prompt_ids": ids, "prompt_mask": ids, "completion_ids": mask, "completion_mask": mask, "advantages": torch.from_numpy(advantages),
            "old_per_token_logps": torch.from_numpy(old), "ref_per_token_logps": torch.from_numpy(reference)})

    def ours(logprobs):
        policy = rl.ppo_policy_loss(logprobs, old, advantages, mask.numpy(), 0.2, 0.3, delta, mode, 12)[0]
        return policy + rl.aggregate(rl.kl_estimate(logprobs, reference, "k3"), mask.numpy(), mode, 12) * 0.04

    check(ours, theirs, old + 0.4 * rng.normal(size=(N, T)), dtype=dtype)
