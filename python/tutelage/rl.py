"""Policy optimisation: estimators and losses. Arrays are (B, T) with a mask unless said otherwise; logs are natural, KL in nats."""

import numpy as np

from ._arrays import call
from ._core import AdaptiveKL

__all__ = ["AdaptiveKL", "aggregate", "full_kl", "gae", "grpo_advantages", "kl_estimate", "ppo_policy_loss", "ppo_value_loss", "rloo_advantages", "token_rewards", "whiten"]


def gae(rewards, values, gamma=1.0, gae_lambda=0.95, mask=None, terminated=None, truncated=None, bootstrap=None):
    """Generalised advantage estimation (arXiv 1506.02438): (advantages, returns), both (B, T).

    d_t = r_t + gamma V_{t+1} - V_t;  A_t = d_t + gamma lambda A_{t+1};  returns = A + V. The value after the last step is 0, or `bootstrap` (B).
    Masked places are skipped: what stands there changes nothing. A truncated step bootstraps, a terminated one does not. Rows may be 1-D.
    """
    if np.ndim(rewards) == 1:
        rows = [None if a is None else np.asarray(a)[None] for a in (rewards, values, mask, terminated, truncated)]
        last = None if bootstrap is None else np.atleast_1d(np.asarray(bootstrap))
        advantages, returns = gae(rows[0], rows[1], gamma, gae_lambda, *rows[2:], last)
        return advantages[0], returns[0]
    return call("gae", [rewards, values, mask, terminated, truncated, bootstrap], gamma, gae_lambda)


def whiten(x, mask=None, keep_mean=False, ddof=0, eps=1e-8):
    """(x - mean) / sqrt(var + eps) over mask = 1; `keep_mean` adds the mean back; masked places are 0. Published codes use ddof 0 (OpenAI) and 1 (TRL)."""
    return call("whiten", [x, mask], keep_mean, ddof, eps)


def kl_estimate(logprobs, ref_logprobs, estimator="k1"):
    """Per-token estimate of KL(policy || reference), x = logprobs - ref_logprobs. k1: x; k2: x^2 / 2; k3: exp(-x) - 1 + x; abs: |x|.

    As a loss, k2's gradient is that of the reverse KL, k3's that of the forward KL, k1's is zero in expectation.
    """
    return call("kl_estimate", [logprobs, ref_logprobs], estimator)


def full_kl(logits, ref_logits):
    """KL of the softmaxes over the last axis, never negative."""
    return call("full_kl", [logits, ref_logits])


def token_rewards(scores, kl, mask, kl_coef, ended=None, missing_eos="keep", missing_eos_value=0.0):
    """-kl_coef * kl at each real token, plus the score at the last. scores (B); kl, mask (B, T).

    `ended` (B) with missing_eos "set" or "subtract" says what a cut answer's score becomes.
    """
    return call("token_rewards", [scores, kl, mask, ended], kl_coef, missing_eos, missing_eos_value)


def ppo_policy_loss(logprobs, old_logprobs, advantages, mask, clip_range=0.2, clip_range_high=None, dual_clip=None, aggregation="token-mean", max_length=None, count=None):
    """PPO's clipped loss (arXiv 1707.06347, eq. 7) over real tokens: (loss, stats).

    max(-A r, -A clip(r, 1 - clip_range, 1 + high)), r = exp(logprobs - old_logprobs); with dual_clip c, where A < 0: at most -A c.
    stats: clip_fraction, approx_kl, ratio_mean, ratio_max, clamped. `count`: the step's tokens or sequences where this is a part of it.
    """
    return call("ppo_policy_loss", [logprobs, old_logprobs, advantages, mask], clip_range, clip_range_high, dual_clip, aggregation, max_length, count)


def ppo_value_loss(values, old_values, returns, mask, clip_range_value=0.2, count=None):
    """Half the masked mean of max((V - R)^2, (V_old + clip(V - V_old, +-c) - R)^2): (loss, clip_fraction)."""
    return call("ppo_value_loss", [values, old_values, returns, mask], clip_range_value, count)


def aggregate(loss, mask, mode="token-mean", max_length=None, count=None):
    """One number of masked terms: token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm (sum / (B max_length))."""
    return call("aggregate", [loss, mask], mode, max_length, count)


def rloo_advantages(rewards, groups):
    """r_i minus the mean of the others of its group. rewards (N), groups (N) ids."""
    return call("rloo_advantages", [rewards], [int(g) for g in groups])


def grpo_advantages(rewards, groups, scale="group"):
    """(r_i - mean) / (std with ddof 1 + 1e-4) in its group, or the difference alone with scale="none"."""
    return call("grpo_advantages", [rewards], [int(g) for g in groups], scale)
