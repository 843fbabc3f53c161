"""Every benchmark beside its competitor: checks that both sides compute the same, times them in alternating pairs, prints tables, writes JSON.

    python benchmarks/run.py [--only NAME[,NAME...]] [--quick]    measure; 1 for wrong results, and without --quick for rows not reached
    python benchmarks/run.py --table                              put the results that are there into docs/benchmarks.md

Needs `pip install '.[bench]'` and g++. docs/benchmarks.md explains the tables.
"""

import argparse
import datetime
import importlib
import os
import sys
import time

from common import machine, report
from common.pairs import Effort, Wrong
from common.shapes import SHAPES

HERE = os.path.dirname(os.path.abspath(__file__))
PROBLEMS = ("products", "training_step", "memory", "generation", "ppo_iteration", "rloo_iteration", "lora_step", "scaling", "reward_fitting")


class Run:
    """What a problem is told: threads, how long to measure, which shapes, and the machine's limits."""

    def __init__(self, args):
        self.threads, self.quick = args.threads, args.quick
        self.effort = Effort.quick() if args.quick else Effort()
        self.shapes = [SHAPES[name] for name in args.shapes.split(",")]
        self.limits = machine.Limits(self.threads)


def measure(name, run, out):
    """Whether the problem's results are right and, in a whole run, its rows reached."""
    problem = importlib.import_module(f"{name}.bench")
    began, rows, wrong = time.monotonic(), [], None
    print(f"{name} ...", file=sys.stderr, flush=True)
    try:
        for row in problem.rows(run):
            rows.append({**row, "reached": report.reached(row)})
            print(f"{row['row']}: {row['ratio']:.2f}", file=sys.stderr, flush=True)
    except Wrong as e:
        wrong = str(e)
    print(f"\n{problem.TITLE}\n{report.terminal(rows, problem.COLUMNS) if rows else ''}", flush=True)
    if wrong:
        print(f"WRONG: {wrong}")
    report.save(os.path.join(out, name + ".json"), {
        "title": problem.TITLE, "date": datetime.date.today().isoformat(), "quick": run.quick, "machine": machine.describe(run.threads),
        "limits": run.limits.as_json(), "seconds": round(time.monotonic() - began, 1), "wrong": wrong, "columns": problem.COLUMNS, "rows": rows})
    return wrong is None and (run.quick or all(row["reached"] is not False for row in rows))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join(PROBLEMS), help="problems, with commas between: " + ", ".join(PROBLEMS))
    p.add_argument("--shapes", default=",".join(SHAPES), help="model shapes, with commas between: " + ", ".join(SHAPES))
    p.add_argument("--quick", action="store_true", help="short turns: only to see that it works")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", default=os.path.join(HERE, "results"), help="where NAME.json goes")
    p.add_argument("--table", action="store_true", help="measure nothing; write the tables of docs/benchmarks.md from the JSON files")
    args = p.parse_args()
    names = args.only.split(",")
    for known, given in ((PROBLEMS, names), (SHAPES, args.shapes.split(","))):
        if unknown := [n for n in given if n not in known]:
            p.error(f"unknown name: got {unknown[0]}, expected {', '.join(known)}")
    if args.table:
        paths = [os.path.join(args.out, name + ".json") for name in names]
        report.write_page(os.path.join(os.path.dirname(HERE), "docs", "benchmarks.md"), [report.load(path) for path in paths if os.path.exists(path)])
        return
    run = Run(args)
    right = [measure(name, run, args.out) for name in names]
    sys.exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
