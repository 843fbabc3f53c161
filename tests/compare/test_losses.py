"""Losses and estimators beside plain PyTorch, values and gradients, on random cases, in both precisions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from beside import check, close

from tutelage import reward, rl

B, T, N = 5, 7, 9


@pytest.fixture
def mask(rng):
    """Rows with holes; the second has no real token at all."""
    mask = (rng.random((B, T)) < 0.7).astype(float)
    mask[:, 2], mask[1] = 1, 0
    return mask


def spoilt(x, mask):
    """x with what must not be looked at where the mask is 0."""
    return np.where(mask, x, np.nan)


def rows(mask, *arrays):
    """The real tokens of each row that has some, of every array, as torch tensors of the first one's dtype."""
    arrays = [a if isinstance(a, torch.Tensor) else torch.from_numpy(a).to(arrays[0].dtype) for a in arrays]
    return [[a[i][torch.from_numpy(mask[i] > 0)] for a in arrays] for i in range(len(mask)) if mask[i].any()]


AGGREGATIONS = {
    "token-mean": lambda terms: torch.cat(terms).mean(),
    "seq-mean-token-mean": lambda terms: torch.stack([t.mean() for t in terms]).mean(),
    "seq-mean-token-sum": lambda terms: torch.stack([t.sum() for t in terms]).mean(),
    "seq-mean-token-sum-norm": lambda terms: torch.stack([t.sum() for t in terms]).mean() / 12,
}


@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_aggregate(mode, mask, dtype, rng):
    def theirs(x):
        return AGGREGATIONS[mode]([row for row, in rows(mask, x)])

    check(lambda x: rl.aggregate(x, mask, mode, 12), theirs, spoilt(rng.normal(size=(B, T)), mask), dtype=dtype)


@pytest.mark.parametrize("dual_clip", [None, 1.5])
@pytest.mark.parametrize("high", [None, 0.3])
@pytest.mark.parametrize("mode", AGGREGATIONS)
def test_ppo_policy_loss(mode, high, dual_clip, mask, dtype, rng):
    old, advantages = spoilt(rng.normal(size=(2, B, T)), mask)
    old = old - 2
    now = old + 0.4 * rng.normal(size=(B, T))

    def theirs(logprobs):
        terms = []
        for l, o, a in rows(mask, logprobs, old, advantages):
            ratio = torch.exp(l - o)
            loss = torch.maximum(-a * ratio, -a * torch.clip(ratio, 0.8, 1 + (high or 0.2)))
            terms.append(loss if dual_clip is None else torch.where(a < 0, torch.minimum(loss, -a * dual_clip), loss))
        return AGGREGATIONS[mode](terms)

    check(lambda l: rl.ppo_policy_loss(l, old, advantages, mask, 0.2, high, dual_clip, mode, 12)[0], theirs, now, dtype=dtype)


def test_ppo_policy_stats(mask, rng):
    old, advantages = rng.normal(size=(2, B, T))
    now = old + 0.4 * rng.normal(size=(B, T))
    real = mask > 0
    x, a = torch.from_numpy((now - old)[real]), torch.from_numpy(advantages[real])
    ratio = torch.exp(x)
    clipped = -a * torch.clip(ratio, 0.8, 1.2) > -a * ratio
    expected = {"clip_fraction": clipped.double().mean(), "approx_kl": (x**2).mean() / 2, "ratio_mean": ratio.mean(), "ratio_max": ratio.max()}
    stats = rl.ppo_policy_loss(now, old, advantages, mask)[1]
    for name, value in expected.items():
        close(stats[name], value, np.float64, name)


def test_ppo_value_loss(mask, dtype, rng):
    old, returns = spoilt(rng.normal(size=(2, B, T)), mask)

    def theirs(values):
        v, o, r = (torch.cat(x) for x in zip(*rows(mask, values, old, returns)))
        return 0.5 * torch.maximum((v - r) ** 2, (o + torch.clip(v - o, -0.2, 0.2) - r) ** 2).mean()

    check(lambda v: rl.ppo_value_loss(v, old, returns, mask)[0], theirs, old + 0.3 * rng.normal(size=(B, T)), dtype=dtype)


