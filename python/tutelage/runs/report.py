"""A run, or several, as one HTML page that needs nothing else."""

import html
import os

import numpy as np

from .. import prefs, reward
from .._outside import write_whole
from .folder import Folder
from .inspect import numbers
from .pictures import COLORS, plot, shares

STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:74rem;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.85rem}
table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem .6rem;text-align:left;vertical-align:top}
svg text{font:11px system-ui,sans-serif;fill:currentColor}.text{white-space:pre-wrap}.key{display:inline-block;width:1rem;height:.3rem;margin-right:.4rem;vertical-align:middle}
"""


def report(runs, out="report.html", store=None):
    """Writes the page: curves overlaid, reward against KL and length, calibration of reward models, what differs in the settings, samples beside each
    other, the share of prompts where the last run's answers had the higher reward, and how far the raters of a `store` can be trusted.

    Returns its path. Raises IoError.
    """
    runs = [runs] if isinstance(runs, (str, os.PathLike)) else list(runs)
    folders = [Folder(r) for r in runs]
    infos = [f.info() for f in folders]
    names = [os.path.basename(os.path.normpath(f.path)) for f in folders]
    if len(set(names)) < len(names):
        names = [f.path for f in folders]
    parts = [
        f"<h1>{' and '.join(map(html.escape, names))}</h1>",
        "<p>" + " &nbsp; ".join(f'<span class="key" style="background:{COLORS[i % len(COLORS)]}"></span>{html.escape(n)}' for i, n in enumerate(names)) + "</p>",
        settings_table(names, infos), curves([f.lines("metrics.jsonl") for f in folders], [last(f) for f in folders]), raters(store), warnings_list(names, folders), samples(names, folders),
    ]
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(", ".join(names))}</title><style>{STYLE}</style></head><body>{"".join(parts)}</body></html>'
    write_whole(out, page)
    return os.fspath(out)


def table(head, rows):
    cells = lambda tag, row: "".join(f"<{tag}>{html.escape(str(c))}</{tag}>" for c in row)
    return f"<table><tr>{cells('th', head)}</tr>" + "".join(f"<tr>{cells('td', row)}</tr>" for row in rows) + "</table>"


def settings_table(names, infos):
    flat = [
        {"kind": i["kind"], **i["config"], **i["run"], "model": i["given"]["model"], "data": i["given"]["data"], "rewards": i["given"]["rewards"],
         "adapter": i["settings"].get("lora"), "rows": i["rows"], "cpu": i["cpu"], "isa": i["isa"], "tutelage": i["tutelage"]}
        for i in infos
    ]
    keys = list(dict.fromkeys(k for f in flat for k in f))
    if len(infos) == 1:
        return "<details><summary>Settings</summary>" + table(["setting", names[0]], [(k, flat[0][k]) for k in keys]) + "</details>"
    rows = [(k, *(f.get(k, "-") for f in flat)) for k in keys if len({repr(f.get(k, "-")) for f in flat}) > 1]
    return "<h2>Settings that differ</h2>" + (table(["setting", *names], rows) if rows else "<p>None.</p>")


def last(folder):
    """The rows of the last evaluation."""
    rows = folder.lines("samples.jsonl")
    step = max((r["step"] for r in rows), default=None)
    return [r for r in rows if r["step"] == step]


def curves(all_rows, all_samples):
    """One plot for each number that some run has at two steps or more, and what stands against what."""
    series = {}
    for i, rows in enumerate(all_rows):
        for row in rows:
            for name, y in row.items():
                if name not in ("step", "seconds") and isinstance(y, (int, float)) and not isinstance(y, bool):
                    series.setdefault(name, {}).setdefault(i, []).append((row["step"], y))
    found = {n: s for n, s in series.items() if any(len(points) > 1 for points in s.values())}
    frontier, order = "", sorted(found, key=lambda n: (not n.startswith("eval_"), n))
    if {"kl", "reward"} <= set(series):
        pairs = {i: [(r["kl"], r["reward"]) for r in rows if r.get("kl") is not None and r.get("reward") is not None] for i, rows in enumerate(all_rows)}
        frontier = plot("reward against KL", {i: p for i, p in pairs.items() if p}, "KL, nats", dots=True)
    drawn = [frontier, length_against_reward(all_samples), calibration(all_samples), *(plot(name, found[name]) for name in order)]
    return '<h2>Curves</h2><div class="plots">' + "".join(drawn) + "</div>"


def length_against_reward(all_samples):
    """Of the last evaluation's answers."""
    found = {}
    for i, rows in enumerate(all_samples):
        points = [(len(r["ids"]), r["reward"]) for r in rows if r.get("ids") is not None and r.get("reward") is not None]
        if points:
            found[i] = points
    return plot("reward against length", found, "tokens", dots=True) if found else ""


