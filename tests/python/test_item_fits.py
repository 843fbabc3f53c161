"""Item strengths by Newton's method: each likelihood written again in NumPy, its gradient 0 and its curvature the inverse of the covariance."""

import itertools
import math

import numpy as np
import pytest

import tutelage
from tutelage import prefs, reward

N = 6


def l(x):
    return np.logaddexp(0, -x)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def data(seed=0, m=60):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, N, m)
    pairs = np.stack([first, (first + rng.integers(1, N, m)) % N], 1)
    return rng, pairs


def derivatives(f, x, h=1e-4):
    x, eye = np.asarray(x, float), np.eye(len(x)) * h
    gradient = np.array([(f(x + e) - f(x - e)) / (2 * h) for e in eye])
    hessian = np.array([[(f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * h * h) for b in eye] for a in eye])
    return gradient, hessian


def check(fit, loss, extra=()):
    """`loss` of strengths and extra parameters, without the strengths' penalty (l2 = 1)."""
    x = np.concatenate([fit.strengths, [e for e, _ in extra]])
    gradient, hessian = derivatives(lambda y: loss(y) + 0.5 * (y[:N] ** 2).sum(), x)
    assert fit.converged
    np.testing.assert_allclose(gradient, 0, atol=2e-6)
    inverse = np.linalg.inv(hessian)
    np.testing.assert_allclose(fit.covariance, inverse[:N, :N], rtol=2e-4, atol=2e-6)
    np.testing.assert_allclose(fit.standard_errors, np.sqrt(np.diag(inverse)[:N]), rtol=2e-4)
    for k, (_, error) in enumerate(extra):
        assert error == pytest.approx(math.sqrt(inverse[N + k, N + k]), rel=1e-3)


def difference(y, pairs):
    return y[pairs[:, 0]] - y[pairs[:, 1]]


def test_soft_labels_margins_and_weights():
    rng, pairs = data()
    p, margin, w = rng.uniform(0, 1, len(pairs)), rng.normal(0, 0.5, len(pairs)), rng.uniform(0, 2, len(pairs))
    fit = prefs.fit_items(N, pairs, probability=p, margin=margin, weights=w)

    def loss(y):
        d = difference(y, pairs) - margin
        return (w * (p * l(d) + (1 - p) * l(-d))).sum()

    check(fit, loss)
    assert fit.objective == pytest.approx(loss(fit.strengths) + 0.5 * (fit.strengths**2).sum(), abs=1e-9)


@pytest.mark.parametrize("form", ["mixture", "uniform", "smoothing", "unbiased"])
def test_judges_who_err(form):
    rng, pairs = data(1)
    e = rng.uniform(0, 0.45, len(pairs))

    def k(x):
        if form == "smoothing":
            return (1 - e) * l(x) + e * l(-x)
        if form == "unbiased":
            return ((1 - e) * l(x) - e * l(-x)) / (1 - 2 * e)
        share = e / 2 if form == "uniform" else e
        return -np.log((1 - share) * sigma(x) + share * sigma(-x))

    check(prefs.fit_items(N, pairs, error_rate=e, error_form=form), lambda y: k(difference(y, pairs)).sum())
    if form != "uniform":  # the same loss as the neural one's
        scores = rng.normal(size=(2, 5))
        ours = reward.noisy_bradley_terry_loss(*scores, error_rate=0.2, error_form=form)
        e = 0.2
        assert ours == pytest.approx(k(scores[0] - scores[1]).mean(), abs=1e-12)


@pytest.mark.parametrize("ties", ["rao_kupper", "davidson"])
def test_ties_with_a_probability_of_their_own(ties):
    rng, pairs = data(2)
    tie = rng.random(len(pairs)) < 0.3
    fit = prefs.fit_items(N, pairs, tie=tie, ties=ties)
    model = reward.davidson if ties == "davidson" else reward.rao_kupper
    psi = math.log(fit.tie) if ties == "davidson" else math.log(math.log(fit.tie))

    def loss(y):
        win, equal, _ = model(difference(y, pairs), math.exp(y[N]) if ties == "davidson" else math.exp(math.exp(y[N])))
        return -np.log(np.where(tie, equal, win)).sum() + 0.005 * y[N] ** 2

    check(fit, loss, [(psi, fit.tie_error)])
    for all_or_none in (0, 1):  # finite, also where all or none are ties
        fit = prefs.fit_items(N, pairs, tie=np.full(len(pairs), all_or_none), ties=ties)
        assert fit.converged and math.isfinite(fit.tie) and np.isfinite(fit.standard_errors).all()
    half = prefs.fit_items(N, pairs, tie=tie)
    check(half, lambda y: np.where(tie, 0.5 * l(difference(y, pairs)) + 0.5 * l(-difference(y, pairs)), l(difference(y, pairs))).sum())


