"""Policy optimisation: estimators and losses. Arrays are (B, T) with a mask unless said otherwise; logs are natural, KL in nats."""

import numpy as np

from ._arrays import array, call, integers, items, rows
from ._core import AdaptiveKL

__all__ = [
    "AdaptiveKL", "aggregate", "dpo_loss", "full_kl", "gae", "grpo_advantages", "kl_estimate", "kto_kl", "kto_loss", "policy_terms",
    "ppo_policy_loss", "ppo_value_loss", "rloo_advantages", "token_rewards", "value_terms", "whiten",
]


def gae(rewards, values, gamma=1.0, gae_lambda=0.95, mask=None, terminated=None, truncated=None, bootstrap=None):
    """Generalised advantage estimation (arXiv 1506.02438): (advantages, returns), both (B, T).

    d_t = r_t + gamma V_{t+1} - V_t;  A_t = d_t + gamma lambda A_{t+1};  returns = A + V. The value after the last step is 0, or `bootstrap` (B).
    Masked places are skipped: what stands there changes nothing. A truncated step bootstraps, a terminated one does not; bootstrap (B, T) gives
    the value behind each such step. Rows may be 1-D. Raises ShapeError; ValueError for gamma or gae_lambda outside 0 to 1 and where a truncated
    step has no bootstrap.
    """
    rewards = array("gae", rewards)
    if isinstance(rewards, np.ndarray) and rewards.ndim == 1:
        values, mask, terminated, truncated = rows("gae", values, mask, terminated, truncated)
        if bootstrap is not None:
            bootstrap = np.atleast_1d(array("gae", bootstrap))
            bootstrap = bootstrap if bootstrap.shape == (1,) else bootstrap[None]
        advantages, returns = gae(rewards[None], values, gamma, gae_lambda, mask, terminated, truncated, bootstrap)
        return advantages[0], returns[0]
    if bootstrap is not None and np.ndim(array("gae", bootstrap)) == 0 and isinstance(rewards, np.ndarray):
        bootstrap = np.full(len(rewards), bootstrap)
    return call("gae", [rewards, values, mask, terminated, truncated, bootstrap], gamma, gae_lambda, mask=mask)


def whiten(x, mask=None, keep_mean=False, ddof=0, eps=1e-8):
    """(x - mean) / sqrt(var + eps) over mask = 1, any shape; `keep_mean` adds the mean back; masked places are 0.

    Published codes use ddof 0 (OpenAI) and 1 (TRL). Raises ShapeError, ValueError where no more than ddof values are unmasked.
    """
    return call("whiten", [x, mask], keep_mean, ddof, eps, mask=mask)


def kl_estimate(logprobs, ref_logprobs, estimator="k1"):
    """Per-token estimate of KL(policy || reference), x = logprobs - ref_logprobs. k1: x; k2: x^2 / 2; k3: exp(-x) - 1 + x; abs: |x|.

    Any shape; x is clamped to +-20 before exp. Source: Schulman, "Approximating KL Divergence" (2020).
    As a loss, k2's gradient is that of the reverse KL, k3's that of the forward KL, k1's is zero in expectation.
    """
    return call("kl_estimate", [logprobs, ref_logprobs], estimator)


def full_kl(logits, ref_logits):
    """KL(softmax(logits) || softmax(ref_logits)), summed over the last axis, never negative: (..., V) -> (...)."""
    return call("full_kl", [logits, ref_logits])


def token_rewards(scores, kl, mask, kl_coef, ended=None, missing_eos="keep", missing_eos_value=0.0):
    """-kl_coef * kl at each real token, plus the score at the last. scores (B); kl, mask (B, T).

    `ended` (B) with missing_eos "set" or "subtract" says what a cut answer's score becomes.
    """
    kl = array("token_rewards", kl)
    if isinstance(kl, np.ndarray) and kl.ndim == 1:
        scores, ended = [None if a is None else np.atleast_1d(array("token_rewards", a)) for a in (scores, ended)]
        return token_rewards(scores, kl[None], *rows("token_rewards", mask), kl_coef, ended, missing_eos, missing_eos_value)[0]
    return call("token_rewards", [scores, kl, mask, ended], kl_coef, missing_eos, missing_eos_value, mask=mask)


def policy_terms(logprobs, old_logprobs, advantages, weight, clip_range=0.2, clip_range_high=None, dual_clip=None):
    """The clipped loss of each token times `weight`, all (n): ppo_policy_loss before its sum, as GradAccumulator wants terms."""
    return call("policy_terms", [logprobs, old_logprobs, advantages], weight, clip_range, clip_range_high, dual_clip)


def value_terms(values, old_values, returns, weight, clip_range_value=0.2):
    """Half the larger of plain and clipped squared error of each token times `weight`, all (n): ppo_value_loss before its sum."""
    return call("value_terms", [values, old_values, returns], weight, clip_range_value)


