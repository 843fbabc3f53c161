"""The demo with six judges of whom some are coins: every judgement counts the same, or by who made it.

    python benchmarks/six_judges/run.py --seeds 10 [--minutes 9] [--coins 0,3,5]

Each run is a line of results/six_judges.jsonl, written when it is done; a call goes on where the last one ended. At the end it prints a table with
95 % intervals over seeds of what is accepted of wordings never asked, and of the paired difference, and draws results/six_judges.svg.
"""

import argparse
import json
import os
import statistics
import sys
import time

import tutelage
from tutelage import io, train
from tutelage.cli import demo
from tutelage.cli.judges import SHIPPED, Judge

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from common import machine
from common.world import LIBRARY, digest

T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)  # of Student's t, by degrees of freedom from 1
JUDGES = 6


class Panel:
    """Judges who answer in turn. Opinions to measure by are those of the first, who is no coin where anyone is not."""

    def __init__(self, judges):
        self.judges, self.turn = judges, 0
        self.wish, self.source, self.error_rate, self.leaks = (getattr(judges[0], k) for k in ("wish", "source", "error_rate", "leaks"))
        self.accepts = judges[0].accepts

    def says(self, question, answer):
        self.turn += 1
        return self.judges[self.turn % len(self.judges)].says(question, answer)

    @property
    def annotator(self):
        return f"judge {self.turn % len(self.judges)}"


def panel(coins, seed):
    rates = [None] * (JUDGES - coins) + [0.5] * coins  # None: as the judge's file says
    return Panel([Judge(SHIPPED, rate, 1000 * seed + k) for k, rate in enumerate(rates)])


def base_model(seed, folder):
    """The chatbot before it is taught; the same for all runs of a seed."""
    path = os.path.join(folder, f"shipped-{seed}")
    if not os.path.isfile(os.path.join(path, "conversations.jsonl")):
        io.save_model(path, train.train_chatbot(demo.shipped_conversations(), demo.chatbot_config(seed, False)))
    return io.load_model(path)


def one(coins, seed, said, fitted, bases, out=None):
    config = demo.config_for(None, seed)
    config.weigh_annotators = fitted
    teacher = train.Teacher(base_model(seed, bases), config)
    judge, files, start = panel(coins, seed), demo.Run(out and os.path.join(out, f"{said}-{coins}-{seed}-{int(fitted)}")), time.monotonic()
    asked, held_out, _, _, _ = demo.subjects(teacher.model(), False)
    told = demo.teach(teacher, judge, asked, held_out, files, said if said == "verdicts" else None, lambda: False, lambda *_: None, lambda *_: None)
    report = told["reliability"]
    accepted = [demo.share_accepted(teacher, judge, held_out, 1100 + draw) for draw in range(demo.DRAWS)]
    honest = [report[k] for k in report if int(k.split()[1]) < JUDGES - coins]
    return {
        "coins": coins, "seed": seed, "said": said, "fitted": fitted, "accepted": statistics.fmean(accepted), "judgements": told["judgements"],
        "reliability_honest": statistics.fmean(honest) if honest else None,
        "reliability_coins": statistics.fmean([v for k, v in report.items() if int(k.split()[1]) >= JUDGES - coins]) if report and coins else None,
        "seconds": round(time.monotonic() - start, 1),
    }


def interval(values):
    """Mean and half of the 95 % interval."""
    if len(values) < 2:
        return (values[0] if values else float("nan")), float("inf")
    return statistics.fmean(values), T95[min(len(values) - 2, 8)] * statistics.stdev(values) / len(values) ** 0.5


def summary(done):
    """One row a number of coins: plain, fitted and their paired difference."""
    rows = []
    for coins in sorted({d["coins"] for d in done}):
        by = {(d["seed"], d["fitted"]): d["accepted"] for d in done if d["coins"] == coins}
        seeds = sorted(s for s, fitted in by if fitted and (s, False) in by)
        if not seeds:
            continue
        plain, fitted = [by[s, False] for s in seeds], [by[s, True] for s in seeds]
        rows.append({"coins": coins, "seeds": len(seeds), "plain": interval(plain), "fitted": interval(fitted),
                     "difference": interval([b - a for a, b in zip(plain, fitted)])})
    return rows


