"""Judgements out of a store and into it: TRL's rows, HH-RLHF transcripts, CSV, and whole records."""

import csv
import hashlib
import io as streams
import itertools
import json

from .. import prefs
from .._core import ConfigError, IoError, ValueError
from .database import Answer, Item

FORMATS = ("judgements", "preference", "completion", "unpaired", "hh", "csv")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
FIELDS = ("id", "item", "task", "prompt", "answers", "sources", "purpose", "score", "gold", "kind", "answer", "strength", "ranking", "correction", "note", "rater", "session", "turn",
          "shown", "seconds", "time")
LISTS = ("answers", "sources", "ranking", "shown")


def ordered_pairs(a, item):
    """(better, worse) for each strict pair that a judgement states; answers as text."""
    if a.kind in ("a", "b"):
        return [item.answers if a.kind == "a" else item.answers[::-1]]
    if a.kind == "correction":
        return [(a.correction, item.answers[a.answer])] if a.correction != item.answers[a.answer] else []
    if a.kind == "ranking":
        ranked = list(zip(a.ranking, item.answers))
        return [(x, y) if r < s else (y, x) for (r, x), (s, y) in itertools.combinations(ranked, 2) if r != s]
    return []


def labelled(a, item):
    """(answer, right) for each answer that a judgement calls right or wrong."""
    if a.kind in ("right", "wrong"):
        return [(item.answers[a.answer], a.kind == "right")]
    if a.kind == "both_bad":
        return [(answer, False) for answer in item.answers]
    if a.kind == "correction":
        return [(a.correction, True)] + [(item.answers[a.answer], False)] * (a.correction != item.answers[a.answer])
    return []


def to_rows(answers, items, form, raters=True, notes=True):
    """Rows of one of FORMATS; without raters, their sessions and times go too."""
    for a in answers:
        item = items[a.item]
        if form == "preference":
            yield from ({"prompt": item.prompt, "chosen": better, "rejected": worse} for better, worse in ordered_pairs(a, item))
        elif form == "hh":
            yield from ({"chosen": f"\n\nHuman: {item.prompt}\n\nAssistant: {better}", "rejected": f"\n\nHuman: {item.prompt}\n\nAssistant: {worse}"}
                        for better, worse in ordered_pairs(a, item))
        elif form == "completion":
            yield from ({"prompt": item.prompt, "completion": answer} for answer, right in labelled(a, item) if right)
        elif form == "unpaired":
            yield from ({"prompt": item.prompt, "completion": answer, "label": right} for answer, right in labelled(a, item))
        elif form == "judgements":
            yield record(a, item, raters, notes)
        else:
            row = {**item._asdict(), **a._asdict()}
            row = {name: list(row[name]) if isinstance(row[name], tuple) else row[name] for name in FIELDS}
            for name in () if raters else ("rater", "session", "time", "id"):
                row[name] = None
            if not notes:
                row["note"] = None
            yield row


def record(a, item, raters=True, notes=True):
    """The columns of `prefs.Judgement`, in which a strength has no sign: the kind says whose it is."""
    row = {"kind": a.kind, "prompt": item.prompt, "answers": [{"text": t, "source": s} if s else t for t, s in zip(item.answers, item.sources)], "answer": a.answer,
           "correction": a.correction, "ranking": a.ranking, "strength": abs(a.strength or 0) or None, "shown": a.shown, "seconds": a.seconds, "purpose": item.purpose, "score": item.score}
    if notes:
        row["note"] = a.note
    if raters:
        row |= {"annotator": a.rater, "session": a.session, "id": a.id, "time": a.time}
    return {k: v for k, v in row.items() if v is not None and v != ""}


def to_judgements(answers, items):
    """What training reads: `prefs.Judgement`s; a ranking is one judgement a pair, and "cannot judge" is a skip."""
    out = []
    for a in answers:
        item = items[a.item]

        def add(kind, first, second="", **more):
            out.append(prefs.Judgement(kind, item.prompt, first, second, annotator=a.rater, seconds=a.seconds, **more))
        if a.kind == "ranking":
            for (r, x), (s, y) in itertools.combinations(zip(a.ranking, item.answers), 2):
                add("a" if r < s else "b" if s < r else "tie", x, y)
        elif a.kind in ("right", "wrong"):
            add(a.kind, item.answers[a.answer])
        elif a.kind == "correction":
            add("correction", item.answers[a.answer], correction=a.correction)
        elif a.kind == "both_bad":
            for answer in item.answers:
                add("wrong", answer)
        elif item.task == "compare":
            add("skip" if a.kind == "cannot_judge" else a.kind, *item.answers)
    return out


def export(store, form, raters=True, notes=True):
    """The text of a file in one of FORMATS, of all judgements that stand. Raises ConfigError for another format."""
    if form not in FORMATS:
        raise ConfigError(f"export: unknown format: got {form}, expected one of {', '.join(FORMATS)}.")
    rows = to_rows(store.answers(), {i.id: i for i in store.items()}, form, raters, notes)
    if form != "csv":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file = streams.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(FIELDS)
    writer.writerows([cell(name, row[name]) for name in FIELDS] for row in rows)
    return file.getvalue()


