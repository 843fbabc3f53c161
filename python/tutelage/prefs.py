"""What people say of answers: judgements, what to ask next, whom to believe."""

import warnings
from typing import NamedTuple

import numpy as np

from . import _core
from ._arrays import TENSORS, array, call, integers, numbers, plain
from ._core import (
    AnnotatorFitConfig,
    ask,
    Behaviour,
    ChampionTest,
    ChampionTestConfig,
    each_judgement,
    ItemFitConfig,
    Judgement,
    judgement_rows,
    JudgementLog,
    OnlineAnnotators,
    Question,
    question_schedule,
    QuestionChooser,
    QuestionConfig,
    read_judgements,
    SimulatedAnnotator,
    SimulatedAnnotatorConfig,
    TrainingDataConfig,
    write_judgements,
)

__all__ = [
    "AnnotatorFit", "AnnotatorFitConfig", "Behaviour", "ChampionTest", "ChampionTestConfig", "Demonstration", "ItemFit", "ItemFitConfig",
    "Judgement", "JudgementLog", "OnlineAnnotators", "Preference", "Question", "QuestionChooser", "QuestionConfig", "RankedAnswers", "Share",
    "SimulatedAnnotator", "SimulatedAnnotatorConfig", "Store", "TrainingData", "TrainingDataConfig", "Verdict", "acquisition", "ask",
    "calibrate_beta", "cohen_kappa", "determinantal_batch", "each_judgement", "fit_annotators", "fit_items", "fit_strengths", "judgement_rows",
    "k_center_batch", "krippendorff_alpha", "length_bias", "position_bias", "question_schedule", "raw_agreement", "read_judgements", "top_batch",
    "training_data", "wilson_share", "write_judgements",
]


def __getattr__(name):
    if name == "Store":  # SQLite is loaded where it is used
        from .store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _pairs(function, comparisons, **columns):
    """The pairs (N, 2), and the columns that were given, each checked to be one number a pair."""
    pairs = integers(function, "comparisons", [] if comparisons is None else comparisons, 2)
    if pairs.shape[1] != 2:
        raise _core.ShapeError(f"{function}: comparisons has the wrong shape: got {pairs.shape}, expected (N, 2), winner and loser.")
    given = {name: numbers(function, name, a) for name, a in columns.items() if a is not None}
    for name, a in given.items():
        if len(a) != len(pairs):
            raise _core.ShapeError(f"{function}: {name} is not one number a comparison: got {len(a)}, expected {len(pairs)}.")
    return pairs, given


class ItemFit(NamedTuple):
    """strengths and standard_errors (n_items), covariance (n_items, n_items); `tie`: theta or nu, `bar`: what verdicts compare with, and their errors."""

    strengths: np.ndarray
    standard_errors: np.ndarray
    covariance: np.ndarray
    tie: float
    tie_error: float
    bar: float
    bar_error: float
    iterations: int
    converged: bool
    objective: float


def fit_items(n_items, comparisons=None, *, weights=None, probability=None, margin=None, error_rate=None, tie=None, rankings=(), rest_unranked=False,
              ranking_weights=None, verdicts=None, verdict_weights=None, verdict_error_rate=None, **config):
    """Strengths of n_items from all that was said of them, with standard errors, by Newton's method: an ItemFit.

    comparisons (N, 2): winner and loser; for each: weights, probability (a soft label), margin, error_rate, tie (1: neither won). rankings: lists of
    items best first, an inner list a tie; rest_unranked: the last tier is what nobody ranked (top-k; best of n: [[best], [the others]]).
    verdicts (M, 2): item and 1 for right, 0 for not. Other keywords: fields of ItemFitConfig, such as ties="davidson", error_form="smoothing",
    ranking="all_pairs". Formulas: C++ `prefs::fit_items`. Raises ShapeError, IndexError, ConfigError, ValueError.
    """
    function = "fit_items"
    pairs, given = _pairs(function, comparisons, weights=weights, probability=probability, margin=margin, error_rate=error_rate, tie=tie)
    tiers = [[[int(i) for i in tier] if np.ndim(tier) else [int(tier)] for tier in ranking] for ranking in rankings]

    def column(name, a, n):
        a = np.zeros(0) if a is None else numbers(function, name, a)
        if a.size and len(a) != n:
            raise _core.ShapeError(f"{function}: {name} has the wrong length: got {len(a)}, expected {n}.")
        return a

    said = integers(function, "verdicts", [] if verdicts is None else verdicts, 2)
    if said.shape[1] != 2:
        raise _core.ShapeError(f"{function}: verdicts has the wrong shape: got {said.shape}, expected (M, 2), item and right.")
    found = _core.formulas.fit_items(pairs, given, tiers, rest_unranked, column("ranking_weights", ranking_weights, len(tiers)), said,
                                     column("verdict_weights", verdict_weights, len(said)), column("verdict_error_rate", verdict_error_rate, len(said)),
                                     n_items, ItemFitConfig(**config))
    return ItemFit(*(plain(x) for x in found))


def fit_strengths(comparisons, n_items, l2=1.0, weights=None):
    """Bradley-Terry strengths (n_items), mean 0: argmin -sum w log sigma(th_winner - th_loser) + l2 / 2 sum th^2, by Newton's method.

    comparisons (N, 2): winner and loser, from 0; weights (N), default 1. An item that nobody compared gets 0. Standard errors: fit_items.
    Raises ShapeError, IndexError, ConfigError for l2 not above 0, ValueError for an item against itself. Source: Bradley, Terry 1952.
    """
    return fit_items(n_items, comparisons, weights=weights, l2=l2).strengths


