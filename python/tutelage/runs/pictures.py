"""Pictures as SVG, without another library: curves, points, and shares with their intervals."""

import html
import math

COLORS = ("#0b6bcb", "#c2410c", "#15803d", "#7e22ce")
WIDTH, HEIGHT, MARGIN = 340, 190, 42


def figure(name, inside, height=HEIGHT):
    title = html.escape(name)
    return f'<figure><svg width="{WIDTH}" height="{height}" role="img" aria-label="{title}">{inside}</svg><figcaption>{title}</figcaption></figure>'


def plot(name, lines, x_label="step", *, dots=False, diagonal=False):
    """lines: {number of the run: [(x, y), ...]}; joined, or as dots. diagonal: where both are equal."""
    points = [p for line in lines.values() for p in line if math.isfinite(p[1])]
    if not points:
        return ""
    (x0, x1), (y0, y1) = ((0.5, 1.0), (0.0, 1.0)) if diagonal else ((min(v), max(v)) for v in zip(*points))
    x1, y1 = x1 if x1 > x0 else x0 + 1, y1 if y1 > y0 else y0 + 1
    x = lambda v: MARGIN + (v - x0) / (x1 - x0) * (WIDTH - MARGIN - 8)
    y = lambda v: HEIGHT - 26 - (v - y0) / (y1 - y0) * (HEIGHT - 40)
    out = []
    for value, at in ((y0, HEIGHT - 26), (y1, 14)):
        out.append(f'<line x1="{MARGIN}" x2="{WIDTH - 8}" y1="{at}" y2="{at}" stroke="#8885"/><text x="{MARGIN - 4}" y="{at + 4}" text-anchor="end">{value:.3g}</text>')
    out.append(f'<text x="{MARGIN}" y="{HEIGHT - 8}">{x0:.3g}</text><text x="{WIDTH - 8}" y="{HEIGHT - 8}" text-anchor="end">{html.escape(x_label)} {x1:.3g}</text>')
    if diagonal:
        out.append(f'<line x1="{x(x0)}" y1="{y(x0)}" x2="{x(x1)}" y2="{y(x1)}" stroke="#8888" stroke-dasharray="4 4"/>')
    for i, line in sorted(lines.items()):
        color, seen = COLORS[i % len(COLORS)], [(x(a), y(b)) for a, b in line if math.isfinite(b)]
        if dots:
            out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{color}" fill-opacity="0.7"/>' for a, b in seen]
        if not dots or diagonal:
            out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in seen)}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    return figure(name, "".join(out))


def shares(name, rows):
    """rows: [(label, value, low, high), ...], of 0 to 1: a dot and its interval each."""
    if not rows:
        return ""
    left, x = 120, lambda v: 120 + v * (WIDTH - 132)
    out = [f'<line x1="{x(v)}" x2="{x(v)}" y1="6" y2="{14 + 20 * len(rows)}" stroke="#8885"/><text x="{x(v)}" y="{28 + 20 * len(rows)}" text-anchor="middle">{v:g}</text>' for v in (0, 0.5, 1)]
    for k, (label, value, low, high) in enumerate(rows):
        y = 20 + 20 * k
        out.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{html.escape(label)}</text><line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{y}" y2="{y}" stroke="{COLORS[0]}" stroke-width="2"/>'
                   f'<circle cx="{x(value):.1f}" cy="{y}" r="4" fill="{COLORS[0]}"/>')
    return figure(name, "".join(out), 36 + 20 * len(rows))
