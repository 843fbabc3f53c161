"""Reward models and their likelihoods. Losses are scalars in nats; `count` is the step's number of items where a call sees a part of them."""

import numpy as np

from . import _core
from ._arrays import array, call, integers, items, no_nan, numbers
from ._core import (
    AnnotatorReport,
    Behaviours,
    FeatureConfig,
    LinearReward,
    ngram_features,
    NgramConfig,
    Reward,
    reward_report,
    RewardEnsemble,
    RewardModel,
    RewardReport,
    Scores,
    SparseRows,
    StateRewardConfig,
    StateRewardModel,
    step_inputs,
    text_features,
)

__all__ = [
    "AnnotatorReport", "Behaviours", "FeatureConfig", "LinearReward", "NgramConfig", "Reward", "RewardEnsemble", "RewardModel", "RewardReport",
    "Scores", "SparseRows", "StateRewardConfig", "StateRewardModel", "accuracy_by_confidence", "all_pairs_loss", "best_of_n_loss",
    "bradley_terry_loss", "calibration", "davidson", "davidson_loss", "elo", "expected_calibration_error", "ngram_features",
    "noisy_bradley_terry_loss", "pair_accuracy", "plackett_luce_loss", "rao_kupper", "rao_kupper_loss", "reward_report", "step_inputs",
    "text_features",
]


def bradley_terry_loss(
    chosen, rejected, margin=None, probability=None, center_coef=0.0, weight=None, error_rate=0.0, error_form="mixture", count=None
):
    """Weighted mean over pairs of -p log sigma(D - margin) - (1 - p) log sigma(-(D - margin)), D = chosen - rejected, all (N).

    p is 1 unless `probability` is given; plus center_coef (chosen + rejected)^2 (arXiv 2312.09244). `count`: the step's sum of weights.
    Where judges err, error_rate e and error_form: see noisy_bradley_terry_loss. Source: Bradley, Terry 1952.
    Raises ShapeError, ConfigError, ValueError for a value out of range.
    """
    arrays = items("bradley_terry_loss", chosen, rejected, margin, probability, weight)
    return call("bradley_terry_loss", arrays, center_coef, error_rate, error_form, count)


def noisy_bradley_terry_loss(
    chosen, rejected, margin=None, probability=None, center_coef=0.0, weight=None, error_rate=None, error_form="mixture", count=None
):
    """bradley_terry_loss for judges who err at error_rate e, 0 to below 0.5, which has no default; l(x), x = D - margin, takes the place of -log sigma(x).

    mixture: -log((1 - e) sigma(x) + e sigma(-x)): one wrong judgement has bounded influence.
    uniform: a coin with chance e, which is a mixture of e / 2.
    smoothing: -(1 - e) log sigma(x) - e log sigma(-x).
    unbiased: (-(1 - e) log sigma(x) + e log sigma(-x)) / (1 - 2 e): its mean over flipped labels is the clean loss (Natarajan et al. 2013).
    """
    if error_rate is None:
        raise _core.ConfigError("noisy_bradley_terry_loss: error_rate is missing: got None, expected 0 to below 0.5.")
    return bradley_terry_loss(chosen, rejected, margin, probability, center_coef, weight, error_rate, error_form, count)


def pair_accuracy(chosen, rejected):
    """Share of pairs whose chosen score is the higher; equal scores count half."""
    return call("pair_accuracy", items("pair_accuracy", chosen, rejected))


def _rankings(function, scores, ranking):
    """Flat scores, and one ranking (a list of tiers) a row of them."""
    scores = array(function, scores)
    if not hasattr(ranking, "__len__") or getattr(ranking, "shape", None) == ():
        raise _core.ShapeError(f"{function}: ranking is no list: got {ranking}, expected item ids, best first.")
    if len(scores.shape) == 2:
        width = scores.shape[1]
        if len(ranking) != scores.shape[0]:
            raise _core.ShapeError(f"{function}: not one ranking a row: got {len(ranking)}, expected {scores.shape[0]}.")
        tiers = [[[_item(function, i, width) + k * width for i in tier] for tier in _tiers(function, one)] for k, one in enumerate(ranking)]
        flat = scores.reshape(-1) if isinstance(scores, np.ndarray) else _core.ops.reshape(scores, [scores.shape[0] * width])
        return flat, tiers
    return scores, [_tiers(function, ranking)]


def _tiers(function, ranking):
    return [integers(function, "ranking", np.atleast_1d(array(function, tier))).tolist() for tier in ranking]


