"""What answers tell of judges, against stated figures: strengths with reliabilities fitted, intervals, real votes, a million answers.

    python benchmarks/judgements/run.py [--only annotators,intervals,votes,million] [--draws N]    fails where one is missed

Needs choix. The votes are those of UKPConvArg1 (Habernal, Gurevych 2016), read from ../shared/data; without them that part is skipped.
"""

import argparse
import datetime
import gzip
import os
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from common import machine, memory, report  # noqa: E402

from tutelage import prefs  # noqa: E402

RESULTS = os.path.join(os.path.dirname(HERE), "results", "judgements.json")
VOTES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))), "shared", "data", "ukp_convarg1", "votes.tsv.gz")
JUDGES = {"three coins": (0.98, 0.95, 0.9, 0.5, 0.5, 0.5), "two contrary": (0.98, 0.95, 0.9, 0.6, 0.2, 0.1)}


def answers(rng, strengths, reliability, m):
    """m answers to random pairs by random judges: comparisons (m, 2) and who gave them."""
    n = len(strengths)
    first = rng.integers(0, n, m)
    second = (first + rng.integers(1, n, m)) % n
    judge = rng.integers(0, len(reliability), m)
    return decide(rng, strengths, reliability, first, second, judge), judge


def decide(rng, strengths, reliability, first, second, judge):
    better = rng.random(len(first)) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    chosen = better == (rng.random(len(first)) < np.asarray(reliability)[judge])
    return np.where(chosen[:, None], np.stack([first, second], 1), np.stack([second, first], 1))


def kendall(a, b):
    """Of strengths without ties."""
    i, j = np.triu_indices(len(a), 1)
    return float(np.mean(np.sign(a[i] - a[j]) * np.sign(b[i] - b[j])))


def told(comparisons, judge, reliability, n):
    """The fit that knows the true reliabilities: who is below one half is read the other way round, a coin not at all."""
    eta = np.asarray(reliability)[judge]
    pairs = np.where((eta < 0.5)[:, None], comparisons[:, ::-1], comparisons)
    use = eta != 0.5
    return prefs.fit_items(n, pairs[use], error_rate=np.minimum(eta, 1 - eta)[use]).strengths


