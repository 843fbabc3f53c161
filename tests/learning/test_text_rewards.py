"""A reward model on text from nothing, on real judgements; the benchmark's other rows take minutes (benchmarks/text_rewards)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tutelage import reward, train

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.mark.skipif(not (DATA / "ethics_utilitarianism").is_dir(), reason="no ../shared/data/ethics_utilitarianism")
def test_runs_of_words_and_letters_learn_what_is_pleasant():
    from text_rewards import data

    texts, pairs = data.pleasant(DATA, "util_train.csv")
    test_texts, test_pairs = data.pleasant(DATA, "util_test.csv")
    rows = reward.ngram_features(texts + test_texts)
    fit = train.fit_linear_reward(rows, [tuple(p) for p in pairs.tolist()], train.LinearRewardConfig(l2=[3e-4 * len(pairs)]))
    p = np.array(fit.model.probabilities(rows, [tuple(p) for p in (test_pairs + len(texts)).tolist()]))
    print(f"right on {np.mean(p > 0.5):.4f} of {len(p)}")
    assert np.mean(p > 0.5) > 0.685
    lengths = np.array([len(t) for t in test_texts])
    assert np.mean(p > 0.5) > np.mean(lengths[test_pairs[:, 0]] > lengths[test_pairs[:, 1]]) + 0.1  # the length rule