def test_gae(mask, dtype, rng):
    """Beside the sum that defines it: A_t = sum over k of (gamma lambda)^k delta_{t+k}, up to the episode's end."""
    gamma, gae_lambda = 0.97, 0.9
    r, v, bootstrap = spoilt(rng.normal(size=(3, B, T)), mask).astype(dtype)
    terminated, truncated = (rng.random((2, B, T)) < 0.2) * mask
    expected = torch.zeros(B, T, dtype=torch.from_numpy(r).dtype)
    for i in range(B):
        real = np.flatnonzero(mask[i])
        for first, t in enumerate(real):
            factor, terms = 1.0, []
            for at, after in zip(real[first:], [*real[first + 1:], None]):
                end = terminated[i, at] or truncated[i, at] or after is None
                following = 0 if terminated[i, at] else bootstrap[i, at] if end else v[i, after]
                terms.append(factor * (r[i, at] + gamma * following - v[i, at]))
                factor *= gamma * gae_lambda
                if end:
                    break
            expected[i, t] = torch.tensor(terms).sum()
    advantages, returns = rl.gae(r, v, gamma, gae_lambda, mask, terminated, truncated, bootstrap)
    close(advantages * mask, expected, dtype)
    close(returns[mask > 0], expected[mask > 0] + torch.from_numpy(v)[mask > 0], dtype)


@pytest.mark.parametrize("keep_mean, ddof", [(False, 0), (True, 1)])
def test_whiten(keep_mean, ddof, mask, dtype, rng):
    x = spoilt(3 * rng.normal(size=(B, T)) + 2, mask).astype(dtype)
    real = torch.from_numpy(mask > 0)
    kept = torch.from_numpy(x)[real]
    expected = torch.zeros(B, T, dtype=kept.dtype)
    expected[real] = (kept - kept.mean()) / torch.sqrt(kept.var(correction=ddof) + 1e-8) + keep_mean * kept.mean()
    close(rl.whiten(x, mask, keep_mean, ddof), expected, dtype)


def test_group_advantages(dtype, rng):
    rewards, groups = rng.normal(size=12).astype(dtype), rng.permutation([3, 3, 3, 3, 7, 7, 7, 0, 0, 0, 0, 0])
    r = torch.from_numpy(rewards)
    grpo, rloo = torch.zeros_like(r), torch.zeros_like(r)
    for group in (0, 3, 7):
        own = torch.from_numpy(groups == group)
        grpo[own] = (r[own] - r[own].mean()) / (r[own].std() + 1e-4)
        rloo[own] = torch.stack([x - (r[own].sum() - x) / (own.sum() - 1) for x in r[own]])
    close(rl.grpo_advantages(rewards, groups), grpo, dtype)
    close(rl.rloo_advantages(rewards, groups), rloo, dtype)


ESTIMATORS = {"k1": lambda x: x, "k2": lambda x: x**2 / 2, "k3": lambda x: torch.exp(-x) - 1 + x, "abs": torch.abs}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_kl_estimate(estimator, dtype, rng):
    check(lambda l, r: rl.kl_estimate(l, r, estimator), lambda l, r: ESTIMATORS[estimator](l - r), *rng.normal(size=(2, B, T)), dtype=dtype)


def test_full_kl(dtype, rng):
    def theirs(logits, reference):
        p, q = torch.log_softmax(logits, -1), torch.log_softmax(reference, -1)
        return F.kl_div(q, p, reduction="none", log_target=True).sum(-1)

    check(rl.full_kl, theirs, *rng.normal(size=(2, B, 19)), dtype=dtype)


NOISE = {  # l(x), where a share e of the judgements is wrong
    "none": lambda x, e: -F.logsigmoid(x),
    "mixture": lambda x, e: -torch.log((1 - e) * torch.sigmoid(x) + e * torch.sigmoid(-x)),
    "smoothing": lambda x, e: -(1 - e) * F.logsigmoid(x) - e * F.logsigmoid(-x),
    "unbiased": lambda x, e: (-(1 - e) * F.logsigmoid(x) + e * F.logsigmoid(-x)) / (1 - 2 * e),
}


@pytest.mark.parametrize("form", NOISE)
def test_bradley_terry_loss(form, dtype, rng):
    margin, p, weight = np.abs(rng.normal(size=N)), rng.random(N), rng.uniform(0.5, 2, N)
    noise = {} if form == "none" else {"error_rate": 0.2, "error_form": form}

    def theirs(chosen, rejected):
        m, q, w = (torch.from_numpy(a).to(chosen.dtype) for a in (margin, p, weight))
        x, l = chosen - rejected - m, NOISE[form]
        return (w * (q * l(x, 0.2) + (1 - q) * l(-x, 0.2) + 0.01 * (chosen + rejected) ** 2)).sum() / w.sum()

    check(lambda c, r: reward.bradley_terry_loss(c, r, margin, p, 0.01, weight, **noise), theirs, *3 * rng.normal(size=(2, N)), dtype=dtype)


