"""`tutelage inspect | compare | check | report`: what a run did, and what data holds."""

import json

from .. import runs
from .flags import as_json, number
from .screen import visible


def arguments(p, command):
    if command == "inspect":
        p.add_argument("run_", metavar="RUN")
        p.add_argument("--worst", type=number(int, 1, 1 << 20), default=20, metavar="N")
        p.add_argument("--best", type=number(int, 1, 1 << 20), metavar="N", help="the best ones instead")
        p.add_argument("--by", choices=["reward", "kl", "length"], default="reward")
        p.add_argument("--step", type=number(int, 0, 1 << 60), help="of the evaluation at this step; by default the last")
    elif command == "compare":
        p.add_argument("a", metavar="A", help="a run's folder, or a model")
        p.add_argument("b", metavar="B")
        p.add_argument("--judge", required=True, help="FILE.py:function(prompt, a, b) -> a, b or tie; or a reward, as `tutelage ppo` takes it")
        p.add_argument("--prompts", required=True, metavar="FILE", help="held-out prompts")
        p.add_argument("--start", metavar="MODEL", help="what KL and perplexity are measured by; by default the model that B's run began with")
        p.add_argument("--max-new-tokens", type=number(int, 1, 1 << 20), default=64)
        p.add_argument("--temperature", type=number(float, 0.01, 100), default=1.0)
        p.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
        p.add_argument("--least", type=number(int, 1, 1 << 30), default=50, metavar="N", help="no verdict on fewer prompts")
    elif command == "check":
        p.add_argument("file", metavar="FILE")
        p.add_argument("--test", metavar="FILE", help="held-out data that must not share prompts")
        p.add_argument("--model", help="counts tokens with its tokenizer, against its context")
        p.add_argument("--max-new-tokens", type=number(int, 0, 1 << 20), default=0, help="room that a prompt must leave")
    else:
        p.add_argument("runs", metavar="RUN", nargs="+")
        p.add_argument("--out", metavar="FILE.html", default="report.html")
        p.add_argument("--store", metavar="FILE", help="judgements, whose raters are shown too")
    as_json(p)


def run(args):
    return {"inspect": inspect, "compare": compare, "check": check, "report": report}[args.command](args)


def inspect(args):
    rows = runs.worst(args.run_, args.best or args.worst, args.by, args.step, best=bool(args.best))
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
    path = runs.report(args.runs, args.out, args.store)
    print(json.dumps({"report": path}) if args.json else f"Written: {path}")
    return 0


def visible_lines(text):
    return "\n".join(map(visible, text.split("\n")))