def ppo_policy_loss(
    logprobs, old_logprobs, advantages, mask, clip_range=0.2, clip_range_high=None, dual_clip=None, aggregation="token-mean", max_length=None,
    count=None,
):
    """PPO's clipped loss (arXiv 1707.06347, eq. 7) over real tokens: (loss, stats).

    max(-A r, -A clip(r, 1 - clip_range, 1 + high)), r = exp(logprobs - old_logprobs); with dual_clip c, where A < 0: at most -A c.
    stats: clip_fraction, approx_kl, ratio_mean, ratio_max, clamped. `count`: the step's tokens or sequences where this is a part of it.
    All (B, T), or one row (T). Dual clip: arXiv 1912.09729. Raises ShapeError, ConfigError, ValueError where no token is real and no count is given.
    """
    arrays = rows("ppo_policy_loss", logprobs, old_logprobs, advantages, mask)
    return call("ppo_policy_loss", arrays, clip_range, clip_range_high, dual_clip, aggregation, max_length, count, mask=arrays[3])


def ppo_value_loss(values, old_values, returns, mask, clip_range_value=0.2, count=None):
    """Half the masked mean of max((V - R)^2, (V_old + clip(V - V_old, +-c) - R)^2): (loss, clip_fraction). All (B, T). Source: arXiv 1909.08593.

    Raises ShapeError, ValueError where no token is real and no count is given.
    """
    arrays = rows("ppo_value_loss", values, old_values, returns, mask)
    return call("ppo_value_loss", arrays, clip_range_value, count, mask=arrays[3])


def aggregate(loss, mask, mode="token-mean", max_length=None, count=None):
    """One number of masked terms (B, T): token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm (sum / (B max_length)).

    A fully masked sequence is left out, an all-zero mask gives 0. `count`: the step's tokens (token-mean) or sequences (else) where this is a
    part of it. Sources: arXiv 2503.14476, 2503.20783. Raises ShapeError, ConfigError for an unknown mode or a missing max_length.
    """
    arrays = rows("aggregate", loss, mask)
    return call("aggregate", arrays, mode, max_length, count, mask=arrays[1])


def rloo_advantages(rewards, groups):
    """r_i minus the mean of the others of its group (arXiv 2402.14740). rewards (N), groups (N) ids; alone in its group: 0."""
    return call("rloo_advantages", [rewards], integers("rloo_advantages", "groups", groups))


def grpo_advantages(rewards, groups, scale="group"):
    """(r_i - mean) / (std with ddof 1 + 1e-4) in its group, or the difference alone with scale="none" (arXiv 2402.03300, 2503.20783)."""
    return call("grpo_advantages", [rewards], integers("grpo_advantages", "groups", groups), scale)


def dpo_loss(
    policy_chosen, policy_rejected, ref_chosen, ref_rejected, beta=0.1, loss_type="sigmoid", label_smoothing=0.0, chosen_lengths=None,
    rejected_lengths=None, simpo_gamma=0.0,
):
    """Direct preference losses: (losses, chosen_rewards, rejected_rewards), all (N). Log-probs (N) are summed over response tokens.

    D = (chosen - ref_chosen) - (rejected - ref_rejected), l(x) = -log sigma(x), e = label_smoothing; rewards are beta times the log-ratio.
    sigmoid, cdpo: (1 - e) l(beta D) + e l(-beta D); robust: ((1 - e) l(beta D) - e l(-beta D)) / (1 - 2 e); hinge: max(0, 1 - beta D);
    ipo_sum: (D - 1 / (2 beta))^2; ipo: the same with log-ratios per token; simpo: l(beta (c - r) - simpo_gamma) and
    orpo: -c + beta l(logit exp c - logit exp r), c, r log-probs per token. ipo, simpo and orpo need both lengths (N, tokens); simpo and orpo
    read no reference (None). Sources: arXiv 2305.18290 (sigmoid), 2403.00409 (robust), 2305.10425 (hinge), 2310.12036 (ipo), 2405.14734
    (simpo), 2403.07691 (orpo). Raises ShapeError, ConfigError for an unknown loss_type, ValueError for a value out of range.
    """
    arrays = items("dpo_loss", policy_chosen, policy_rejected, ref_chosen, ref_rejected, chosen_lengths, rejected_lengths)
    return call("dpo_loss", arrays, beta, loss_type, label_smoothing, simpo_gamma)


def kto_loss(policy, reference, desirable, kl, beta=0.1, desirable_weight=1.0, undesirable_weight=1.0):
    """Loss of single answers (arXiv 2402.01306, eq. 8): (losses, rewards), both (N). policy, reference: summed log-probs; desirable: 1 or 0.

    z = beta ((policy - reference) - kl): desirable_weight sigma(-z), or undesirable_weight sigma(z). kl: the step's reference point, kto_kl().
    """
    return call("kto_loss", items("kto_loss", policy, reference, desirable), kl, beta, desirable_weight, undesirable_weight)


def kto_kl(policy, reference):
    """max(0, mean(policy - reference)) over the step's mismatched answers, in nats: kto_loss's reference point."""
    return call("kto_kl", items("kto_kl", policy, reference))
