"""`tutelage rate`, `export`, `import` and `erase`: people judge, and what they said goes where it is wanted."""

import os
import sys
import time

from .. import ConfigError, ValueError, io, text, train
from .._outside import write_whole
from ..rate import Desk, Settings
from ..store import Item, Store, exchange
from .demo import questions
from .screen import Interrupt, visible

FLAGS = {"question": "question", "strength": "strength", "per_item": "per_item", "count": "asked_for", "repeat_share": "repeat_share", "seed": "seed"}


def add_parsers(commands, number):
    rate = commands.add_parser("rate", help="judge answers, in the terminal or on a page")
    rate.add_argument("source", metavar="SOURCE", nargs="?", help="a file of pairs (JSON lines or CSV), or a model; without it, what the store asks already")
    rate.add_argument("--prompts", metavar="FILE", help="questions for a model, one a line; by default those that the demo asks")
    rate.add_argument("--store", metavar="FILE", help="where judgements are kept (default: judgements.db beside SOURCE)")
    rate.add_argument("--web", action="store_true", help="judge on a page in the browser")
    rate.add_argument("--train", action="store_true", help="let the model learn meanwhile")
    rate.add_argument("--every", type=number(int, 1, 10_000), default=10, help="judgements a lesson")
    rate.add_argument("--out", metavar="DIR", help="keep the model that is taught here")
    rate.add_argument("--samples", type=number(int, 2, 64), default=4, help="answers to each question, of which pairs are made")
    rate.add_argument("--question", default=Settings.question, help="what raters are asked")
    rate.add_argument("--guidelines", metavar="FILE", help="a text that raters can open")
    rate.add_argument("--strength", action="store_true", help="ask how much better, from 1 to 7")
    rate.add_argument("--per-item", type=number(int, 1, 1000), default=1, help="judgements a question, by different raters")
    rate.add_argument("--count", type=number(int, 1, 10**9), help="judgements asked for in all")
    rate.add_argument("--repeat-share", type=number(float, 0.0, 1.0), default=0.0, help="share of pairs that are asked a rater again, sides swapped")
    rate.add_argument("--rater", metavar="NAME", help="who judges in the terminal; only a pseudonym is stored")
    rate.add_argument("--host", default="127.0.0.1", help="address of the page; another than this machine's own needs --token")
    rate.add_argument("--port", type=number(int, 0, 65535), default=0, help="0: any")
    rate.add_argument("--token", help="of the link, 16 characters or more (default: random)")
    rate.add_argument("--no-open", action="store_true", help="print the link, open no browser")
    rate.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
    rate.add_argument("--threads", type=number(int, 0, 4096), default=0, help="0: all")

    out = commands.add_parser("export", help="write judgements to a file")
    out.add_argument("store", metavar="STORE")
    out.add_argument("--format", choices=exchange.FORMATS, default="preference", help="TRL's preference, completion and unpaired rows, HH-RLHF transcripts, CSV, or whole judgements")
    out.add_argument("--out", metavar="FILE", help="default: standard output")
    out.add_argument("--without-raters", action="store_true", help="leave out who judged, and when")
    out.add_argument("--without-notes", action="store_true", help="leave out notes")

    into = commands.add_parser("import", help="read judgements from a file into a store")
    into.add_argument("store", metavar="STORE")
    into.add_argument("file", metavar="FILE", help="JSON lines or CSV, as export writes them or as TRL has them")

    erase = commands.add_parser("erase", help="remove all that a rater gave")
    erase.add_argument("store", metavar="STORE")
    erase.add_argument("--rater", required=True, metavar="NAME", help="the rater's name or pseudonym")


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


def chat_model(path):
    """A model that can answer and be taught."""
    model = io.load_model(path)
    built_in = text.find_built_in(model.tokenizer)
    if built_in is None:
        raise ConfigError(f"rate: this model knows no turns of a chat: got {path}, expected a chat model with a built-in template.")
    model.tokenizer.config = built_in
    return model


def sampled(model, asked, samples, config, source):
    """One pair of different answers to each question, the first two that differ."""
    teacher, found = train.Teacher(model, config), {p: [] for p in asked}
    for k in range(samples):
        for p, a in zip(asked, teacher.sample(asked, k)):
            if a.strip() and a not in found[p]:
                found[p].append(a)
    return [Item.of(p, answers[:2], sources=[f"{source} sample {k}" for k in (0, 1)]) for p, answers in found.items() if len(answers) > 1]


def teach_config(model, seed):
    config = train.TeachConfig(seed=seed)
    config.max_new_tokens = min(128, max(config.max_new_tokens, model.transformer.config.max_positions // 4))
    return config


def store_of(args):
    if args.store:
        return args.store
    if args.source and os.path.isdir(args.source):
        return os.path.join(args.source, "judgements.db")
    return os.path.join(os.path.dirname(os.path.abspath(args.source)) if args.source and os.path.exists(args.source) else ".", "judgements.db")


def run(args):
    if args.train and not args.source:
        raise ConfigError("rate: nothing to train: got --train alone, expected a model as SOURCE.")
    if args.web:
        from ..rate.server import Server
    pairs = bool(args.source) and os.path.isfile(args.source) and args.source.endswith((".jsonl", ".json", ".csv"))
    if pairs and (args.train or args.prompts):
        raise ConfigError(f"rate: {args.source} is no model: got it with --train or --prompts, expected a model's folder or file.")
    items = exchange.read_items(args.source) if pairs else None
    model = chat_model(args.source) if args.source and not pairs else None
    settings = Settings(**{field: getattr(args, flag) for flag, field in FLAGS.items()})
    if args.guidelines:
        settings.guidelines = read_text(args.guidelines, "--guidelines")
    with Store(store_of(args)) as store:
        desk, lessons = Desk(store, settings), None
        config = teach_config(model, args.seed) if model else None
        # the port is taken before anything is sampled or trained
        server = Server(desk, args.host, args.port, args.token) if args.web else None
        if args.train:
            from ..rate.lessons import Lessons

            lessons = Lessons(desk, model, prompts(args), every=args.every, samples=args.samples, config=config, out=args.out).start()
        else:
            desk.add(sampled(model, prompts(args), args.samples, config, args.source) if model else items if pairs else store.items())
        try:
            return on_page(args, desk, server, lessons) if server else in_terminal(args, desk, store)
        finally:
            if lessons:
                lessons.stop()
                if lessons.lessons and not args.out:
                    print("What it learnt is not kept: --out DIR keeps it. The judgements are.")


def in_terminal(args, desk, store):
    from ..rate.terminal import Terminal

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


def run_export(args):
    with Store(args.store, create=False) as store:
        content = exchange.export(store, args.format, not args.without_raters, not args.without_notes)
    if not args.out:
        sys.stdout.write(content)
        return 0
    write_whole(args.out, content, 0o600)
    return 0


def run_import(args):
    with Store(args.store) as store:
        print(f"{exchange.load(store, args.file)} judgements added.")
    return 0


def run_erase(args):
    with Store(args.store, create=False) as store:
        rows = store.erase(args.rater)
    if not rows:
        raise ValueError(f"erase: no such rater: got {args.rater}, expected a name or a pseudonym that the store has answers of.")
    print(f"{rows} rows erased. Files that were exported before are not changed.")
    return 0
