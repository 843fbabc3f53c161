"""Rows as a table on the terminal, as JSON, and as the tables of docs/benchmarks.md."""

import json
import math
import os

MARKS = ("<!-- results -->", "<!-- end of results -->")


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def seconds(s):
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if s * scale >= 1:
            return f"{s * scale:.3g} {unit}"
    return f"{s * 1e6:.3g} us"


def _number(value):
    return f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)


# Heading and text of each column, in order; a column that no row fills is left out.
_COLUMNS = (
    ("", lambda r: r["row"]),
    ("beside", lambda r: r["beside"]),
    ("ours", lambda r: r.get("ours") or (seconds(r["ours_seconds"]) if "ours_seconds" in r else "")),
    ("theirs", lambda r: r.get("theirs") or (seconds(r["theirs_seconds"]) if "theirs_seconds" in r else "")),
    ("ratio", lambda r: f"{r['ratio']:.2f}"),
    ("spread", lambda r: "{:.2f}..{:.2f}".format(*r["spread"]) if "spread" in r else ""),
    ("of minima", lambda r: _number(r.get("minima_ratio"))),
    ("target", lambda r: _number(r.get("target"))),
    ("reached", lambda r: "" if reached(r) is None else "yes" if reached(r) else "no"),
    ("of limit", lambda r: f"{100 * r['share_of_limit']:.0f} %" if "share_of_limit" in r else ""),
)


def reached(row):
    """Whether the ratio meets the target; None without one. A ratio of memory is to be small."""
    if row.get("target") is None:
        return None
    return row["ratio"] <= row["target"] if row.get("lower_is_better") else row["ratio"] >= row["target"]


def cells(rows, extra):
    """Header and lines of a table, without empty columns."""
    columns = [*_COLUMNS, *((heading, lambda r, key=key: _number(r.get(key))) for key, heading in extra.items())]
    table = [[heading for heading, _ in columns], *([text(r) for _, text in columns] for r in rows)]
    keep = [i for i in range(len(columns)) if any(line[i] for line in table[1:])]
    return [[line[i] for i in keep] for line in table]


def terminal(rows, extra):
    table = cells(rows, extra)
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in table)


def markdown(rows, extra):
    header, *lines = cells(rows, extra)
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *lines))


def save(path, result):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    os.replace(path + ".part", path)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _heading(result):
    m = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in m["versions"].items() if version)
    quick = " Measured with --quick: these figures say nothing." if result["quick"] else ""
    peaks = ", ".join(f"{float(v) / 1e9:.0f} GFLOP/s with {k} thread{'s' if k != '1' else ''}" for k, v in result["limits"]["peak_flops"].items())
    reading = result["limits"]["memory_bytes_per_second"]
    return (f"{m['cpu']}, {m['cores']} cores, {m['isa']}, {m['threads']} threads; peak {peaks}; memory {reading / 1e9:.0f} GB/s; "
            f"Python {m['python']}, {versions}; {result['date']}.{quick}")


def write_page(path, results):
    """Puts the tables between the marks of the page."""
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(MARKS[0])
    parts, last = [], None
    for result in results:
        heading = _heading(result)
        parts.append(f"### {result['title']}\n")
        if heading != last:
            parts.append(heading + "\n")
        last = heading
        parts.append(markdown(result["rows"], result["columns"]) + "\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + MARKS[0] + "\n" + "\n".join(parts) + MARKS[1] + rest.split(MARKS[1])[1])
