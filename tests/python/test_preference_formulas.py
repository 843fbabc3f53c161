"""Published and closed-form values of direct preference losses, rankings, ties, fits, acquisition and simulated judges."""

import math

import numpy as np
import pytest

import tutelage
from tutelage import prefs, reward, rl


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


def l(x):
    return np.logaddexp(0, -np.asarray(x))


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


TYPES = ["sigmoid", "cdpo", "robust", "hinge", "ipo", "ipo_sum", "simpo", "orpo"]


def test_dpo():
    losses, chosen, rejected = rl.dpo_loss([0, 10, 20], [0, 0, 0], [0, 0, 0], [0, 0, 0])
    close(losses, [0.693147, 0.313262, 0.126928])
    close(chosen, [0, 1, 2])
    close(rejected, 0)
    assert losses.dtype == np.float64
    c, r, rc, rr = np.array([-3.0, -8]), np.array([-4.0, -6]), np.array([-3.5, -7]), np.array([-3.0, -9])
    d, n, m = (c - rc) - (r - rr), np.array([3, 4]), np.array([2, 5])
    close(rl.dpo_loss(c, r, rc, rr, 0.5, "sigmoid", 0.1)[0], 0.9 * l(0.5 * d) + 0.1 * l(-0.5 * d), 1e-12)
    close(rl.dpo_loss(c, r, rc, rr, 0.5, "robust", 0.1)[0], (0.9 * l(0.5 * d) - 0.1 * l(-0.5 * d)) / 0.8, 1e-12)
    close(rl.dpo_loss(c, r, rc, rr, loss_type="hinge")[0], np.maximum(0, 1 - 0.1 * d), 1e-12)
    close(rl.dpo_loss(c, r, rc, rr, 0.2, "ipo_sum")[0], (d - 2.5) ** 2, 1e-12)
    close(rl.dpo_loss(c, r, rc, rr, 0.2, "ipo", 0, n, m)[0], ((c - rc) / n - (r - rr) / m - 2.5) ** 2, 1e-12)
    close(rl.dpo_loss(c, r, None, None, 2.0, "simpo", 0, n, m, simpo_gamma=0.5)[0], l(2 * (c / n - r / m) - 0.5), 1e-12)
    pc, pr = np.exp(c / n), np.exp(r / m)
    odds = np.log(pc / (1 - pc)) - np.log(pr / (1 - pr))
    close(rl.dpo_loss(c, r, None, None, loss_type="orpo", chosen_lengths=n, rejected_lengths=m)[0], -c / n + 0.1 * l(odds), 1e-12)
    assert rl.dpo_loss(*[a.astype(np.float32) for a in (c, r, rc, rr)])[0].dtype == np.float32


def test_kto():
    p, ref, wanted = np.array([-3.0, -8]), np.array([-3.5, -7]), [1, 0]
    losses, rewards = rl.kto_loss(p, ref, wanted, kl=0.3, undesirable_weight=1.5)
    z = 0.1 * (p - ref - 0.3)
    close(losses, [sigma(-z[0]), 1.5 * sigma(z[1])], 1e-12)
    close(rewards, 0.1 * (p - ref), 1e-12)
    close(rl.kto_kl([-1, -2], [-2, -4]), 1.5)
    assert rl.kto_kl([-2, -4], [-1, -2]) == 0


def test_bradley_terry_for_judges_who_err():
    c, r = [1.2, 0.3, -0.5], [0.4, 0.9, -2]
    x = np.subtract(c, r)
    close(reward.bradley_terry_loss(c, r), 0.5366672981, 1e-9)
    close(reward.bradley_terry_loss(0.8, 0, probability=0.7), 0.6111006659, 1e-9)
    close(reward.pair_accuracy(c, r), 2 / 3)
    close(reward.noisy_bradley_terry_loss(c, r, error_rate=0.2), -np.log(0.8 * sigma(x) + 0.2 * sigma(-x)).mean(), 1e-12)
    close(reward.noisy_bradley_terry_loss(c, r, None, None, 0, None, 0.2, "smoothing"), (0.8 * l(x) + 0.2 * l(-x)).mean(), 1e-12)
    close(reward.noisy_bradley_terry_loss(c, r, error_rate=0.2, error_form="unbiased"), ((0.8 * l(x) - 0.2 * l(-x)) / 0.6).mean(), 1e-12)
    close(reward.bradley_terry_loss(c, r, weight=[1, 0, 2], center_coef=0.1), (l(x) + 0.1 * np.add(c, r) ** 2) @ [1, 0, 2] / 3, 1e-12)
    parts = reward.bradley_terry_loss(c[:1], r[:1], count=3) + reward.bradley_terry_loss(c[1:], r[1:], count=3)
    close(parts, 0.5366672981, 1e-9)


