"""How far raters agree with what is known, with themselves, and with each other."""

import itertools
import statistics
import warnings
from collections import Counter
from typing import NamedTuple, Optional

import numpy as np

from .. import prefs
from .exchange import to_judgement

KINDS = ("a", "b", "tie", "both_bad", "right", "wrong")
LEAST, MOST_ANSWERS = 10, 400  # comparisons of an answer that helps to tell who is reliable, and such answers: the fit costs the cube of their number


class Reliability(NamedTuple):
    """The chance that a rater's word is honest, and its 95 % interval."""

    value: float
    low: float
    high: float


class Rater(NamedTuple):
    """Shares are `prefs.Share`s, with their 95 % intervals."""

    answers: int
    seconds: float             # median of an answer
    gold: prefs.Share          # right where the answer is known
    consistency: prefs.Share   # the same choice where a pair came again with the sides swapped
    first: prefs.Share         # chose what was shown first
    longer: prefs.Share        # chose the longer text
    reliability: Optional[Reliability]  # fitted with the answers' strengths (Crowd-BT); None where too little is compared


class Agreement(NamedTuple):
    answered: int              # judgements that stand, skips and "cannot judge" among them
    raters: dict               # Rater by pseudonym
    raw: prefs.Share           # two raters of one question say the same
    kappa: dict                # Cohen's, by (rater, rater), of those who judged the same question
    alpha: float               # Krippendorff's, over choices and verdicts; nan where no two raters met


def agreement(store):
    """Of all judgements that stand; skips and "cannot judge" are no answers."""
    items = {i.id: i for i in store.items()}
    standing = store.answers()
    answers = [a for a in standing if a.kind not in ("skip", "cannot_judge")]
    records = [to_judgement(a, items[a.item]) for a in answers]
    fitted, found = reliabilities(answers, items), {}
    for name in sorted({a.rater for a in answers}):
        mine = [k for k, a in enumerate(answers) if a.rater == name]
        found[name] = rater([answers[k] for k in mine], items, [records[k] for k in mine], fitted.get(name))
    return Agreement(len(standing), found, *together(answers))


def rater(mine, items, records, reliability):
    gold = [a.kind == items[a.item].gold for a in mine if items[a.item].gold]
    by_turn = [{a.item: a.kind for a in mine if a.turn == turn} for turn in (0, 1)]
    again = [by_turn[0][item] == kind for item, kind in by_turn[1].items() if item in by_turn[0]]
    return Rater(len(mine), statistics.median(a.seconds for a in mine), prefs.wilson_share(sum(gold), len(gold)), prefs.wilson_share(sum(again), len(again)), prefs.position_bias(records),
                 prefs.length_bias(records), reliability)


def reliabilities(answers, items):
    """Of each rater who chose between answers that are compared LEAST times or more, with several others, by `prefs.fit_annotators`.

    Fewer comparisons an answer would be explained by its strength, whoever errs: a pair that stands alone tells nothing of its raters here.
    """
    chosen = [a for a in answers if a.kind in ("a", "b")]
    both = lambda a: [(items[a.item].prompt, answer if isinstance(answer, str) else answer.digest()) for answer in items[a.item].answers]
    while True:
        counts = Counter(text for a in chosen for text in both(a))
        known = {text for text, n in counts.most_common(MOST_ANSWERS) if n >= LEAST}
        kept = [a for a in chosen if all(text in known for text in both(a))]
        if len(kept) == len(chosen):
            break
        chosen = kept
    partners = {}
    for a in chosen:
        first, second = both(a)
        partners.setdefault(first, set()).add(second), partners.setdefault(second, set()).add(first)
    chosen = [a for a in chosen if all(len(partners[text]) > 1 for text in both(a))]
    who, number = ({v: k for k, v in enumerate(sorted(found))} for found in ({a.rater for a in chosen}, {text for a in chosen for text in both(a)}))
    if len(who) < 2:
        return {}
    pairs = [[number[text] for text in (both(a) if a.kind == "a" else both(a)[::-1])] for a in chosen]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # who always picks one side is a coin: 0.5
        fit = prefs.fit_annotators(pairs, [who[a.rater] for a in chosen], len(number), winner_first=[(a.shown[0] == 0) == (a.kind == "a") for a in chosen])
    return {name: Reliability(*(float(x[k]) for x in (fit.reliability, fit.low, fit.high))) for name, k in who.items()}


def together(answers):
    """(raw, kappa, alpha) of all who judged the same question."""
    first = [a for a in answers if a.turn == 0 and a.kind in KINDS]
    who, what = ({v: k for k, v in enumerate(sorted({getattr(a, name) for a in first}))} for name in ("rater", "item"))
    labels = np.full((len(who), len(what)), -1)
    for a in first:
        labels[who[a.rater], what[a.item]] = KINDS.index(a.kind)
    each = (labels >= 0).sum(0)
    pairs = int((each * (each - 1)).sum()) // 2
    if not pairs:
        return prefs.wilson_share(0, 0), {}, float("nan")
    met = [(x, y) for x, y in itertools.combinations(who, 2) if ((labels[who[x]] >= 0) & (labels[who[y]] >= 0)).any()]
    kappa = {(x, y): prefs.cohen_kappa(labels[who[x]], labels[who[y]]) for x, y in met}
    return prefs.wilson_share(prefs.raw_agreement(labels) * pairs, pairs), kappa, prefs.krippendorff_alpha(labels)