def _item(function, i, width):
    if not 0 <= i < width:
        raise _core.IndexError(f"{function}: item is out of range: got {i}, expected 0 to {width - 1}.")
    return i


def plackett_luce_loss(scores, ranking, count=None, rest_unranked=False):
    """-sum_k [r_(k) - logsumexp(r_(k..K))]: likelihood of a whole ranking (Plackett 1975; Luce 1959).

    scores (n); ranking: item ids, best first, a list among them is a tie. Or scores (N, K) and N rankings: their mean.
    A tie counts as the mean over all orders of its items; it holds at most 16. rest_unranked: the last tier is what nobody ranked (top-k). Raises ShapeError, IndexError, ValueError.
    """
    scores, rankings = _rankings("plackett_luce_loss", scores, ranking)
    return call("plackett_luce_loss", [scores], rankings, count, rest_unranked)


def all_pairs_loss(scores, ranking, count=None):
    """Mean of -log sigma(r_a - r_b) over the K (K - 1) / 2 pairs of a ranking, a above b (arXiv 2203.02155, eq. 1).

    Arguments as in plackett_luce_loss; a tied pair counts half each way.
    """
    scores, rankings = _rankings("all_pairs_loss", scores, ranking)
    return call("all_pairs_loss", [scores], rankings, count)


def best_of_n_loss(scores, best, count=None):
    """-log softmax(scores)[best], the first stage of Plackett-Luce. scores (K) and an id, or (N, K) and N ids: the mean."""
    best = integers("best_of_n_loss", "best", np.atleast_1d(array("best_of_n_loss", best)))
    return call("best_of_n_loss", [scores], best, count)


def rao_kupper(delta, theta):
    """Ties by a threshold: (P(win), P(tie), P(loss)) in delta's shape (Rao, Kupper 1967). theta 1 knows no ties.

    d = log theta: win sigma(D - d), loss sigma(-D - d), tie (exp(2 d) - 1) win loss. Raises ValueError for theta below 1.
    """
    return call("rao_kupper", [delta], theta)


def davidson(delta, nu):
    """Ties by a weight: (P(win), P(tie), P(loss)) = softmax(D / 2, log nu, -D / 2) (Davidson 1970). nu 0 knows no ties."""
    return call("davidson", [delta], nu)


def rao_kupper_loss(first, second, outcomes, theta, count=None):
    """Mean negative log-likelihood of outcomes (N): 1 the first won, 0 a tie, -1 the second won. first, second: scores (N); theta above 1."""
    outcomes = integers("rao_kupper_loss", "outcomes", np.atleast_1d(array("rao_kupper_loss", outcomes)))
    return call("rao_kupper_loss", items("rao_kupper_loss", first, second), outcomes, theta, count)


def davidson_loss(first, second, outcomes, nu, count=None):
    """rao_kupper_loss by Davidson's model; nu above 0."""
    outcomes = integers("davidson_loss", "outcomes", np.atleast_1d(array("davidson_loss", outcomes)))
    return call("davidson_loss", items("davidson_loss", first, second), outcomes, nu, count)


def calibration(scores):
    """(gain, bias) so that gain * scores + bias has mean 0 and variance 1 (ddof 0). scores (N): samples of the reference policy."""
    return _core.formulas.calibration(numbers("calibration", "scores", scores))


def accuracy_by_confidence(probabilities, outcomes, bins=10):
    """How often predictions of each confidence are right (arXiv 1706.04599): a dict of arrays low, high, count, confidence, accuracy, (bins).

    probabilities (N): that the first is better; outcomes (N): 1 it was, 0 it was not, 0.5 a tie. Confidence is max(p, 1 - p), a bin is
    (low, high]; empty bins are 0. Give it judgements that the model was not fitted to.
    """
    function = "accuracy_by_confidence"
    table = _core.formulas.accuracy_by_confidence(numbers(function, "probabilities", probabilities), numbers(function, "outcomes", outcomes), bins)
    return dict(zip(("low", "high", "count", "confidence", "accuracy"), map(np.array, zip(*table, strict=True)), strict=True))


def expected_calibration_error(probabilities, outcomes, bins=10):
    """Mean over predictions of |accuracy - confidence| of their bin; see accuracy_by_confidence."""
    function = "expected_calibration_error"
    return _core.formulas.expected_calibration_error(numbers(function, "probabilities", probabilities), numbers(function, "outcomes", outcomes), bins)


def elo(delta):
    """A difference of rewards in Elo points: 400 / ln 10 = 173.7178 times D."""
    return no_nan("elo", array("elo", delta)) * _core.formulas.elo(1.0)