def test_rankings():
    r = [0.9, 0.4, 0.1, -0.3]
    close(reward.plackett_luce_loss(r, [0, 1, 2, 3]), 2.1757437696, 1e-9)
    close(reward.all_pairs_loss(r, [0, 1, 2, 3]), 0.4298361105, 1e-9)
    close(reward.best_of_n_loss([0.1, 0.9, -0.3, 0.4], 1), 0.8574124645, 1e-9)
    close(reward.plackett_luce_loss([0.4, -0.3, 0.9, 0.1], np.array([2, 0, 3, 1])), 2.1757437696, 1e-9)
    both = (reward.plackett_luce_loss(r, [0, 1, 2, 3]) + reward.plackett_luce_loss(r, [0, 2, 1, 3])) / 2
    close(reward.plackett_luce_loss(r, [0, [1, 2], 3]), both, 1e-12)
    table = np.array([r, r[::-1]])
    close(reward.plackett_luce_loss(table, [[0, 1, 2, 3], [3, 2, 1, 0]]), 2.1757437696, 1e-9)
    close(reward.all_pairs_loss(table, [[0, 1, 2, 3], [3, 2, 1, 0]]), 0.4298361105, 1e-9)
    close(reward.best_of_n_loss(table, [0, 3]), reward.best_of_n_loss(r, 0), 1e-12)


def test_ties():
    close(reward.rao_kupper(0.8, 1.5), [0.5973739, 0.1721217, 0.2305044], 1e-7)
    close(reward.davidson(0.8, 1), [0.4717762, 0.3162411, 0.2119827], 1e-7)
    win, tie, loss = reward.davidson([0.8, -0.8], 0.5)
    close(win + tie + loss, 1, 1e-14)
    close(win, loss[::-1], 1e-14)
    scores = [0.8, 0.8, 0.8], [0, 0, 0]
    close(reward.rao_kupper_loss(*scores, [1, 0, -1], 1.5), -np.log(reward.rao_kupper(0.8, 1.5)).mean(), 1e-12)
    close(reward.davidson_loss(*scores, [1, 0, -1], 1), -np.log(reward.davidson(0.8, 1)).mean(), 1e-12)


def test_calibration():
    scores = np.array([3, -1, 2.5, 7])
    gain, bias = reward.calibration(scores)
    close([(gain * scores + bias).mean(), (gain * scores + bias).var()], [0, 1], 1e-12)
    close(reward.elo([1, -2]), [173.7178, -347.4356], 1e-4)
    close(reward.elo(1), 173.7178, 1e-4)
    p, y = [0.8, 0.2, 0.3, 0.5], [1, 1, 1, 0]
    close(reward.expected_calibration_error(p, y), 0.5 * 0.3 + 0.25 * 0.7, 1e-12)
    table = reward.accuracy_by_confidence(p, y)
    assert table["count"].tolist() == [0, 0, 0, 0, 1, 0, 1, 2, 0, 0]
    close(table["accuracy"][7], 0.5)


def test_fit_strengths():
    pairs = np.array([[0, 1], [0, 1], [1, 2], [2, 0], [0, 2]])
    th = prefs.fit_strengths(pairs, 4)
    gradient = th.copy()
    for w, o in pairs:
        gradient[w] -= sigma(th[o] - th[w])
        gradient[o] += sigma(th[o] - th[w])
    close(gradient, 0, 1e-9)
    assert th[3] == 0
    close(prefs.fit_strengths(pairs[1:], 4, 1.0, weights=[2, 1, 1, 0.5]), prefs.fit_strengths([*pairs[:4].tolist()] + [[0, 2]], 4, weights=[1, 1, 1, 1, 0.5]), 1e-9)
    close(prefs.fit_strengths([(0, 1)] * 3, n_items=2, l2=1e-3)[0], -prefs.fit_strengths([(1, 0)] * 3, 2, 1e-3)[0], 1e-12)


