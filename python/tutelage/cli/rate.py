"""`tutelage rate`: people judge, in the terminal or on a page."""

import os
import time

from .. import ConfigError, io
from ..rate import Desk, Settings
from ..store import Item, Store, exchange
from .demo import questions
from .flags import Misused, number, threads
from .screen import Interrupt, visible
from .teaching import chat_template, teachers

FLAGS = {"question": "question", "strength": "strength", "per_item": "per_item", "count": "asked_for", "repeat_share": "repeat_share", "seed": "seed"}


def arguments(p, command):
    p.add_argument("source", metavar="SOURCE", nargs="?", help="a file of pairs (JSON lines or CSV), or a model; without it, what the store asks already")
    p.add_argument("--prompts", metavar="FILE", help="questions for a model, one a line; by default those that the demo asks")
    p.add_argument("--store", metavar="FILE", help="where judgements are kept (default: judgements.db in a model's folder, or beside a file)")
    p.add_argument("--web", action="store_true", help="judge on a page in the browser")
    p.add_argument("--train", action="store_true", help="let the model learn meanwhile")
    p.add_argument("--every", type=number(int, 1, 10_000), default=10, help="judgements a lesson")
    p.add_argument("--out", metavar="DIR", help="keep the model that is taught here")
    p.add_argument("--samples", type=number(int, 2, 64), default=4, help="answers to each question, of which pairs are made")
    p.add_argument("--question", default=Settings.question, help="what raters are asked")
    p.add_argument("--guidelines", metavar="FILE", help="a text that raters can open")
    p.add_argument("--strength", action="store_true", help="ask how much better, from 1 to 7")
    p.add_argument("--per-item", type=number(int, 1, 1000), default=1, help="judgements a question, by different raters")
    p.add_argument("--count", type=number(int, 1, 10**9), help="judgements asked for in all")
    p.add_argument("--repeat-share", type=number(float, 0.0, 1.0), default=0.0, help="share of pairs that are asked a rater again, sides swapped")
    p.add_argument("--rater", metavar="NAME", help="who judges in the terminal; only a pseudonym is stored")
    p.add_argument("--host", default="127.0.0.1", help="address of the page; another than this machine's own needs --token")
    p.add_argument("--port", type=number(int, 0, 65535), default=0, help="0: any")
    p.add_argument("--token", help="of the link, 16 characters or more (default: random)")
    p.add_argument("--no-open", action="store_true", help="print the link, open no browser")
    p.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
    threads(p)


def read_text(path, what):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"rate: {what} cannot be read: got {error}, expected a text file.") from error


def prompts(args):
    if not args.prompts:
        return questions()["identity_asked"]
    found = list(dict.fromkeys(line.strip() for line in read_text(args.prompts, "--prompts").splitlines() if line.strip()))
    if not found:
        raise ConfigError(f"rate: no question: got {args.prompts}, which is empty, expected one a line.")
    return found


def sampled(teacher, asked, samples, source):
    """One pair of different answers to each question, the first two that differ."""
    found = {p: [] for p in asked}
    for k in range(samples):
        for p, a in zip(asked, teacher.sample(asked, k)):
            if a.strip() and a not in found[p]:
                found[p].append(a)
    return [Item.of(p, answers[:2], sources=[f"{source} sample {k}" for k in (0, 1)]) for p, answers in found.items() if len(answers) > 1]


def store_of(args):
    if args.store:
        return args.store
    if args.source and os.path.isdir(args.source):
        return os.path.join(args.source, "judgements.db")
    return os.path.join(os.path.dirname(os.path.abspath(args.source)) if args.source and os.path.exists(args.source) else ".", "judgements.db")


def run(args):
    if args.train and not args.source:
        raise Misused("rate: nothing to train: got --train alone, expected a model as SOURCE.")
    if args.web:
        from ..rate.server import Server
    pairs = bool(args.source) and os.path.isfile(args.source) and args.source.endswith((".jsonl", ".json", ".csv"))
    if pairs and (args.train or args.prompts):
        raise Misused(f"rate: {args.source} is no model: got it with --train or --prompts, expected a model's folder or file.")
    items = exchange.read_items(args.source) if pairs else None
    model = io.load_model(args.source) if args.source and not pairs else None
    if model:
        chat_template(model, "rate")
    settings = Settings(**{field: getattr(args, flag) for flag, field in FLAGS.items()})
    if args.guidelines:
        settings.guidelines = read_text(args.guidelines, "--guidelines")
    with Store(store_of(args)) as store:
        desk, lessons = Desk(store, settings), None
        # the port is taken before anything is sampled or trained
        server = Server(desk, args.host, args.port, args.token) if args.web else None
        make_teacher = teachers(model, args.train, seed=args.seed) if model else None
        if args.train:
            from ..rate.lessons import Lessons

            lessons = Lessons(desk, make_teacher, prompts(args), every=args.every, samples=args.samples, out=args.out).start()
        else:
            desk.add(sampled(make_teacher(), prompts(args), args.samples, args.source) if model else items if pairs else store.items())
        try:
            return on_page(args, desk, server, lessons) if server else in_terminal(args, desk, store)
        finally:
            if lessons:
                lessons.stop()
                if lessons.lessons and not args.out:
                    print("What it learnt is not kept: --out DIR keeps it. The judgements are.")


def in_terminal(args, desk, store):
    from ..rate.terminal import Terminal

    if any(not isinstance(answer, str) for item in store.items() for answer in item.answers):
        print("Replays are seen on the page: --web shows them.")
    rater = store.pseudonym(args.rater or os.environ.get("USER") or str(os.getuid()))
    Terminal(desk, rater).run()
    return 0


def on_page(args, desk, server, lessons):
    server.start()
    print(f"Judge here: {server.link}\nKept in {visible(desk.store.path)}. Ctrl-C ends it.", flush=True)
    if not args.no_open and not server.open():
        print("No browser could be opened: open the link yourself.", flush=True)
    try:
        with Interrupt(quiet=True) as stop:
            while not stop() and not finished(desk, args, lessons):
                time.sleep(0.2)
    finally:
        p = desk.progress()
        server.stop()
    print(f"{p['answered']} of {p['asked_for']} answered. Kept in {visible(desk.store.path)}.")
    return 0


def finished(desk, args, lessons):
    """A page stays up until the person ends it, so that the last answers can still be changed; a count that was asked for ends it."""
    return bool(args.count) and not lessons and desk.progress()["answered"] >= args.count
