"""Judgements out of a store and into it: records, TRL's rows and HH-RLHF transcripts as `prefs` reads and writes them, and CSV."""

import csv
import hashlib
import io as streams
import json
import re

from .. import prefs
from .._core import ConfigError, IoError, ValueError
from ..runs.rows import read_lines
from .database import Answer, Item

FORMATS = ("judgements", "preference", "completion", "unpaired", "hh", "csv")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
FIELDS = ("id", "item", "task", "prompt", "answers", "sources", "purpose", "score", "gold", "kind", "answer", "strength", "ranking", "correction", "note", "rater", "session", "turn",
          "shown", "seconds", "time")
LISTS = ("answers", "sources", "ranking", "shown")
PSEUDONYM = re.compile("(r|imported)-[0-9a-f]{12}")
ROLES = {"user": "Human", "assistant": "Assistant"}


def to_judgement(a, item, raters=True, notes=True):
    """The record that training and files have; a strength has no sign there: the kind says whose it is."""
    who = {"annotator": a.rater, "session": a.session, "id": a.id, "time": a.time} if raters else {}
    answers = [prefs.Behaviour(a, source=source) if isinstance(a, str) else a.behaviour(source) for a, source in zip(item.answers, item.sources)]
    return prefs.Judgement(a.kind, item.prompt, answers, answer=a.answer or 0, correction=a.correction or "", ranking=list(a.ranking or ()), strength=abs(a.strength or 0), seconds=a.seconds,
                           note=(a.note or "") if notes else "", shown=list(a.shown), score=item.score, purpose=item.purpose, **who)


def to_judgements(answers, items):
    """Those of many; `items` by their ids."""
    return [to_judgement(a, items[a.item]) for a in answers]


def from_judgement(j, number):
    """(item, answer) of a record; `number`, its place in the file, makes up for an id or a rater that it does not have. Raises ValueError."""
    if not all(b.text for b in j.answers) or j.kind == "comment":
        raise ValueError(f"import: the store holds judgements of texts: got {j.kind} of {j.answers!r:.60}, expected texts.")
    turns = [*((m["role"], m["content"]) for m in j.context), ("user", j.prompt)]
    prompt = turns[0][1] + "".join(f"\n\n{ROLES.get(role, role)}: {content}" for role, content in turns[1:])  # a transcript, as HH-RLHF has it
    task = "rank" if j.kind == "ranking" else None
    item = Item.of(prompt, [b.text for b in j.answers], task=task, sources=[b.source for b in j.answers], purpose=j.purpose or "given", score=j.score)
    digest = hashlib.sha256(f"{number}:{j.to_json_line()}".encode("utf-8", "replace")).hexdigest()
    verdict = j.kind in ("right", "wrong", "correction")
    strength = int(j.strength) * {"a": -1, "b": 1}.get(j.kind, 0) if j.strength else None
    a = Answer(j.id or digest[:32], item.id, j.annotator if j.annotator != "anonymous" else f"imported-{digest[:12]}", j.session or "import", 0, j.kind, j.answer if verdict else None, strength,
               tuple(j.ranking) or None, j.correction or None, j.note or None, tuple(j.shown) or tuple(range(len(item.answers))), j.seconds, j.time)
    return item, a


def export(store, form, raters=True, notes=True):
    """The text of a file in one of FORMATS, of all judgements that stand; without raters, their sessions and times go too. Raises ConfigError."""
    if form not in FORMATS:
        raise ConfigError(f"export: unknown format: got {form}, expected one of {', '.join(FORMATS)}.")
    items, answers = {i.id: i for i in store.items()}, store.answers()
    if form != "judgements":  # only whole records hold behaviours
        answers = [a for a in answers if all(isinstance(text, str) for text in items[a.item].answers)]
    if form != "csv":
        return "".join(row + "\n" for a in answers for row in prefs.judgement_rows(to_judgement(a, items[a.item], raters, notes), form))
    file = streams.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(FIELDS)
    hidden = (() if raters else ("rater", "session", "time", "id")) + (() if notes else ("note",))
    for a in answers:
        row = {**items[a.item]._asdict(), **a._asdict()}
        writer.writerow([cell(name, None if name in hidden else row[name]) for name in FIELDS])
    return file.getvalue()


