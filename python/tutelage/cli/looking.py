"""`tutelage inspect | compare | check | report`: what a run did, and what data holds."""

import json

from .. import runs
from .screen import visible


def inspect(args):
    rows = runs.worst(args.run, args.best or args.worst, args.by, args.step, best=bool(args.best))
    if args.json:
        print(json.dumps(rows))
        return 0
    for i, row in enumerate(rows, 1):
        print(f"{i}. {runs.numbers(row)}\n   > {visible(row['prompt'])}\n   {visible(row['answer'])}")
        if "rejected" in row:
            print(f"   rejected: {visible(row['rejected'])}")
    return 0


def compare(args):
    report = runs.compare(
        args.a, args.b, args.prompts, args.judge, start=args.start, max_new_tokens=args.max_new_tokens, temperature=args.temperature, seed=args.seed, least=args.least,
    )
    print(json.dumps(report) if args.json else runs.compare_text(report))
    return 0


def check(args):
    from .. import io

    report = runs.check(args.file, args.test, io.load_model(args.model) if args.model else None, args.max_new_tokens)
    print(json.dumps(report) if args.json else visible_lines(runs.check_text(report)))
    return 1 if report["serious"] else 0


def report(args):
    path = runs.report(args.runs, args.out)
    print(json.dumps({"report": path}) if args.json else f"Written: {path}")
    return 0


def visible_lines(text):
    return "\n".join(map(visible, text.split("\n")))