def test_fit_annotators():
    rng = np.random.default_rng(4)
    truth, eta = np.linspace(-3, 3, 8), [0.95, 0.9, 0.3]
    pairs, who, first = [], [], []
    for k in range(3):
        for _ in range(400):
            i, j = rng.choice(8, 2, replace=False)
            honest = rng.uniform() < eta[k]
            i_wins = rng.uniform() < sigma(truth[i] - truth[j])
            pairs.append((i, j) if i_wins == honest else (j, i))
            who.append(k)
            first.append(rng.uniform() < 0.5)
    strengths, reliability = fit = prefs.fit_annotators(pairs, who)
    assert np.corrcoef(strengths, truth)[0, 1] > 0.97
    close(reliability, eta, 0.1)
    assert fit.converged and fit.left_out == []
    lazy = [(0, 1), (1, 0)] * 10
    with pytest.warns(UserWarning, match="left out \\[3\\]"):
        fit = prefs.fit_annotators(pairs + lazy, who + [3] * 20, winner_first=first + [True] * 20)
    close(fit.strengths, strengths, 1e-6)
    close(fit.reliability, [*reliability, 0.5], 1e-6)


def test_acquisition():
    p = np.array([[0.0, 0.5, 0.9, 0.2], [1.0, 0.5, 0.9, 0.6]])
    m = p.mean(0)
    h = lambda q: -np.array([sum(x * math.log2(x) for x in (v, 1 - v) if x > 0) for v in np.ravel(q)]).reshape(np.shape(q))
    close(prefs.acquisition("mutual_information", p), h(m) - h(p).mean(0), 1e-12)
    close(prefs.acquisition("mutual_information", p)[:3], [1, 0, 0], 1e-12)
    close(prefs.acquisition("entropy", member_probabilities=p), h(m), 1e-12)
    close(prefs.acquisition("vote_variance", p), [0.25, 0.25, 0, 0.25], 1e-12)
    close(prefs.acquisition("probability_variance", p), p.var(0), 1e-12)
    close(prefs.acquisition("expected_volume_removal", p), 1 - m**2 - (1 - m) ** 2, 1e-12)
    assert any((prefs.acquisition("thompson", p, seed=3) == row).all() for row in p)
    r = np.random.default_rng(0).normal(size=(5, 3, 2))
    d = r[..., 0] - r[..., 1]
    close(prefs.acquisition("logit_variance", r), d.var(0), 1e-12)
    close(prefs.acquisition("entropy", r), prefs.acquisition("entropy", sigma(d)), 1e-12)
    mu1, mu2, s = r[..., 0].mean(0), r[..., 1].mean(0), d.std(0)
    z = (mu1 - mu2) / s
    phi = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in z])
    close(prefs.acquisition("eubo", member_rewards=r), mu1 * phi + mu2 * (1 - phi) + s * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), 1e-12)
    assert prefs.acquisition("mutual_information", [0.0, 1.0]) == 1.0
    assert prefs.acquisition("eubo", r.astype(np.float32)).dtype == np.float32


def test_batches():
    scores = [0.1, 0.9, 0.8, 0.3, 0.85]
    assert prefs.top_batch(scores, 3, random_share=0).tolist() == [1, 4, 2]
    wide = prefs.top_batch(np.arange(100), 20, seed=1)
    assert wide[:18].tolist() == list(range(99, 81, -1)) and len(set(wide)) == 20 and max(wide[18:]) < 82
    x = np.array([[0.0], [0.1], [0.0], [5.0], [9.0]])
    assert prefs.k_center_batch(x, scores, 3, random_share=0).tolist() == [1, 4, 3]
    # Greedy determinantal: each choice raises det L the most.
    rng = np.random.default_rng(2)
    x, q = rng.normal(size=(9, 2)), rng.uniform(0.1, 1, size=9)
    kernel = np.sqrt(np.outer(q, q)) * np.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / (2 * 0.8**2))
    want = []
    for _ in range(5):
        rest = [i for i in range(9) if i not in want]
        want.append(max(rest, key=lambda i: np.linalg.det(kernel[np.ix_(want + [i], want + [i])])))
    assert prefs.determinantal_batch(x, q, 5, width=0.8, random_share=0).tolist() == want
    assert prefs.determinantal_batch(np.zeros((4, 1)), [0.5, 0.9, 0, 0.7], 4, random_share=0).tolist() == [1, 3, 0, 2]


