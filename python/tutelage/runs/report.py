"""A run, or several, as one HTML page that needs nothing else."""

import html
import math
import os

from .. import prefs
from .._outside import write_whole
from .folder import Folder
from .inspect import numbers

COLORS = ("#0b6bcb", "#c2410c", "#15803d", "#7e22ce")
WIDTH, HEIGHT, MARGIN = 340, 190, 42
STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:74rem;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.85rem}
table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem .6rem;text-align:left;vertical-align:top}
svg text{font:11px system-ui,sans-serif;fill:currentColor}.text{white-space:pre-wrap}.key{display:inline-block;width:1rem;height:.3rem;margin-right:.4rem;vertical-align:middle}
"""


def report(runs, out="report.html"):
    """Writes the page: curves overlaid, what differs in the settings, samples beside each other, and the share of prompts where the last run's answers
    had the higher reward. Returns its path. Raises IoError."""
    runs = [runs] if isinstance(runs, (str, os.PathLike)) else list(runs)
    folders = [Folder(r) for r in runs]
    infos = [f.info() for f in folders]
    names = [os.path.basename(os.path.normpath(f.path)) for f in folders]
    if len(set(names)) < len(names):
        names = [f.path for f in folders]
    parts = [
        f"<h1>{' and '.join(map(html.escape, names))}</h1>",
        "<p>" + " &nbsp; ".join(f'<span class="key" style="background:{COLORS[i % len(COLORS)]}"></span>{html.escape(n)}' for i, n in enumerate(names)) + "</p>",
        settings_table(names, infos), curves([f.lines("metrics.jsonl") for f in folders]), warnings_list(names, folders), samples(names, folders),
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


def curves(all_rows):
    """One plot for each number that some run has at two steps or more."""
    series = {}
    for i, rows in enumerate(all_rows):
        for row in rows:
            for name, y in row.items():
                if name not in ("step", "seconds") and isinstance(y, (int, float)) and not isinstance(y, bool):
                    series.setdefault(name, {}).setdefault(i, []).append((row["step"], y))
    found = {n: s for n, s in series.items() if any(len(points) > 1 for points in s.values())}
    order = sorted(found, key=lambda n: (not n.startswith("eval_"), n))
    if {"kl", "reward"} <= set(series):
        pairs = {i: [(r["kl"], r["reward"]) for r in rows if r.get("kl") is not None and r.get("reward") is not None] for i, rows in enumerate(all_rows)}
        found["reward against KL"] = {i: p for i, p in pairs.items() if p}
        order.insert(0, "reward against KL")
    return '<h2>Curves</h2><div class="plots">' + "".join(plot(name, found[name], "KL, nats" if " " in name else "step") for name in order) + "</div>"


def plot(name, lines, x_label):
    points = [p for line in lines.values() for p in line]
    (x0, x1), (y0, y1) = ((min(v), max(v)) for v in zip(*points))
    x1, y1 = x1 if x1 > x0 else x0 + 1, y1 if y1 > y0 else y0 + 1
    x = lambda v: MARGIN + (v - x0) / (x1 - x0) * (WIDTH - MARGIN - 8)
    y = lambda v: HEIGHT - 26 - (v - y0) / (y1 - y0) * (HEIGHT - 40)
    out = [f'<figure><svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{html.escape(name)}">']
    for value, anchor in ((y0, HEIGHT - 26), (y1, 14)):
        out.append(f'<line x1="{MARGIN}" x2="{WIDTH - 8}" y1="{anchor}" y2="{anchor}" stroke="#8885"/><text x="{MARGIN - 4}" y="{anchor + 4}" text-anchor="end">{value:.3g}</text>')
    out.append(f'<text x="{MARGIN}" y="{HEIGHT - 8}">{x0:.3g}</text><text x="{WIDTH - 8}" y="{HEIGHT - 8}" text-anchor="end">{x_label} {x1:.3g}</text>')
    for i, line in sorted(lines.items()):
        color, dots = COLORS[i % len(COLORS)], " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line if math.isfinite(b))
        out.append(
            "".join(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2" fill="{color}"/>' for a, b in line) if " " in name
            else f'<polyline points="{dots}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        )
    return "".join(out) + f"</svg><figcaption>{html.escape(name)}</figcaption></figure>"


def warnings_list(names, folders):
    said = [(n, r["step"], r["warning"]) for n, f in zip(names, folders) for r in f.lines("metrics.jsonl") if "warning" in r]
    return "<h2>Warnings</h2>" + table(["run", "step", "warning"], said) if said else ""


def samples(names, folders, shown=20):
    """The last evaluation's answers, those to one prompt beside each other."""
    last = []
    for f in folders:
        rows = f.lines("samples.jsonl")
        step = max((r["step"] for r in rows), default=None)
        found = {}
        for row in (r for r in rows if r["step"] == step):
            found.setdefault(row["prompt"], row)
        last.append(found)
    prompts = [p for p in last[0] if all(p in other for other in last)] if last else []
    parts = ["<h2>Answers of the last evaluation</h2>"]
    judged = [p for p in prompts if all(rows[p].get("reward") is not None for rows in last)]
    if len(folders) > 1 and judged:
        gains = [last[-1][p]["reward"] - last[0][p]["reward"] for p in judged]
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
            f'<td><div class="text">{html.escape(rows[p]["answer"])}</div><small>{html.escape(numbers(rows[p]))}</small></td>' for rows in last
        ) + "</tr>"
    parts.append(f"<table><tr>{head}</tr>{body}</table>" if body else "<p>No prompt that all runs answered.</p>")
    return "".join(parts)
