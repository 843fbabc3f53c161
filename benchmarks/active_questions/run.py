"""How many questions a reward needs, asked by mutual information and at random: paired seeds, the same pool, the same judge.

    python benchmarks/active_questions/run.py [--seeds 50] [--out benchmarks/results/active_questions.json]

linear: a reward of 8 features, a pool of 500 questions, until the cosine of found and true weights is 0.95. neural: a reward that is not linear in 4
inputs, an ensemble of small networks, until 0.9 of unseen pairs are told apart. Judges who err more, and pools that leave little to choose, show where
the choice of questions does not help: those rows have no target.
"""

import argparse
import datetime
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tutelage  # noqa: E402
from common import machine  # noqa: E402
from tutelage import optim, prefs, reward, train  # noqa: E402

TARGET = 0.7  # of the questions that random needs
NAMES = ("random", "mutual_information")


def judge(differences, right, seed):
    """A judge of these differences of reward who is right in a share `right` of them; 1: always."""
    beta = 0.0 if right == 1 else prefs.calibrate_beta(differences, right)
    return prefs.SimulatedAnnotator(prefs.SimulatedAnnotatorConfig(beta=beta), seed)


def ask(annotator, worth, question, number):
    return 1.0 if annotator.answer(float(worth[question.first]), float(worth[question.second]), number) == "a" else 0.0


def questions_needed(name, seed, pool, worth, annotator, batch, fit, good, limit):
    """Questions until good(model), the limit where it never is. fit(asked, answers) gives the model and what its members say of each item."""
    share = 0.0 if name != "random" else 1.0
    chooser = prefs.QuestionChooser(prefs.QuestionConfig(acquisition=name, random_share=share, seed=seed))
    asked, answers, seen = [], [], set()
    while len(asked) < limit:
        model, members = fit(asked, answers)
        if asked and good(model):
            break
        found = chooser.choose(members, pool, min(batch, limit - len(asked)))
        if not found:
            break
        for q in found:
            key = (min(q.first, q.second), max(q.first, q.second))
            assert key not in seen, "a question with a known answer was asked"
            seen.add(key)
            answers.append(ask(annotator, worth, q, len(asked)))
            asked.append(q)
    return len(asked)


def linear(name, seed, right, pool_size=500, features=8):
    rng = np.random.default_rng(1000 + seed)
    x = rng.standard_normal((2 * pool_size, features))
    truth = rng.standard_normal(features)
    worth = x @ truth
    pool = [(2 * i, 2 * i + 1) for i in range(pool_size)]
    annotator = judge(worth[0::2] - worth[1::2], right, seed)

    rows = reward.SparseRows.dense(x.astype(np.float32))
    config = train.LinearRewardConfig(members=51, ensemble="posterior", l2=[0.1], tolerance=1e-9, seed=seed)

    def fit(asked, answers):
        model = train.fit_linear_reward(rows, [(q.first, q.second) for q in asked], config, probabilities=answers).model
        return model, np.asarray(model.logits(rows))[1:]  # the first is the mean of the others

    def good(model):
        w = np.asarray(model.weights)[:, 0]
        return w @ truth / (np.linalg.norm(w) * np.linalg.norm(truth) + 1e-12) >= 0.95

    return questions_needed(name, seed, pool, worth, annotator, 1, fit, good, pool_size)


def neural(name, seed, right, pool_size=500, inputs=4, batch=5, members=8):
    rng = np.random.default_rng(2000 + seed)
    x = rng.uniform(-1, 1, (2 * pool_size, inputs)).astype(np.float32)
    unseen = rng.uniform(-1, 1, (1000, inputs)).astype(np.float32)
    direction = rng.standard_normal((2, inputs))

    def true_reward(z):
        return np.tanh(2 * z @ direction[0]) + 0.5 * (z @ direction[1]) + z[:, 0] * z[:, 1]

    worth, hidden = true_reward(x), true_reward(unseen)
    pool = [(2 * i, 2 * i + 1) for i in range(pool_size)]
    annotator = judge(worth[0::2] - worth[1::2], right, seed)
    items, test = reward.Behaviours.items(x), reward.Behaviours.items(unseen)
    first, second = range(0, 1000, 2), range(1, 1000, 2)
    adamw = optim.AdamWConfig(learning_rate=1e-2, weight_decay=0.1, max_grad_norm=0)

    def fit(asked, answers):
        model = reward.StateRewardModel(reward.StateRewardConfig(input_size=inputs, members=members), seed=seed)
        if asked:
            judged = train.BehaviourJudgements([q.first for q in asked], [q.second for q in asked], answers)
            epochs = max(1, 160 // max(1, -(-len(asked) // 32)))
            train.fit_state_reward(model, items, judged, train.StateRewardFitConfig(epochs=epochs, optimizer=adamw, seed=seed))
        return model, np.ascontiguousarray(np.asarray(model.returns(items), np.float64).T)

    def good(model):
        p = np.array(model.probabilities(test, first, second))
        return np.mean((p > 0.5) == (hidden[0::2] > hidden[1::2])) >= 0.9

    return questions_needed(name, seed, pool, worth, annotator, batch, fit, good, pool_size)


def row(title, problem, seeds, target, **settings):
    counts = {name: np.array([problem(name, seed, **settings) for seed in range(seeds)]) for name in NAMES}
    random, chosen = counts["random"], counts["mutual_information"]
    ratio = chosen.sum() / random.sum()
    rng = np.random.default_rng(0)
    draws = [chosen[i].sum() / random[i].sum() for i in rng.integers(0, seeds, (2000, seeds))]
    low, high = np.quantile(draws, [0.025, 0.975])
    found = {"row": title, "settings": settings, "random": float(random.mean()), "mutual_information": float(chosen.mean()), "ratio": float(ratio),
             "interval": [float(low), float(high)], "fewer_in": int((chosen < random).sum()), "seeds": seeds, "target": target,
             "reached": None if target is None else bool(ratio <= target)}
    print(f"{title:42s} random {found['random']:6.1f}  mutual information {found['mutual_information']:6.1f}  ratio {ratio:.3f} "
          f"[{low:.3f}, {high:.3f}]  fewer in {found['fewer_in']}/{seeds}" + ("" if target is None else f"  target {target}: {'yes' if found['reached'] else 'NO'}"),
          flush=True)
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=50)
    p.add_argument("--only", default="linear,neural")
    p.add_argument("--out", default=os.path.join(os.path.dirname(HERE), "results", "active_questions.json"))
    args = p.parse_args()
    rows = []
    if "linear" in args.only:
        rows += [row("linear, sure judge", linear, args.seeds, TARGET, right=1.0),
                 row("linear, judge right in 95 %", linear, args.seeds, None, right=0.95),
                 row("linear, judge right in 80 %", linear, args.seeds, None, right=0.8),
                 row("linear, sure judge, pool of 40", linear, args.seeds, None, right=1.0, pool_size=40)]
    if "neural" in args.only:
        rows += [row("neural, sure judge", neural, args.seeds, TARGET, right=1.0), row("neural, judge right in 90 %", neural, args.seeds, None, right=0.9)]
    result = {"title": "Active questions", "date": datetime.date.today().isoformat(), "machine": machine.describe(tutelage.num_threads()), "rows": rows}
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    sys.exit(0 if all(r["reached"] in (None, True) for r in rows) else 1)


if __name__ == "__main__":
    main()