def interval(values):
    values = np.asarray(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return [float(values.mean() - half), float(values.mean() + half)]


def annotators(args):
    import choix

    for name, reliability in JUDGES.items():
        taus, seconds = [], []
        for draw in range(args.draws or 200):
            rng = np.random.default_rng([1, draw])
            strengths = rng.normal(0, 1.5, 20)
            comparisons, judge = answers(rng, strengths, reliability, 600)
            began = time.perf_counter()
            fit = prefs.fit_annotators(comparisons, judge, 20)
            seconds.append(time.perf_counter() - began)
            assert fit.converged
            plain = choix.opt_pairwise(20, comparisons.tolist(), alpha=0.5)
            taus.append([kendall(strengths, s) for s in (fit.strengths, told(comparisons, judge, reliability, 20), plain)])
        taus = np.array(taus)
        ours, known, theirs = taus.mean(0)
        gap = float(known - ours)
        yield {"row": f"Kendall tau, {name}", "ours": float(ours), "told": float(known), "choix": float(theirs), "gap": gap,
               "interval": interval(taus[:, 1] - taus[:, 0]), "figure": "gap at most 0.01", "passed": bool(gap <= 0.01)}
        yield {"row": f"seconds a fit, {name}", "median": float(np.median(seconds)), "p95": float(np.quantile(seconds, 0.95)),
               "figure": "median below 0.002", "passed": float(np.median(seconds)) < 0.002}


def intervals(args):
    cover, errors = [], []
    for draw in range(args.draws or 20):
        rng = np.random.default_rng([2, draw])
        strengths, reliability = rng.normal(0, 1.5, 50), rng.uniform(0.5, 0.99, 500)
        judge = np.repeat(np.arange(500), 100)
        first = rng.integers(0, 50, len(judge))
        comparisons = decide(rng, strengths, reliability, first, (first + rng.integers(1, 50, len(judge))) % 50, judge)
        fit = prefs.fit_annotators(comparisons, judge, 50)
        assert fit.converged
        cover.append(np.mean((fit.low <= reliability) & (reliability <= fit.high)))
        errors.append(np.median(fit.reliability_errors))
    low, high = float(min(cover)), float(max(cover))
    yield {"row": "500 judges, 100 answers each: share of 95 % intervals that hold the truth", "mean": float(np.mean(cover)), "least": low,
           "most": high, "figure": "0.90 to 0.99 in each draw", "passed": bool(0.90 <= low and high <= 0.99)}
    yield {"row": "median standard error of a reliability", "mean": float(np.mean(errors)), "most": float(max(errors)),
           "figure": "at most 0.08", "passed": bool(max(errors) <= 0.08)}


def read_votes():
    """Votes for one side: pair, worker, and whether the first argument won; equal votes carry neither."""
    rows = [line.rstrip("\n").split("\t") for line in gzip.open(VOTES, "rt", encoding="utf-8")][1:]
    items, workers, pairs = {}, {}, {}
    out = []
    for a, b, _, worker, vote in rows:
        first, second = (items.setdefault(x, len(items)) for x in (a, b))
        number, who = pairs.setdefault((first, second), len(pairs)), workers.setdefault(worker, len(workers))
        out.append((number, first, second, who, {"a1": 1, "a2": 0, "equal": -1}[vote]))
    return np.array(out), len(items), len(workers)


def log_loss(p):
    return float(-np.log(np.clip(p, 1e-12, 1)).mean())


def votes(args):
    if not os.path.exists(VOTES):
        print("votes: skipped, no ../shared/data/ukp_convarg1", file=sys.stderr)
        return
    table, items, workers = read_votes()
    found = []
    for draw in range(args.draws or 20):
        rng = np.random.default_rng([3, draw])
        order = rng.permutation(len(table))
        order = order[np.argsort(table[order, 0], kind="stable")]
        pair = table[order, 0]
        place = np.arange(len(pair)) - np.searchsorted(pair, pair)
        train, test = table[order[place < 3]], table[order[place >= 3]]
        train, test = train[train[:, 4] >= 0], test[test[:, 4] >= 0]
        win = np.where(train[:, 4:5] == 1, train[:, 1:3], train[:, [2, 1]])
        fit = prefs.fit_annotators(win, train[:, 3], items, tolerance=1e-6)
        eta = np.full(workers, prefs.AnnotatorFitConfig().start)
        eta[: len(fit.reliability)] = fit.reliability

        def predict(strengths, reliability=1.0):
            s = 1 / (1 + np.exp(strengths[test[:, 2]] - strengths[test[:, 1]]))
            p = reliability * s + (1 - reliability) * (1 - s)
            return log_loss(np.where(test[:, 4] == 1, p, 1 - p))

        count = np.zeros((int(table[:, 0].max()) + 1, 2))
        np.add.at(count, (train[:, 0], train[:, 4]), 1)
        seen = count[test[:, 0]]
        said = seen[np.arange(len(test)), test[:, 4]]
        # Shares of the votes seen, smoothed as suits the votes left out best: more than a majority could know.
        majority = min(log_loss((said + a) / (seen.sum(1) + 2 * a)) for a in np.geomspace(0.1, 10, 41))
        found.append((predict(fit.strengths, eta[test[:, 3]]), predict(prefs.fit_strengths(win, items)), majority))
        print(f"votes, draw {draw}: weighed {found[-1][0]:.4f}, unweighed {found[-1][1]:.4f}, majority {found[-1][2]:.4f}", file=sys.stderr,
              flush=True)
    found = np.array(found)
    gap = interval(found[:, 2] - found[:, 0])
    yield {"row": "UKPConvArg1: log-loss of votes left out, from 3 votes a pair", "weighed": float(found[:, 0].mean()),
           "strengths_alone": float(found[:, 1].mean()), "majority": float(found[:, 2].mean()), "majority_minus_weighed": gap, "draws": len(found),
           "figure": "weighed below majority, interval above 0", "passed": bool(gap[0] > 0)}


def million(args):
    rng = np.random.default_rng(4)
    n, m, judges = 100, 1_000_000, 1000
    strengths, reliability = rng.normal(0, 1.5, n), rng.uniform(0.55, 0.98, judges)
    comparisons, judge = answers(rng, strengths, reliability, m)
    memory.reset_peak()
    before = memory.peak()
    began = time.perf_counter()
    fit = prefs.fit_annotators(comparisons, judge, n)
    seconds = time.perf_counter() - began
    grown = (memory.peak() - before) / 1e6
    error = float(np.abs(fit.reliability - reliability).mean())
    yield {"row": "a million answers, 100 items, 1000 judges", "seconds": seconds, "megabytes": grown, "mean_error": error,
           "figure": "converged, mean error of a reliability below 0.02, below 400 MB", "passed": bool(fit.converged and grown < 400 and error < 0.02)}


PARTS = {f.__name__: f for f in (annotators, intervals, votes, million)}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--only", default=",".join(PARTS))
    p.add_argument("--draws", type=int, help="fewer or more than the stated number")
    args = p.parse_args()
    result = report.load(RESULTS) if os.path.exists(RESULTS) else {"parts": {}}
    failed = False
    for name in args.only.split(","):
        began, rows = time.monotonic(), []
        for row in PARTS[name](args):
            rows.append(row)
            said = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items() if k not in ("row", "passed"))
            print(f"{'pass' if row['passed'] else 'MISS'}  {row['row']}: {said}", flush=True)
            failed |= not row["passed"]
        if rows and args.draws is None:
            result["parts"][name] = {"date": datetime.date.today().isoformat(), "machine": machine.describe(1),
                                     "seconds": round(time.monotonic() - began, 1), "rows": rows}
            report.save(RESULTS, result)
    return failed


if __name__ == "__main__":
    sys.exit(main())
