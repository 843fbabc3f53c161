"""Reliabilities fitted with strengths: errors and intervals, the mirror optimum, and judges who are odd."""

import numpy as np
import pytest

import tutelage
from tutelage import prefs


def simulated(rng, strengths, reliability, judge):
    n, m = len(strengths), len(judge)
    first = rng.integers(0, n, m)
    second = (first + rng.integers(1, n, m)) % n
    better = rng.random(m) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    chosen = better == (rng.random(m) < np.asarray(reliability)[judge])
    return np.where(chosen[:, None], np.stack([first, second], 1), np.stack([second, first], 1))


def objective(pairs, judge, strengths, phi):
    d, eta = strengths[pairs[:, 0]] - strengths[pairs[:, 1]], 1 / (1 + np.exp(-phi))
    s, e = 1 / (1 + np.exp(-d)), eta[judge]
    return -np.log(e * s + (1 - e) * (1 - s)).sum() - (2 * np.log(eta) + 0.5 * np.log(1 - eta)).sum() + 0.5 * (strengths**2).sum()


def test_errors_are_those_of_the_second_derivative():
    rng = np.random.default_rng(0)
    judge = rng.integers(0, 3, 200)
    pairs = simulated(rng, rng.normal(0, 1.5, 5), [0.95, 0.6, 0.3], judge)
    fit = prefs.fit_annotators(pairs, judge)
    phi = np.log(fit.reliability / (1 - fit.reliability))
    x, h = np.concatenate([fit.strengths, phi]), np.eye(8) * 1e-4
    f = lambda y: objective(pairs, judge, y[:5], y[5:])  # noqa: E731
    np.testing.assert_allclose([(f(x + a) - f(x - a)) / 2e-4 for a in h], 0, atol=1e-6)
    hessian = np.array([[(f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / 4e-8 for b in h] for a in h])
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    np.testing.assert_allclose(fit.standard_errors, errors[:5], rtol=1e-3)
    np.testing.assert_allclose(fit.reliability_errors, errors[5:] * fit.reliability * (1 - fit.reliability), rtol=1e-3)
    np.testing.assert_allclose(fit.high, 1 / (1 + np.exp(-phi - 1.959964 * errors[5:])), rtol=1e-3)
    assert fit.objective == pytest.approx(-f(x), abs=1e-9)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    judge, reliability = np.repeat(np.arange(500), 100), rng.uniform(0.5, 0.99, 500)
    fit = prefs.fit_annotators(simulated(rng, rng.normal(0, 1.5, 50), reliability, judge), judge, 50)
    assert 0.90 <= np.mean((fit.low <= reliability) & (reliability <= fit.high)) <= 0.99
    assert np.median(fit.reliability_errors) <= 0.08


def test_a_fit_finds_the_order_as_one_that_is_told_who_errs():
    for reliability in ([0.98, 0.95, 0.9, 0.5, 0.5, 0.5], [0.98, 0.95, 0.9, 0.6, 0.2, 0.1]):
        taus = []
        for draw in range(40):
            rng = np.random.default_rng([2, draw])
            strengths, judge = rng.normal(0, 1.5, 20), rng.integers(0, 6, 600)
            pairs = simulated(rng, strengths, reliability, judge)
            eta = np.array(reliability)[judge]
            turned = np.where((eta < 0.5)[:, None], pairs[:, ::-1], pairs)[eta != 0.5]
            told = prefs.fit_items(20, turned, error_rate=np.minimum(eta, 1 - eta)[eta != 0.5]).strengths
            i, j = np.triu_indices(20, 1)
            fitted = prefs.fit_annotators(pairs, judge, 20).strengths
            taus.append([np.mean(np.sign(a[i] - a[j]) * np.sign(strengths[i] - strengths[j])) for a in (fitted, told)])
        ours, told = np.mean(taus, 0)
        assert told - ours <= 0.02  # 200 draws are in benchmarks/judgements


def test_the_prior_decides_between_mirror_optima_and_says_by_how_much():
    rng = np.random.default_rng(3)
    strengths, judge = rng.normal(0, 1.5, 10), rng.integers(0, 4, 800)
    honest = prefs.fit_annotators(simulated(rng, strengths, [0.9, 0.9, 0.9, 0.1], judge), judge)
    assert np.corrcoef(honest.strengths, strengths)[0, 1] > 0.9 and honest.mirror_gap > 3
    contrary = prefs.fit_annotators(simulated(rng, strengths, [0.1, 0.1, 0.1, 0.9], judge), judge)
    assert np.corrcoef(contrary.strengths, strengths)[0, 1] < -0.9 and contrary.mirror_gap > 3  # most are taken to be honest
    split = prefs.fit_annotators(simulated(rng, strengths, [0.9, 0.9, 0.1, 0.1], judge), judge)
    assert 0 <= split.mirror_gap < 3  # nothing but the prior says who is honest


def test_odd_judges_have_a_defined_result():
    alone = prefs.fit_annotators([(0, 1)], [0])
    assert alone.converged and alone.strengths[0] > 0 and 0.5 < alone.reliability[0] < 1
    same = prefs.fit_annotators([(0, 1)] * 500, [0] * 500)  # never disagrees with himself
    assert same.converged and same.reliability[0] < 1 and np.isfinite(same.reliability_errors).all()
    at_odds = prefs.fit_annotators([(0, 1), (1, 0)] * 200, [0, 1] * 200)
    assert at_odds.converged
    absent = prefs.fit_annotators([(0, 1), (0, 1)], [0, 5])
    assert len(absent.reliability) == 6 and absent.reliability[3] == pytest.approx(0.8)
    assert prefs.fit_annotators([], [], 3).strengths.tolist() == [0, 0, 0]
    with pytest.warns(UserWarning, match="always picked one side"):
        sided = prefs.fit_annotators([(0, 1), (1, 0)] * 10, [0] * 20, winner_first=[1] * 20)
    assert sided.left_out == [0] and sided.reliability[0] == 0.5 and (sided.low[0], sided.high[0]) == (0, 1)
    nearly = [1] * 19 + [0]
    with pytest.warns(UserWarning):
        assert prefs.fit_annotators([(0, 1), (1, 0)] * 10, [0] * 20, winner_first=nearly, one_sided_share=0.9).left_out == [0]
    with pytest.raises(tutelage.ConfigError):
        prefs.fit_annotators([(0, 1)], [0], one_sided_share=0.5)


def test_a_million_answers():
    rng = np.random.default_rng(4)
    judge, reliability = rng.integers(0, 1000, 1_000_000), rng.uniform(0.55, 0.98, 1000)
    pairs = simulated(rng, rng.normal(0, 1.5, 100), reliability, judge)
    fit = prefs.fit_annotators(pairs, judge)
    assert fit.converged and np.abs(fit.reliability - reliability).mean() < 0.02
