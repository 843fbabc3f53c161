"""What people say of answers: judgements, what to ask next, whom to believe."""

import warnings
from typing import NamedTuple

import numpy as np

from . import _core
from ._arrays import TENSORS, array, call, integers, numbers, plain
from ._core import (
    AnnotatorFitConfig,
    ChampionTest,
    ChampionTestConfig,
    Judgement,
    JudgementLog,
    SimulatedAnnotator,
    SimulatedAnnotatorConfig,
)

__all__ = [
    "AnnotatorFit", "AnnotatorFitConfig", "ChampionTest", "ChampionTestConfig", "Demonstration", "Judgement", "JudgementLog", "Preference",
    "SimulatedAnnotator", "SimulatedAnnotatorConfig", "Store", "TrainingData", "Verdict", "acquisition", "calibrate_beta", "determinantal_batch",
    "fit_annotators", "fit_strengths", "k_center_batch", "top_batch", "training_data",
]


def __getattr__(name):
    if name == "Store":  # SQLite is loaded where it is used
        from .store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _pairs(function, comparisons, weights):
    pairs = integers(function, "comparisons", comparisons, 2)
    if pairs.shape[1] != 2:
        raise _core.ShapeError(f"{function}: comparisons has the wrong shape: got {pairs.shape}, expected (N, 2), winner and loser.")
    weights = np.zeros(0) if weights is None else numbers(function, "weights", weights)
    if weights.size and len(weights) != len(pairs):
        raise _core.ShapeError(f"{function}: not one weight a comparison: got {len(weights)}, expected {len(pairs)}.")
    return pairs[:, 0], pairs[:, 1], weights


def fit_strengths(comparisons, n_items, l2=1.0, weights=None):
    """Bradley-Terry strengths (n_items), mean 0: argmin -sum w log sigma(th_winner - th_loser) + l2 / 2 sum th^2, by Newton's method.

    comparisons (N, 2): winner and loser, from 0; weights (N), default 1. An item that nobody compared gets 0. Source: Bradley, Terry 1952.
    Raises ShapeError, IndexError, ValueError for l2 not above 0 or an item against itself.
    """
    return plain(_core.formulas.fit_strengths(*_pairs("fit_strengths", comparisons, weights), n_items, l2))


class AnnotatorFit(NamedTuple("AnnotatorFit", [("strengths", np.ndarray), ("reliability", np.ndarray)])):
    """strengths (n_items) and reliability (annotators); also `left_out` (ids), `iterations`, `converged`, `objective`."""


def fit_annotators(comparisons, annotators, n_items=None, winner_first=None, weights=None, **config):
    """Strengths and annotators' reliabilities together (Crowd-BT; Chen et al., WSDM 2013): unpacks as (strengths, reliability).

    P(winner over loser by k) = eta_k sigma(d) + (1 - eta_k) sigma(-d), a Beta prior on eta, start at 0.9: the likelihood has a mirror optimum.
    comparisons (N, 2): winner and loser; annotators (N) ids from 0; n_items: default the largest id + 1; winner_first (N): whether the
    winner was shown first. With it, annotators who always pick one side are left out: their reliability is 0.5, their ids stand in
    `.left_out`, and a warning names them. Other keywords: fields of AnnotatorFitConfig.
    Raises ShapeError, IndexError, ValueError, ConfigError.
    """
    function = "fit_annotators"
    winners, losers, weights = _pairs(function, comparisons, weights)
    first = np.zeros(0, np.int64) if winner_first is None else integers(function, "winner_first", winner_first)
    if winner_first is not None and len(first) != len(winners):
        raise _core.ShapeError(f"{function}: not one side a comparison: got {len(first)}, expected {len(winners)}.")
    if n_items is None:
        n_items = int(max(winners.max(initial=0), losers.max(initial=0))) + 1
    ids = integers(function, "annotators", annotators)
    found = _core.formulas.fit_annotators(winners, losers, weights, first, ids, n_items, AnnotatorFitConfig(**config))
    strengths, reliability, left_out, *rest = found
    fit = AnnotatorFit(strengths.numpy(), reliability.numpy())
    fit.left_out = left_out
    fit.iterations, fit.converged, fit.objective = rest
    if left_out:
        warnings.warn(f"fit_annotators: left out {left_out}, who always picked one side", stacklevel=2)
    return fit