def cell(name, value):
    """A cell that no spreadsheet takes for a formula: text that could begin one gets an apostrophe in front."""
    if value is None:
        return ""
    if name in LISTS:
        value = json.dumps(value, ensure_ascii=False)
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def uncell(name, text):
    if text == "":
        return None
    text = text[1:] if text.startswith("'") else text
    if name in LISTS:
        return json.loads(text)
    return float(text) if name in ("score", "seconds", "time") else int(text) if name in ("answer", "strength", "turn") else text


def read_rows(path):
    """The rows of a file of JSON lines or CSV, with their line numbers."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            content = file.read()
        if path.endswith(".csv"):
            return [(k + 2, {name: v for name, text in row.items() if (v := uncell(name, text or "")) is not None}) for k, row in enumerate(csv.DictReader(streams.StringIO(content, newline="")))]
        rows = [(k + 1, json.loads(line)) for k, line in enumerate(content.split("\n")) if line.strip()]
        for k, row in rows:
            if not isinstance(row, dict):
                raise IoError(f"import: {path}, line {k} is no object: got {str(row):.40}, expected columns.")
        return rows
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error, RecursionError) as error:
        raise IoError(f"import: {path} cannot be read: got {error}, expected JSON lines or CSV.") from error


def plain(value):
    """Text of a prompt or an answer, also of TRL's conversational form with one turn, or of a record's answer with its source."""
    value = value.get("text") if isinstance(value, dict) else value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0].get("content")
    if not isinstance(value, str):
        raise ValueError(f"import: this is no text: got {value!r:.60}, expected a string or one turn.")
    return value


def hh(text):
    """HH-RLHF's transcript as (all before the last answer, the last answer)."""
    before, mark, answer = text.rpartition("\n\nAssistant: ")
    if not mark or not before.startswith("\n\nHuman: "):
        raise ValueError(f"import: this is no transcript: got {text!r:.60}, expected Human: and Assistant: turns.")
    return before.removeprefix("\n\nHuman: "), answer


def item_of(row):
    """The question in a row that was not judged, or is to be judged again."""
    if "answers" in row:
        sources = row.get("sources") or [a.get("source", "") if isinstance(a, dict) else "" for a in row["answers"]]
        return Item.of(plain(row.get("prompt")), [plain(a) for a in row["answers"]], sources=sources, gold=row.get("gold"), task=row.get("task") or ("rank" if row.get("kind") == "ranking" else None),
                       purpose=row.get("purpose", "given"), score=row.get("score"))
    if "answer_a" in row:
        second = [plain(row["answer_b"])] if row.get("answer_b") else []
        return Item.of(plain(row.get("prompt")), [plain(row["answer_a"]), *second], sources=[row.get("source_a", ""), row.get("source_b", "")][: 1 + len(second)])
    if "chosen" in row and "prompt" in row:
        return Item.of(plain(row["prompt"]), [plain(row["chosen"]), plain(row["rejected"])])
    if "chosen" in row:
        (prompt, chosen), (_, rejected) = hh(row["chosen"]), hh(row["rejected"])
        return Item.of(prompt, [chosen, rejected])
    return Item.of(plain(row.get("prompt")), [plain(row.get("completion"))])


def read_items(path):
    """The questions of a file: `answers`, `answer_a` and `answer_b`, TRL's preference or completion rows, HH-RLHF transcripts. Raises IoError."""
    return [item for item, _ in _parsed(path, lambda row, k: (item_of(row), None))]


def _parsed(path, parse):
    out = []
    for k, row in read_rows(path):
        try:
            out.append(parse(row, k))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IoError(f"import: {path}, line {k} is no question: got {error}, expected a prompt and answers.") from error
    return out


def load(store, path):
    """Adds the judgements of a file in any of FORMATS; returns how many were new. A file that was read before adds nothing. Nothing is added where a
    line is wrong. Raises IoError naming the line."""
    def parse(row, k):
        item = item_of(row)
        digest = hashlib.sha256(json.dumps([k, row], sort_keys=True).encode()).hexdigest()
        a = Answer(row.get("id") or digest[:32], item.id, row.get("rater") or f"imported-{digest[:12]}", row.get("session") or "import",
                   row.get("turn", 0), "", shown=tuple(row.get("shown") or range(len(item.answers))), seconds=row.get("seconds", 0.0), time=row.get("time", 0.0), note=row.get("note"))
        if "kind" in row:
            base = {"answer": 0} if row["kind"] in ("right", "wrong", "correction") else {}
            row = {**row, "rater": row.get("rater") or row.get("annotator")}
            if row["kind"] == "a" and (row.get("strength") or 0) > 0 and "task" not in row:
                row["strength"] = -row["strength"]
            more = {name: tuple(row[name]) if name == "ranking" else row[name] for name in ("answer", "strength", "ranking", "correction") if row.get(name) is not None}
            a = a._replace(kind=row["kind"], rater=row["rater"] or a.rater, **{**base, **more})
        elif "label" in row:
            a = a._replace(kind="right" if row["label"] else "wrong", answer=0)
        else:
            a = a._replace(kind="right", answer=0) if item.task == "verdict" else a._replace(kind="a")
        a.check(item)
        return item, a

    parsed = _parsed(path, parse)
    store.add(i for i, _ in parsed)
    return sum(store.judge(a, i) for i, a in parsed)