def plackett_luce(y, ranking, rest_unranked=False):
    tiers = [t if isinstance(t, list) else [t] for t in ranking]
    rest = tiers.pop() if rest_unranked else []
    orders = [sum((list(o) for o in order), []) for order in itertools.product(*(itertools.permutations(t) for t in tiers))]
    return np.mean([sum(np.logaddexp.reduce(y[order[k:] + rest]) - y[order[k]] for k in range(len(order))) for order in orders])


RANKINGS = [[2, 0, 1], [5, [0, 3, 4], 1], [[0, 1], [2, 3]], [4, 5, 3, 2, 1, 0], [1, [2, 5]]]


def test_rankings_with_ties_and_top_k():
    check(prefs.fit_items(N, rankings=RANKINGS), lambda y: sum(plackett_luce(y, r) for r in RANKINGS))
    fit = prefs.fit_items(N, rankings=RANKINGS, rest_unranked=True, ranking_weights=[1, 2, 3, 4, 5])
    check(fit, lambda y: sum(w * plackett_luce(y, r, True) for w, r in zip([1, 2, 3, 4, 5], RANKINGS)))
    y = fit.strengths
    assert plackett_luce(y, RANKINGS[1]) == pytest.approx(reward.plackett_luce_loss(y, RANKINGS[1]), abs=1e-12)
    assert plackett_luce(y, [1, [2, 5]], True) == pytest.approx(reward.best_of_n_loss(y[[1, 2, 5]], 0), abs=1e-12)


def test_all_pairs_of_rankings():
    check(prefs.fit_items(N, rankings=RANKINGS, ranking="all_pairs"), lambda y: sum(reward.all_pairs_loss(y, r) for r in RANKINGS))


def test_verdicts_compare_with_a_bar():
    rng, pairs = data(3, 20)
    item, right = rng.integers(0, N, 40), rng.random(40) < 0.7
    fit = prefs.fit_items(N, pairs, verdicts=np.stack([item, right], 1), verdict_error_rate=np.full(40, 0.1))
    e = 0.1

    def loss(y):
        d = np.where(right, 1, -1) * (y[item] - y[N])
        return l(difference(y, pairs)).sum() - np.log((1 - e) * sigma(d) + e * sigma(-d)).sum() + 0.5 * y[N] ** 2

    check(fit, loss, [(fit.bar, fit.bar_error)])
    assert prefs.fit_items(N, verdicts=[(0, 1), (1, 1)]).strengths[2] == 0


def test_one_judgement_and_contradictions_have_a_result():
    one = prefs.fit_items(2, [(0, 1)])
    assert one.converged and one.strengths[0] == -one.strengths[1] > 0
    against = prefs.fit_items(3, rankings=[[0, 1, 2], [2, 1, 0]])
    assert against.converged and np.ptp(against.strengths[[0, 2]]) < 1e-9
    assert prefs.fit_items(3).strengths.tolist() == [0, 0, 0]


WRONG = [
    (tutelage.IndexError, lambda: prefs.fit_items(2, [(0, 2)])),
    (tutelage.ValueError, lambda: prefs.fit_items(2, [(1, 1)])),
    (tutelage.ValueError, lambda: prefs.fit_items(2, [(0, 1)], probability=[1.5])),
    (tutelage.ValueError, lambda: prefs.fit_items(2, [(0, 1)], margin=[math.nan])),
    (tutelage.ValueError, lambda: prefs.fit_items(2, [(0, 1)], error_rate=[0.5])),
    (tutelage.ValueError, lambda: prefs.fit_items(2, [(0, 1)], error_rate=[0.1], ties="davidson")),
    (tutelage.ShapeError, lambda: prefs.fit_items(2, [(0, 1)], weights=[1, 2])),
    (tutelage.ValueError, lambda: prefs.fit_items(3, rankings=[[0, 1, 0]])),
    (tutelage.ValueError, lambda: prefs.fit_items(3, rankings=[[0]])),
    (tutelage.IndexError, lambda: prefs.fit_items(3, rankings=[[0, 3]])),
    (tutelage.ValueError, lambda: prefs.fit_items(20, rankings=[[list(range(13))]])),
    (tutelage.ValueError, lambda: prefs.fit_items(5000, [(0, 1)])),
    (tutelage.ConfigError, lambda: prefs.fit_items(2, [(0, 1)], ties="coin")),
    (tutelage.ConfigError, lambda: prefs.fit_items(2, [(0, 1)], tie_s="half")),
    (tutelage.ValueError, lambda: prefs.fit_items(2, verdicts=[(0, 1)], verdict_error_rate=[0.7])),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_a_typed_error(case):
    error, f = WRONG[case]
    with pytest.raises(error) as caught:
        f()
    assert type(caught.value) is error and "expected" in str(caught.value)
