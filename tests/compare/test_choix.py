"""Fits of item strengths beside choix, live: pairs, rankings, and the best of several."""

import numpy as np
import pytest

from tutelage import prefs

choix = pytest.importorskip("choix")


@pytest.mark.parametrize("seed", range(10))
def test_fits_equal_choix(seed):
    rng = np.random.default_rng(seed)
    n, alpha = int(rng.integers(2, 12)), float(10 ** rng.uniform(-2, 1))
    strengths = rng.normal(0, 1.5, n)
    pairs, rankings, tops = [], [], []
    for _ in range(int(rng.integers(1, 60))):
        order = rng.permutation(n)[: rng.integers(2, n + 1)]
        order = order[np.argsort(-(strengths[order] + rng.gumbel(size=len(order))))].tolist()  # Plackett-Luce
        rankings.append(order)
        pairs.append(order[:2])
        tops.append((order[0], order[1:]))
    l2 = 2 * alpha  # choix's penalty is alpha sum th^2
    close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)  # noqa: E731
    close(prefs.fit_strengths(pairs, n, l2), choix.opt_pairwise(n, pairs, alpha, tol=1e-12))
    close(prefs.fit_items(n, rankings=rankings, l2=l2).strengths, choix.opt_rankings(n, rankings, alpha, tol=1e-12))
    best = [[[top], others] for top, others in tops]
    close(prefs.fit_items(n, rankings=best, rest_unranked=True, l2=l2).strengths, choix.opt_top1(n, tops, alpha, tol=1e-12))
