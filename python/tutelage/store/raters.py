"""How far raters agree with what is known, with themselves, and with each other."""

import statistics
from typing import NamedTuple

import numpy as np

from .. import prefs
from .exchange import to_judgements

KINDS = ("a", "b", "tie", "both_bad", "right", "wrong")


class Rater(NamedTuple):
    """Shares are `prefs.Share`s, with their 95 % intervals."""

    answers: int
    seconds: float             # median of an answer
    gold: prefs.Share          # right where the answer is known
    consistency: prefs.Share   # the same choice where a pair came again with the sides swapped
    first: prefs.Share         # chose what was shown first
    longer: prefs.Share        # chose the longer text


class Agreement(NamedTuple):
    raters: dict               # Rater by pseudonym
    raw: prefs.Share           # two raters of one question say the same
    alpha: float               # Krippendorff's, over choices and verdicts; nan where no two raters met


def agreement(store):
    """Of all judgements that stand; skips and "cannot judge" are no answers."""
    items = {i.id: i for i in store.items()}
    answers = [a for a in store.answers() if a.kind not in ("skip", "cannot_judge")]
    return Agreement({r: rater([a for a in answers if a.rater == r], items) for r in sorted({a.rater for a in answers})}, *together(answers))


def rater(mine, items):
    gold = [a.kind == items[a.item].gold for a in mine if items[a.item].gold]
    by_turn = [{a.item: a.kind for a in mine if a.turn == turn} for turn in (0, 1)]
    again = [by_turn[0][item] == kind for item, kind in by_turn[1].items() if item in by_turn[0]]
    records = to_judgements(mine, items)
    return Rater(len(mine), statistics.median(a.seconds for a in mine), prefs.wilson_share(sum(gold), len(gold)), prefs.wilson_share(sum(again), len(again)), prefs.position_bias(records),
                 prefs.length_bias(records))


def together(answers):
    first = [a for a in answers if a.turn == 0 and a.kind in KINDS]
    who, what = ({v: k for k, v in enumerate(sorted({getattr(a, name) for a in first}))} for name in ("rater", "item"))
    labels = np.full((len(who), len(what)), -1)
    for a in first:
        labels[who[a.rater], what[a.item]] = KINDS.index(a.kind)
    same = pairs = 0
    for unit in labels.T:
        counts = np.unique(unit[unit >= 0], return_counts=True)[1]
        same, pairs = same + int((counts * (counts - 1)).sum()) // 2, pairs + int(counts.sum() * (counts.sum() - 1)) // 2
    return prefs.wilson_share(same, pairs), prefs.krippendorff_alpha(labels) if pairs else float("nan")
