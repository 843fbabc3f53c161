"""`tutelage export`, `import`, `erase` and `stats`: what people said, out of a store and into it, and how far it can be trusted."""

import json
import sys

from .. import ValueError
from .._outside import write_whole
from ..store import Store, exchange
from .flags import as_json

SHARES = {"gold": "right where the answer is known", "consistency": "the same with the sides swapped", "first": "took what was shown first", "longer": "took the longer one"}


def arguments(p, command):
    p.add_argument("store", metavar="STORE")
    if command == "export":
        p.add_argument("--format", choices=exchange.FORMATS, default="preference", help="TRL's preference, completion and unpaired rows, HH-RLHF transcripts, CSV, or whole judgements")
        p.add_argument("--out", metavar="FILE", help="default: standard output")
        p.add_argument("--without-raters", action="store_true", help="leave out who judged, and when")
        p.add_argument("--without-notes", action="store_true", help="leave out notes")
        return
    if command == "import":
        p.add_argument("file", metavar="FILE", help="JSON lines or CSV, as export writes them or as TRL has them")
    if command == "erase":
        p.add_argument("--rater", required=True, metavar="NAME", help="the rater's name or pseudonym")
    as_json(p)


def run(args):
    return {"export": export, "import": load, "erase": erase, "stats": stats}[args.command](args)


def export(args):
    with Store(args.store, create=False) as store:
        content = exchange.export(store, args.format, not args.without_raters, not args.without_notes)
    if args.out:
        write_whole(args.out, content, 0o600)
    else:
        sys.stdout.write(content)
    return 0


def load(args):
    with Store(args.store) as store:
        added = exchange.load(store, args.file)
    print(json.dumps({"added": added}) if args.json else f"{added} judgements added.")
    return 0


def erase(args):
    with Store(args.store, create=False) as store:
        rows = store.erase(args.rater)
    if not rows:
        raise ValueError(f"erase: no such rater: got {args.rater}, expected a name or a pseudonym that the store has answers of.")
    print(json.dumps({"erased": rows}) if args.json else f"{rows} rows erased. Files that were exported before are not changed.")
    return 0


def stats(args):
    from ..runs.folder import finite
    from ..store.raters import agreement

    with Store(args.store, create=False) as store:
        found = agreement(store)
    if args.json:
        share = lambda s: {**s._asdict(), "share": s.share if s.count else None}
        one = lambda r: {"answers": r.answers, "seconds": r.seconds, "reliability": r.reliability and r.reliability._asdict(), **{name: share(getattr(r, name)) for name in SHARES}}
        print(json.dumps(finite({"answered": found.answered, "raters": {name: one(r) for name, r in found.raters.items()}, "raw": share(found.raw), "kappa": [[*two, value] for two, value in found.kappa.items()], "alpha": found.alpha})))
        return 0
    print(f"{found.answered} judgements stand.")
    for name, r in found.raters.items():
        print(f"{name}: {r.answers} answers, {r.seconds:.1f} s each" + (f"; reliability {r.reliability.value:.2f} [{r.reliability.low:.2f} to {r.reliability.high:.2f}]" if r.reliability else ""))
        for field, what in SHARES.items():
            print(f"  {what:34} {told(getattr(r, field))}")
    for (one, other), value in found.kappa.items():
        print(f"{one} and {other}, beyond chance (kappa) {value:.2f}")
    print(f"{'two raters say the same':36} {told(found.raw)}\n{'beyond chance (alpha)':36} " + (f"{found.alpha:.2f}" if found.raw.count else "-"))
    return 0


def told(share):
    return f"{100 * share.share:.0f} % of {share.count} [{100 * share.low:.0f} to {100 * share.high:.0f}]" if share.count else "-"