def calibration(all_samples):
    """Of reward models: how often the choices of a confidence are right, on the last evaluation's pairs."""
    found, said = {}, []
    for i, rows in enumerate(all_samples):
        margins = np.array([r["rewards"]["chosen"] - r["rewards"]["rejected"] for r in rows if "chosen" in (r.get("rewards") or {}) and "rejected" in r])
        if len(margins):
            p, right = 1 / (1 + np.exp(-np.clip(margins, -700, 700))), np.ones(len(margins))
            table = reward.accuracy_by_confidence(p, right, bins=10)
            found[i] = [(c, a) for c, a, n in zip(table["confidence"], table["accuracy"], table["count"]) if n]
            said.append(f"{reward.expected_calibration_error(p, right):.3f} on {len(margins)} pairs")
    return plot(f"calibration: right against sure; error {', '.join(said)}", found, "sure", dots=True, diagonal=True) if found else ""


def raters(store):
    """Of each rater, with 95 % intervals: fitted reliability, answers to what is known, and to what is asked twice."""
    if store is None:
        return ""
    from ..store import Store
    from ..store.raters import agreement

    with Store(store, create=False) as opened:
        found = agreement(opened).raters
    columns = {"reliability of raters": lambda r: r.reliability and tuple(r.reliability), "right where the answer is known": lambda r: r.gold.count and tuple(r.gold)[:3],
               "the same with the sides swapped": lambda r: r.consistency.count and tuple(r.consistency)[:3]}
    drawn = [shares(name, [(rater, *of(r)) for rater, r in found.items() if of(r)]) for name, of in columns.items()]
    return '<h2>Raters</h2><div class="plots">' + "".join(drawn) + "</div>" if any(drawn) else ""


def warnings_list(names, folders):
    said = [(n, r["step"], r["warning"]) for n, f in zip(names, folders) for r in f.lines("metrics.jsonl") if "warning" in r]
    return "<h2>Warnings</h2>" + table(["run", "step", "warning"], said) if said else ""


def samples(names, folders, shown=20):
    """The last evaluation's answers, those to one prompt beside each other."""
    found = []
    for f in folders:
        rows = {}
        for row in last(f):
            rows.setdefault(row["prompt"], row)
        found.append(rows)
    prompts = [p for p in found[0] if all(p in other for other in found)] if found else []
    parts = ["<h2>Answers of the last evaluation</h2>"]
    judged = [p for p in prompts if all(rows[p].get("reward") is not None for rows in found)]
    if len(folders) > 1 and judged:
        gains = [found[-1][p]["reward"] - found[0][p]["reward"] for p in judged]
        wins = sum(g > 0 for g in gains) + 0.5 * sum(g == 0 for g in gains)
        _, low, high, _ = prefs.wilson_share(wins, len(judged))
        parts.append(
            f"<p>By its own reward {html.escape(names[-1])} answers better than {html.escape(names[0])} on {wins / len(judged):.1%} of {len(judged)} prompts "
            f"(95 %: {low:.1%} to {high:.1%}). A judge who trained neither says more: <code>tutelage compare</code>.</p>"
        )
    head = "".join(f"<th>{html.escape(c)}</th>" for c in ["prompt", *names])
    body = ""
    for p in prompts[:shown]:
        body += f'<tr><td class="text">{html.escape(p)}</td>' + "".join(
            f'<td><div class="text">{html.escape(rows[p]["answer"])}</div><small>{html.escape(numbers(rows[p]))}</small></td>' for rows in found
        ) + "</tr>"
    parts.append(f"<table><tr>{head}</tr>{body}</table>" if body else "<p>No prompt that all runs answered.</p>")
    return "".join(parts)