def cell(name, value):
    """A cell that no spreadsheet takes for a formula: text that could begin one gets an apostrophe in front."""
    if value is None:
        return ""
    if name in LISTS:
        value = json.dumps(value, ensure_ascii=False)
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def uncell(name, text):
    text = text[1:] if text.startswith("'") else text
    if name in LISTS:
        return tuple(json.loads(text))
    return float(text) if name in ("score", "seconds", "time") else int(text) if name in ("answer", "strength", "turn") else text


def read_csv(path):
    """(item, answer) a row, as export writes them."""
    with open(path, encoding="utf-8", newline="") as file:
        for number, cells in enumerate(csv.DictReader(file)):
            row = {name: uncell(name, text) for name, text in cells.items() if name in FIELDS and text}
            item = Item.of(row["prompt"], row["answers"], task=row["task"], sources=row.get("sources"), purpose=row.get("purpose", "given"), score=row.get("score"), gold=row.get("gold"))
            digest = hashlib.sha256(f"{number}:{sorted(row.items())}".encode()).hexdigest()
            made_up = {"id": digest[:32], "rater": f"imported-{digest[:12]}", "session": "import", "turn": 0, "seconds": 0.0, "time": 0.0, "shown": tuple(range(len(item.answers)))}
            yield item, Answer(item=item.id, **{name: row.get(name, made_up.get(name)) for name in Answer._fields if name != "item"})


def read(path):
    """(item, answer) for each judgement of a file: CSV, or JSON lines as `prefs.read_judgements` takes them. Raises IoError naming file and place."""
    found = []
    try:
        for number, (item, a) in enumerate(read_csv(path) if path.endswith(".csv") else map(from_judgement, prefs.read_judgements(path), range(10**12))):
            a.check(item)
            found.append((item, a))
    except IoError:
        raise
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error, ValueError, KeyError, TypeError) as error:
        raise IoError(f"import: {path} cannot be read: got {error} in judgement {len(found) + 1}, expected whole judgements.") from error
    return found


def load(store, path):
    """Adds the judgements of a file; returns how many were new. A file that was read before adds nothing; nothing is added where one is wrong.

    A rater who is no pseudonym of a store becomes one: no name is stored.
    """
    found = read(path)
    store.add(item for item, _ in found)
    return sum(store.judge(a if PSEUDONYM.fullmatch(a.rater) else a._replace(rater=store.pseudonym(a.rater)), item) for item, a in found)


def read_items(path):
    """The questions of a file, whether judged or not: `prompt` with `answers`, or with `answer_a` and `answer_b`, a line; or what `read` takes. Raises IoError."""
    if path.endswith(".csv"):
        return list(dict.fromkeys(item for item, _ in read(path)))
    try:
        with open(path, encoding="utf-8") as file:
            rows = read_lines(file, path)
    except (OSError, UnicodeDecodeError) as error:
        raise IoError(f"rate: {path} cannot be read: got {error}, expected questions, one a line.") from error
    if any("kind" in row or not ("answers" in row or "answer_a" in row) for _, row in rows):
        return list(dict.fromkeys(item for item, _ in read(path)))
    items = []
    for number, row in rows:
        answers = row["answers"] if "answers" in row else [row["answer_a"], *([row["answer_b"]] if row.get("answer_b") else [])]
        try:
            if not isinstance(answers, list) or not all(isinstance(text, str) for text in [row.get("prompt"), *answers]):
                raise ValueError(f"got {row!r:.60}, expected text")
            items.append(Item.of(row["prompt"], answers, sources=row.get("sources"), gold=row.get("gold"), task=row.get("task")))
        except (ValueError, TypeError) as error:
            raise IoError(f"rate: {path}, line {number} is no question: got {error}, expected a prompt and answers.") from error
    return items