class AnnotatorFit(NamedTuple("AnnotatorFit", [("strengths", np.ndarray), ("reliability", np.ndarray)])):
    """strengths (n_items) and reliability (annotators).

    Also `standard_errors` (n_items), `reliability_errors`, and `low`, `high`: 95 % intervals of reliabilities; `left_out` (ids), `mirror_gap` (nats by
    which this optimum is better than the one near its mirror: little but the prior decides), `iterations`, `converged`, `objective`.
    """


def fit_annotators(comparisons, annotators, n_items=None, winner_first=None, weights=None, **config):
    """Strengths and annotators' reliabilities together (Crowd-BT; Chen et al., WSDM 2013): unpacks as (strengths, reliability).

    P(winner over loser by k) = eta_k sigma(d) + (1 - eta_k) sigma(-d), a Beta prior on eta, start at 0.9: the likelihood has a mirror optimum.
    comparisons (N, 2): winner and loser; annotators (N) ids from 0; n_items: default the largest id + 1; winner_first (N): whether the
    winner was shown first. With it, annotators who always pick one side are left out: their reliability is 0.5, their ids stand in
    `.left_out`, and a warning names them. Other keywords: fields of AnnotatorFitConfig.
    Raises ShapeError, IndexError, ValueError, ConfigError.
    """
    function = "fit_annotators"
    pairs, given = _pairs(function, comparisons, weights=weights, winner_first=winner_first)
    if n_items is None:
        n_items = int(pairs.max(initial=0)) + 1
    ids = integers(function, "annotators", annotators)
    strengths, reliability, *rest = _core.formulas.fit_annotators(pairs, given, ids, n_items, AnnotatorFitConfig(**config))
    fit = AnnotatorFit(strengths.numpy(), reliability.numpy())
    fit.standard_errors, fit.reliability_errors, fit.low, fit.high = (plain(x) for x in rest[:4])
    fit.left_out, fit.mirror_gap, fit.iterations, fit.converged, fit.objective = rest[4:]
    if fit.left_out:
        warnings.warn(f"fit_annotators: left out {fit.left_out}, who always picked one side", stacklevel=2)
    return fit


def raw_agreement(labels):
    """Share of pairs of labels of one unit that are equal. labels (annotators, units), 0 or more, -1 where there is none."""
    return _core.formulas.raw_agreement(integers("raw_agreement", "labels", labels, 2))


def krippendorff_alpha(labels):
    """1 - observed / expected disagreement of labels (annotators, units) without order, -1 where there is none (Krippendorff 2011)."""
    return _core.formulas.krippendorff_alpha(integers("krippendorff_alpha", "labels", labels, 2))


def cohen_kappa(first, second):
    """Agreement of two annotators beyond chance, over units that both labelled (-1: not); Cohen 1960."""
    return _core.formulas.cohen_kappa(integers("cohen_kappa", "first", first), integers("cohen_kappa", "second", second))


class Share(NamedTuple):
    """A share of `count` and its 95 % interval (Wilson 1927)."""

    share: float
    low: float
    high: float
    count: int


def wilson_share(hits, count):
    """hits of count, with the 95 % interval; ties may be half a hit."""
    return Share(*_core.formulas.wilson_share(hits, count))


def position_bias(judgements):
    """How often "a" and "b" chose what was shown first, where the order is known; 0.5 where nobody minds the place."""
    return Share(*_core.formulas.position_bias(list(judgements)))


def length_bias(judgements):
    """How often "a" and "b" chose the longer text, where lengths differ: the rule "longer wins" is right so often."""
    return Share(*_core.formulas.length_bias(list(judgements)))


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
    weight: float
    origin: tuple  # (judgement, answer): where it was read; answer -1 is the correction's words


class Preference(NamedTuple):
    prompt: str
    chosen: str
    rejected: str
    probability: float  # that chosen is better; 0.5: a tie
    margin: float  # by which chosen is better
    weight: float
    error_rate: float  # the chance that it is turned round
    chosen_origin: tuple
    rejected_origin: tuple


class Verdict(NamedTuple):
    prompt: str
    answer: str
    right: bool
    weight: float
    error_rate: float
    origin: tuple


class RankedAnswers(NamedTuple):
    prompt: str
    tiers: list  # of answers' numbers, best first; what stands in one tier is tied
    weight: float
    judgement: int


class TrainingData(NamedTuple):
    demonstrations: list
    preferences: list
    verdicts: list
    rankings: list


def training_data(judgements, **config):
    """What training reads out of judgements: (demonstrations, preferences, verdicts, rankings). Keywords: fields of TrainingDataConfig.

    A correction makes a demonstration and a pair (corrected > original), and a verdict on each; "a", "b" and "tie" make pairs; "both_bad" a verdict
    on each; a ranking of K one of `rankings` and its pairs, each of weight 2 / K (use one of the two); a skip, a comment and "cannot_judge" nothing.
    """
    demonstrations, preferences, verdicts, rankings = _core.formulas.training_data(list(judgements), TrainingDataConfig(**config))
    return TrainingData([Demonstration(*d) for d in demonstrations], [Preference(*p) for p in preferences], [Verdict(*v) for v in verdicts],
                        [RankedAnswers(*r) for r in rankings])