def test_simulated_annotator():
    judge = prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=0.0, equal_within=0.1, skip_below=0.0))
    assert [judge.answer(*pair) for pair in [(1, 2), (2, 1), (1, 1.05), (-1, -2)]] == ["b", "a", "tie", "skip"]
    assert judge.answer([0, 2], [3, 0]) == "b"
    judge = prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=2.0, error_rate=0.1), seed=1)
    share = np.mean([judge.answer(0.4, 0.0, item=i) == "a" for i in range(4000)])
    close(share, 0.9 * sigma(0.8) + 0.1 * sigma(-0.8), 0.03)
    assert prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(gamma=0.5)).seen_return([4, 2, 1]) == 3
    close(prefs.calibrate_beta([1.0], 0.8), math.log(4), 1e-9)


def test_champion_test():
    test = prefs.ChampionTest(prefs.ChampionTestConfig(alpha=0.01, error_rate=0.0), seed=2)
    while test.verdict == "undecided":
        test.add("a" if test.challenger_first else "b")
    assert test.verdict == "replace" and test.evidence >= 100
    s = (np.arange(16) + 0.5) / 16
    weight = s**3 * (1 - s) ** 2
    assert test.judgements == next(n for n in range(99) if np.average((1 + s) ** n, weights=weight) >= 100)


def test_a_correction_makes_a_demonstration_and_a_pair():
    data = prefs.training_data([prefs.Judgement("correction", "Who are you?", "myCB", correction="I'm a chatbot."), prefs.Judgement("tie", "p", ["x", "y"])])
    assert data.demonstrations == [("Who are you?", "I'm a chatbot.", 1.0, (0, -1))]
    assert [p[:6] for p in data.preferences] == [("Who are you?", "I'm a chatbot.", "myCB", 1.0, 0.0, 1.0), ("p", "x", "y", 0.5, 0.0, 1.0)]
    assert [v[:3] for v in data.verdicts] == [("Who are you?", "myCB", False), ("Who are you?", "I'm a chatbot.", True)]