def verdict(rows, seeds):
    """Whether the figure is reached: nowhere below plain beyond the interval, above it at three coins."""
    below = [r["coins"] for r in rows if r["difference"][0] + r["difference"][1] < 0]
    three = next((r for r in rows if r["coins"] == 3), None)
    above = three is not None and three["difference"][0] - three["difference"][1] > 0
    complete = len(rows) == 6 and all(r["seeds"] >= seeds for r in rows)
    return {"below_plain_at": below, "above_at_three": above, "complete": complete, "passed": complete and not below and above}


def picture(rows):
    """SVG: share accepted against the number of coins, plain and fitted, with 95 % intervals over seeds."""
    width, height, left, bottom = 640, 360, 60, 310
    x, y = (lambda coins: left + 20 + 88 * coins), (lambda share: bottom - 280 * share)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M{left} {y(share)}H{left + 480}" stroke="#ddd"/><text x="{left - 8}" y="{y(share) + 4}" text-anchor="end">{100 * share:.0f} %</text>')
    for coins in range(JUDGES):
        parts.append(f'<text x="{x(coins)}" y="{bottom + 18}" text-anchor="middle">{coins}</text>')
    parts.append(f'<text x="{left + 240}" y="{bottom + 40}" text-anchor="middle">judges of six who toss a coin</text>')
    parts.append(f'<text x="8" y="14">accepted, of wordings never asked; bars: 95 % over {max(r["seeds"] for r in rows)} seeds</text>')
    for name, color, shift in (("plain", "#b2610a", -3), ("fitted", "#2166ac", 3)):
        line = []
        for r in rows:
            middle, half = r[name]
            at, low, high = x(r["coins"]) + shift, max(0.0, middle - half), min(1.0, middle + half)
            parts.append(f'<path d="M{at} {y(low):.1f}V{y(high):.1f}" stroke="{color}"/><circle cx="{at}" cy="{y(middle):.1f}" r="3" fill="{color}"/>')
            line.append(f"{at},{y(middle):.1f}")
        parts.append(f'<polyline points="{" ".join(line)}" fill="none" stroke="{color}"/>')
        parts.append(f'<text x="{left + 488}" y="{y(rows[-1][name][0]) + 4 + 2 * shift:.1f}" fill="{color}">{name}</text>')
    return "\n".join(parts) + "\n</svg>\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=10)
    p.add_argument("--coins", default="3,0,5,4,2,1", help="in this order, seed after seed")
    p.add_argument("--said", default="all,verdicts", help="all: the demo, in which an honest judge gives up to three corrections; verdicts: right and not right alone")
    p.add_argument("--keep", help="a folder for each run's judgements")
    p.add_argument("--minutes", type=float, default=float("inf"), help="no run is started after so many")
    p.add_argument("--out", default="benchmarks/results")
    p.add_argument("--bases", default="build/bases")
    args = p.parse_args()
    tutelage.set_num_threads(1)
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "six_judges.jsonl")
    now = digest(*LIBRARY, __file__)
    lines = [json.loads(line) for line in open(path, encoding="utf-8")] if os.path.exists(path) else []
    done = [line for line in lines if line.get("world") == now]  # runs of another version of the library do not count
    known, end = {(d["coins"], d["seed"], d["said"], d["fitted"]) for d in done}, time.monotonic() + 60 * args.minutes
    for job in [(c, s, w, f) for s in range(args.seeds) for w in args.said.split(",") for c in map(int, args.coins.split(",")) for f in (False, True)]:
        if job in known or time.monotonic() > end:
            continue
        done.append({**one(*job, args.bases, args.keep), "world": now})
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(done[-1]) + "\n")
        print(done[-1], file=sys.stderr, flush=True)
    by_said = {said: summary([d for d in done if d["said"] == said]) for said in ("all", "verdicts")}
    for said, rows in by_said.items():
        for r in rows:
            print(f"{said:8} {r['coins']} coins, {r['seeds']:2} seeds: " + "  ".join(f"{k} {r[k][0]:+.3f} +- {r[k][1]:.3f}" for k in ("plain", "fitted", "difference")))
    rows = by_said["all"]  # the demo as it is
    result = {"machine": machine.describe(1), "runs": len(done), "rows": by_said, "verdict": verdict(rows, args.seeds)}
    with open(os.path.join(args.out, "six_judges.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    if rows:
        with open(os.path.join(args.out, "six_judges.svg"), "w", encoding="utf-8") as file:
            file.write(picture(rows))
    print(result["verdict"])
    return 0 if result["verdict"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
