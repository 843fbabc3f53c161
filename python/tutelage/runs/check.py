"""What is in a file of training data, and what is wrong with it."""

import json
import statistics

from .. import _core
from .._outside import did_you_mean
from .codec import Codec
from .rows import ANSWERS, COLUMNS, check_columns, columns_of, messages, read_rows, text_of, turns

SHOWN = 5  # rows that are named for each finding


def guess(columns):
    """The kind of data that has these columns: reward (pairs), kto, sft or prompts. Raises ValueError."""
    for kind in ("reward", "kto", "sft", "prompts"):
        if any(all(c in columns for c in s) for s in COLUMNS[kind][0]):
            return kind
    raise _core.ValueError(
        f"check: no columns that are known: got {', '.join(map(str, columns))}, expected chosen, rejected; prompt, completion; messages; or prompt."
        + next(filter(None, (did_you_mean(c, ["prompt", "completion", "messages", "chosen", "rejected", "label"]) for c in columns)), "")
    )


def check(data, test=None, model=None, new_tokens=0):
    """A dict of counts and findings on data for training; `test`: held-out data that must not share prompts; `model`: counts tokens with it.

    findings: [{"finding", "count", "of", "rows" (the first few), "serious"}]; serious ones spoil training or its measurement.
    """
    rows = read_rows(data)
    kind = guess(columns_of(rows)) if rows else "prompts"
    check_columns(rows, kind)
    known = COLUMNS[kind][1]
    report = {
        "kind": {"reward": "pairs", "kto": "single answers with labels", "sft": "conversations", "prompts": "prompts"}[kind],
        "rows": len(rows), "columns": [c for c in columns_of(rows) if c in known], "other_columns": [c for c in columns_of(rows) if c not in known],
        "findings": [],
    }

    def find(finding, places, serious=False):
        if places:
            report["findings"].append({"finding": finding, "count": len(places), "of": len(rows), "rows": places[:SHOWN], "serious": serious})

    read = [_parts(row, kind, i) for i, row in enumerate(rows)]
    find("rows that are there before, word for word", _repeats([json.dumps(r, sort_keys=True, default=str) for r in rows]))
    find("empty answers", [i for i, (_, answers) in enumerate(read) if any(not a.strip() for a in answers)], True)
    if kind == "reward":
        _pairs(report, find, read)
    if test is not None:
        others = read_rows(test, "test")
        held_out = {p for p, _ in (_parts(row, guess(columns_of(others)), i) for i, row in enumerate(others))}
        find("prompts that the test data has too", [i for i, (prompt, _) in enumerate(read) if prompt in held_out], True)
    if model is not None:
        _tokens(report, find, rows, kind, Codec(model), new_tokens)
    report["serious"] = any(f["serious"] for f in report["findings"])
    return report


def _parts(row, kind, i):
    """(prompt, answers) as texts."""
    where = f"data: row {i}"
    if kind == "prompts":
        return text_of(messages(row["prompt"], "user", where)), []
    found = [turns(row, c, where) for c in ANSWERS[kind] if c in row]
    return text_of(found[0][0]) if found[0][0] else "", [text_of(answer) for _, answer in found]


def _repeats(keys):
    seen = set()
    return [i for i, k in enumerate(keys) if k in seen or seen.add(k)]


def _pairs(report, find, read):
    find("pairs whose two answers are the same", [i for i, (_, (c, r)) in enumerate(read) if c == r], True)
    votes = {}
    for i, (prompt, (c, r)) in enumerate(read):
        votes.setdefault((prompt, *sorted((c, r))), []).append((i, c < r))
    find("pairs that are judged both ways", [i for v in votes.values() if len({way for _, way in v}) > 1 for i, _ in v])
    uneven = [(len(c), len(r)) for _, (c, r) in read if len(c) != len(r)]
    longer = sum(c > r for c, r in uneven)
    report["length_rule"] = longer / len(uneven) if uneven else 0.5  # how often "the longer one" is right, where the lengths differ
    if len(uneven) >= 20 and abs(report["length_rule"] - 0.5) > 0.1:
        which = "longer" if report["length_rule"] > 0.5 else "shorter"
        find(f"length bias: the {which} answer is chosen in {max(report['length_rule'], 1 - report['length_rule']):.0%} of the pairs whose lengths differ",
             [i for i, (_, (c, r)) in enumerate(read) if (len(c) > len(r)) == (which == "longer") and len(c) != len(r)])


def _tokens(report, find, rows, kind, codec, new_tokens):
    lengths = []
    for i, row in enumerate(rows):
        where = f"data: row {i}"
        if kind == "prompts":
            lengths.append(len(codec.prompt(messages(row["prompt"], "user", where))) + new_tokens)
        else:
            lengths.append(max(len(codec.example(*turns(row, c, where)).ids) for c in ANSWERS[kind] if c in row))
    report["tokens"] = {"median": statistics.median(lengths), "most": max(lengths), "context": codec.context}
    find(f"rows of more tokens than the model's context, {codec.context}", [i for i, n in enumerate(lengths) if n > codec.context], True)


def as_text(report):
    """The report for people."""
    out = [f"{report['rows']} rows of {report['kind']}; columns {', '.join(report['columns'])}" + (f"; beside them {', '.join(report['other_columns'])}" if report["other_columns"] else "")]
    if "tokens" in report:
        out.append(f"tokens: median {report['tokens']['median']:g}, most {report['tokens']['most']}, context {report['tokens']['context']}")
    if "length_rule" in report:
        out.append(f'"the longer one" would be right in {report["length_rule"]:.1%} of the pairs whose lengths differ')
    for f in report["findings"]:
        places = ", ".join(map(str, f["rows"])) + (", ..." if f["count"] > len(f["rows"]) else "")
        out.append(f"{'!' if f['serious'] else '-'} {f['finding']}: {f['count']} of {f['of']} (rows {places})")
    return "\n".join(out if report["findings"] else [*out, "nothing found"])