T = tutelage.Tensor64
LENGTHS = T(np.array([3.0, 5, 2, 4])), T(np.array([2.0, 3, 6, 4]))
LOSSES = {
    **{t: lambda a, b, t=t: rl.dpo_loss(a, b, T(np.full(4, -3.0)), T(np.full(4, -4.0)), 0.3, t, 0, *LENGTHS)[0] for t in TYPES},
    "kto": lambda a, b: rl.kto_loss(a, b, T(np.array([1.0, 0, 1, 0])), 0.4, 0.3, 1.0, 2.0)[0],
    **{form: lambda a, b, form=form: reward.noisy_bradley_terry_loss(a, b, error_rate=0.1, error_form=form) for form in ("mixture", "uniform", "smoothing", "unbiased")},
    "plackett_luce": lambda a, b: reward.plackett_luce_loss(tutelage.ops.mul(a, b), [2, [0, 3], 1]),
    "top_k": lambda a, b: reward.plackett_luce_loss(tutelage.ops.mul(a, b), [2, [0, 3], 1], rest_unranked=True),
    "all_pairs": lambda a, b: reward.all_pairs_loss(tutelage.ops.mul(a, b), [2, [0, 3], 1]),
    "best_of_n": lambda a, b: reward.best_of_n_loss(tutelage.ops.mul(a, b), 2),
    "rao_kupper": lambda a, b: reward.rao_kupper_loss(a, b, [1, 0, -1, 0], 1.5),
    "davidson": lambda a, b: reward.davidson_loss(a, b, [1, 0, -1, 0], 1.5),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_have_the_right_gradients(name):
    rng = np.random.default_rng(1)
    ok, worst, where = tutelage.gradcheck(LOSSES[name], [T(-rng.uniform(1, 4, size=4)) for _ in range(2)])
    assert ok, (worst, where)


NAN = math.nan
WRONG = [
    (tutelage.ShapeError, lambda: rl.dpo_loss([1, 2], [1], [1, 2], [1, 2])),
    (tutelage.ValueError, lambda: rl.dpo_loss([1, NAN], [1, 2], [1, 2], [1, 2])),
    (tutelage.ConfigError, lambda: rl.dpo_loss([1], [1], [1], [1], loss_type="sigmiod")),
    (tutelage.ValueError, lambda: rl.dpo_loss([1], [1], [1], [1], loss_type="ipo")),
    (tutelage.ValueError, lambda: rl.kto_loss([1.0], [1.0], [1], -1.0)),
    (tutelage.ShapeError, lambda: rl.gae([[1, 2], [3]], [[1, 2], [3]])),
    (tutelage.ValueError, lambda: rl.gae([1, NAN], [1, 2])),
    (tutelage.ValueError, lambda: rl.rloo_advantages([1, 2], [0.5, 1])),
    (tutelage.ShapeError, lambda: rl.grpo_advantages([1, 2], [0])),
    (tutelage.ValueError, lambda: rl.whiten(["a"])),
    (tutelage.ShapeError, lambda: reward.bradley_terry_loss([], [])),
    (tutelage.ShapeError, lambda: reward.bradley_terry_loss([1, 2], [1])),
    (tutelage.ValueError, lambda: reward.bradley_terry_loss([NAN], [1])),
    (tutelage.ValueError, lambda: reward.noisy_bradley_terry_loss([1], [1], error_rate=0.5)),
    (tutelage.ConfigError, lambda: reward.noisy_bradley_terry_loss([1], [1], 0.1)),
    (tutelage.ValueError, lambda: reward.plackett_luce_loss([1, 2], [0])),
    (tutelage.IndexError, lambda: reward.plackett_luce_loss([1, 2], [0, 2])),
    (tutelage.IndexError, lambda: reward.plackett_luce_loss([[1, 2], [3, 4]], [[0, 1], [0, 2]])),
    (tutelage.ValueError, lambda: reward.all_pairs_loss([1, 2], [0, 0])),
    (tutelage.ShapeError, lambda: reward.all_pairs_loss([1, 2], 0)),
    (tutelage.ValueError, lambda: reward.elo([1, NAN])),
    (tutelage.IndexError, lambda: reward.best_of_n_loss([1, 2], 2)),
    (tutelage.ValueError, lambda: reward.rao_kupper(0.8, 0.9)),
    (tutelage.ValueError, lambda: reward.davidson(NAN, 1)),
    (tutelage.ValueError, lambda: reward.calibration([1, NAN])),
    (tutelage.ShapeError, lambda: reward.expected_calibration_error([0.5, 0.5], [1])),
    (tutelage.IndexError, lambda: prefs.fit_strengths([(0, 3)], 3)),
    (tutelage.ShapeError, lambda: prefs.fit_strengths([(0, 1, 2)], 3)),
    (tutelage.ConfigError, lambda: prefs.fit_strengths([(0, 1)], 2, l2=0)),
    (tutelage.ShapeError, lambda: prefs.fit_annotators([(0, 1)], [0, 1])),
    (tutelage.ConfigError, lambda: prefs.fit_annotators([(0, 1)], [0], strat=0.9)),
    (tutelage.ConfigError, lambda: prefs.acquisition("mutual", [[0.5]])),
    (tutelage.ValueError, lambda: prefs.acquisition("entropy", [[0.5, 1.5]])),
    (tutelage.ShapeError, lambda: prefs.acquisition("eubo", [[0.5]])),
    (tutelage.ValueError, lambda: prefs.top_batch([1, NAN], 1)),
    (tutelage.ValueError, lambda: prefs.top_batch([1, 2], 3)),
    (tutelage.ShapeError, lambda: prefs.k_center_batch([[1.0]], [1, 2], 1)),
    (tutelage.ValueError, lambda: prefs.SimulatedAnnotator().answer(NAN, 1)),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_a_typed_error(case):
    error, f = WRONG[case]
    with pytest.raises(error) as caught:
        f()
    assert type(caught.value) is error and "expected" in str(caught.value)