@pytest.mark.parametrize("loss_type", ["sigmoid", "cdpo", "robust", "hinge", "ipo", "ipo_sum", "simpo", "orpo"])
def test_dpo_loss(loss_type, dtype, rng):
    beta, e, lengths = 0.3, 0.1 if loss_type in ("cdpo", "robust") else 0.0, rng.integers(1, 20, (2, N)).astype(float)
    inputs = -rng.uniform(0.5, 3, (4, N)) * np.concatenate([lengths, lengths])

    def theirs(c, r, c_ref, r_ref):
        n, k = (torch.from_numpy(x).to(c.dtype) for x in lengths)
        d, per_token = (c - c_ref) - (r - r_ref), (c - c_ref) / n - (r - r_ref) / k
        right, wrong = -F.logsigmoid(beta * d), -F.logsigmoid(-beta * d)
        c, r = c / n, r / k
        odds = torch.log(torch.exp(c) / (1 - torch.exp(c))) - torch.log(torch.exp(r) / (1 - torch.exp(r)))
        none = 0 * (c_ref + r_ref)
        return {"sigmoid": right, "cdpo": (1 - e) * right + e * wrong, "robust": ((1 - e) * right - e * wrong) / (1 - 2 * e),
                "hinge": torch.relu(1 - beta * d), "ipo": (per_token - 1 / (2 * beta)) ** 2, "ipo_sum": (d - 1 / (2 * beta)) ** 2,
                "simpo": -F.logsigmoid(beta * (c - r) - 0.5) + none, "orpo": -c - beta * F.logsigmoid(odds) + none}[loss_type]

    def ours(*four):
        return rl.dpo_loss(*four, beta, loss_type, e, *lengths, simpo_gamma=0.5)[0]

    check(ours, theirs, *inputs, dtype=dtype)


def test_kto_loss(dtype, rng):
    desirable = rng.integers(0, 2, N)

    def theirs(policy, reference):
        z, good = 0.3 * (policy - reference - 0.25), torch.from_numpy(desirable)
        return torch.where(good > 0, 1.5 * torch.sigmoid(-z), 0.5 * torch.sigmoid(z))

    check(lambda p, r: rl.kto_loss(p, r, desirable, 0.25, 0.3, 1.5, 0.5)[0], theirs, *4 * rng.normal(size=(2, N)), dtype=dtype)


def test_rankings(dtype, rng):
    scores, order = rng.normal(size=N), rng.permutation(N)
    best, kind = int(rng.integers(N)), torch.int64
    check(lambda s: reward.best_of_n_loss(s, best), lambda s: F.cross_entropy(s, torch.tensor(best, dtype=kind)), scores, dtype=dtype)
    check(lambda s: reward.plackett_luce_loss(s, order),
          lambda s: -sum(torch.log_softmax(s[torch.from_numpy(order[k:])], 0)[0] for k in range(N)), scores, dtype=dtype)
    pairs = torch.tensor([(a, b) for k, a in enumerate(order) for b in order[k + 1:]])
    check(lambda s: reward.all_pairs_loss(s, order), lambda s: -F.logsigmoid(s[pairs[:, 0]] - s[pairs[:, 1]]).mean(), scores, dtype=dtype)


def test_ties(dtype, rng):
    outcomes = rng.integers(-1, 2, N)
    nu, theta = 0.7, 1.5

    def davidson(first, second):
        d = first - second
        logits = torch.stack([d / 2, torch.full_like(d, np.log(nu)), -d / 2], 1)
        return F.cross_entropy(logits, torch.from_numpy(1 - outcomes))

    def rao_kupper(first, second):
        d = first - second
        win, loss = torch.sigmoid(d - np.log(theta)), torch.sigmoid(-d - np.log(theta))
        return -torch.log(torch.stack([win, (theta**2 - 1) * win * loss, loss], 1))[range(N), 1 - outcomes].mean()

    scores = 2 * rng.normal(size=(2, N))
    check(lambda a, b: reward.davidson_loss(a, b, outcomes, nu), davidson, *scores, dtype=dtype)
    check(lambda a, b: reward.rao_kupper_loss(a, b, outcomes, theta), rao_kupper, *scores, dtype=dtype)