def calibrate_beta(differences, right, error_rate=0.0):
    """The beta at which a share `right` of answers to questions with these return differences is right, given mistakes at error_rate.

    Raises ValueError where no beta reaches it.
    """
    return _core.formulas.calibrate_beta(numbers("calibrate_beta", "differences", differences), right, error_rate)


def acquisition(name, members=None, seed=0, step=0, *, member_rewards=None, member_probabilities=None):
    """How much each of N questions is worth asking, by an ensemble of M members: (N), the larger the better.

    members: (M, N) probabilities that the first answer is better, or (M, N, 2) rewards of both, where p = sigma(R1 - R2); or one of the two by
    its keyword. Without the axis N, one question: a number. v is the share of members with p above 0.5, H the binary entropy in bits.
    vote_variance: v (1 - v); probability_variance: var p; logit_variance: var(R1 - R2), or of logit p; entropy: H(mean p);
    mutual_information: H(mean p) - mean H(p) (Houlsby et al. 2011); expected_volume_removal: 1 - m^2 - (1 - m)^2, m = mean p (Sadigh et al.
    2017); thompson: p of one member, drawn by (seed, step); eubo: mu1 Phi(z) + mu2 Phi(-z) + s phi(z), z = (mu1 - mu2) / s, s^2 = var(R1 - R2)
    (Lin et al. 2022): needs rewards, the best so far second. Raises ShapeError, ConfigError for an unknown name, ValueError.
    """
    given = [a for a in (members, member_rewards, member_probabilities) if a is not None]
    if len(given) != 1:
        raise _core.ConfigError(f"acquisition: members are given {len(given)} times: expected one of members, member_rewards, member_probabilities.")
    x = array("acquisition", given[0])
    if not isinstance(x, TENSORS):
        rewards = member_rewards is not None or (members is not None and x.ndim == 3)
        if x.ndim != 2 + rewards:
            if x.ndim != 1 + rewards:
                raise _core.ShapeError(f"acquisition: members has the wrong shape: got {x.shape}, expected {'(M, N, 2)' if rewards else '(M, N)'}.")
            return float(call("acquisition", [x[:, None]], name, seed, step)[0])
    return call("acquisition", [x], name, seed, step)


def top_batch(scores, size, random_share=0.1, seed=0, step=0):
    """Ids of `size` different questions: the best by score, and a random_share of them, rounded, at random from the rest; the best first."""
    return np.array(_core.formulas.top_batch(numbers("top_batch", "scores", scores), size, random_share, seed, step), np.int64)


def k_center_batch(features, scores, size, random_share=0.1, seed=0, step=0):
    """Ids of `size` questions that cover the space: the best by score, then always the one farthest from all chosen (Gonzalez 1985).

    features (N, C), scores (N); random_share as in top_batch.
    """
    scores = numbers("k_center_batch", "scores", scores)
    return np.array(call("k_center_batch", [features], scores, size, random_share, seed, step), np.int64)


def determinantal_batch(features, scores, size, width=1.0, random_share=0.1, seed=0, step=0):
    """Ids of `size` questions that are good and unlike each other: the greedy mode of a determinantal process (arXiv 1709.05135).

    Kernel sqrt(score_i score_j) exp(-|x_i - x_j|^2 / (2 width^2)); features (N, C), scores (N), 0 or more; random_share as in top_batch.
    """
    scores = numbers("determinantal_batch", "scores", scores)
    return np.array(call("determinantal_batch", [features], scores, size, width, random_share, seed, step), np.int64)


class Demonstration(NamedTuple):
    prompt: str
    answer: str


class Preference(NamedTuple):
    prompt: str
    chosen: str
    rejected: str
    probability: float  # 0.5: a tie


class Verdict(NamedTuple):
    prompt: str
    answer: str
    right: bool


class TrainingData(NamedTuple):
    demonstrations: list
    preferences: list
    verdicts: list


def training_data(judgements):
    """What training reads out of judgements: (demonstrations, preferences, verdicts).

    A correction makes a demonstration and a pair (corrected > original), and a verdict on each; "a", "b" and "tie" make pairs; a skip nothing.
    """
    demonstrations, preferences, verdicts = _core.formulas.training_data(list(judgements))
    return TrainingData([Demonstration(*d) for d in demonstrations], [Preference(*p) for p in preferences], [Verdict(*v) for v in verdicts])
