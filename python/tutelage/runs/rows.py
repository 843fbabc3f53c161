"""Data as people have it, as a list of rows, with TRL's columns."""

import csv
import json
import os

from .. import _core
from .._outside import did_you_mean

JUDGED = ("prompt", "chosen", "rejected", "probability", "weight")
COLUMNS = {  # what a task reads: its required sets, the first that fits is taken; and every name that it knows
    "sft": ([("messages",), ("prompt", "completion")], ("messages", "prompt", "completion")),
    "reward": ([("chosen", "rejected")], JUDGED),
    "dpo": ([("chosen", "rejected")], JUDGED),
    "kto": ([("prompt", "completion", "label")], ("prompt", "completion", "label")),
    "prompts": ([("prompt",)], ("prompt",)),
}
ANSWERS = {"reward": ("chosen", "rejected"), "dpo": ("chosen", "rejected"), "kto": ("completion",), "sft": ("messages", "completion")}  # those of them that are answers


def read_rows(data, name="data"):
    """A list of dicts from a list of dicts, a pandas DataFrame, a `datasets` Dataset, or a file: JSON lines, JSON, CSV, chatterbot-corpus YAML.

    Raises IoError for a file that cannot be read, naming the line; ValueError for anything else.
    """
    if isinstance(data, (str, os.PathLike)):
        return _read_file(os.fspath(data))
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        return data.to_dict("records")
    if isinstance(data, dict):
        raise _core.ValueError(f"{name}: a dict is no list of rows: got the keys {sorted(data)[:5]}, expected one split, or a list of dicts.")
    try:
        rows = [dict(row) for row in data]
    except (TypeError, ValueError) as error:
        raise _core.ValueError(f"{name}: no list of rows: got {type(data).__name__}, expected dicts, pandas, datasets or a file.") from error
    return rows


def _read_file(path):
    try:
        if path.endswith((".yml", ".yaml")) or os.path.isdir(path):
            from ..cli.data import read_data

            return [{"messages": c} for c in read_data(path)]
        with open(path, encoding="utf-8", newline="" if path.endswith(".csv") else None) as file:
            if path.endswith(".csv"):
                return list(_read_csv(csv.DictReader(file, strict=True), path))
            if path.endswith(".json"):
                return read_rows(json.load(file), path)
            return [row for _, row in read_lines(file, path)]
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise _core.IoError(f"read_rows: {path} cannot be read: got {error}, expected JSON lines, JSON, CSV or YAML.") from error


def _read_csv(reader, path):
    for number, row in enumerate(reader):
        if None in row:
            raise _core.IoError(f"read_rows: {path}, row {number} has more cells than columns: got {row[None]!r:.80}, expected {len(reader.fieldnames)} cells.")
        yield row


def read_lines(file, path):
    """(number, object) of each line of JSON. Raises IoError naming the line that is none."""
    rows = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise _core.IoError(f"read_rows: {path}, line {number} is no JSON: got {error}, expected one object a line.") from error
        if not isinstance(row, dict):
            raise _core.IoError(f"read_rows: {path}, line {number} is no object: got {type(row).__name__}, expected an object.")
        rows.append((number, row))
    return rows


def columns_of(rows):
    """Every column, in the order in which it first appears."""
    return list(dict.fromkeys(key for row in rows for key in row))


def check_columns(rows, kind, name="data"):
    """Raises ValueError where there is no row, a column is missing (naming the nearest that is there), or one is nearly a known one."""
    if not rows:
        raise _core.ValueError(f"{name}: no row: got 0, expected at least one.")
    sets, known = COLUMNS[kind]
    found = columns_of(rows)
    for column in found:
        hint = did_you_mean(column, [k for k in known if k not in found])
        if column not in known and hint:
            raise _core.ValueError(f"{name}: unknown column: got {column}, expected {' or '.join(', '.join(s) for s in sets)}.{hint}")
    if not any(all(c in found for c in s) for s in sets):
        raise _core.ValueError(f"{name}: a column is missing: got {', '.join(map(str, found))}, expected {' or '.join(', '.join(s) for s in sets)}.")
    chosen = next(s for s in sets if all(c in found for c in s))
    for i, row in enumerate(rows):
        for column in chosen:
            value = row.get(column)
            if value is None or (column not in ("label",) and not isinstance(value, (str, list, tuple))):
                raise _core.ValueError(f"{name}: row {i} has no {column}: got {value!r}, expected text or a list of messages.")
    return chosen


def messages(value, role, where):
    """Text or a list of {role, content} as messages."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    try:
        return [{"role": str(m["role"]), "content": str(m["content"])} for m in value]
    except (TypeError, KeyError) as error:
        raise _core.ValueError(f"{where}: no messages: got {value!r:.80}, expected text or a list of {{role, content}}.") from error


def turns(row, column, where):
    """(messages before the answer, messages of the answer) of one row: `column` is what answers."""
    if "prompt" in row and row["prompt"] is not None:
        return messages(row["prompt"], "user", where), messages(row[column], "assistant", where)
    if column == "messages":
        whole = messages(row["messages"], "user", where)
        return whole[:-1], whole[-1:]
    sides = [messages(row[c], "assistant", where) for c in ("chosen", "rejected")]
    if not isinstance(row["chosen"], str) and not isinstance(row["rejected"], str):  # whole conversations with a common beginning
        same = 0
        while same < min(map(len, sides)) - 1 and sides[0][same] == sides[1][same]:
            same += 1
        mine = sides[0] if column == "chosen" else sides[1]
        if same:
            return mine[:same], mine[same:]
    raise _core.ValueError(f"{where}: no prompt: got {', '.join(row)}, expected a column prompt, or conversations that begin alike.")


def text_of(turns_):
    """Messages as one text, to be read by people and reward functions."""
    return turns_[0]["content"] if len(turns_) == 1 else "\n".join(f"{m['role']}: {m['content']}" for m in turns_)
