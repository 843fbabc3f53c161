"""`tutelage chat`: talk, and teach in the conversation."""

import os
import sys
import time

from .. import ConfigError, Error, io, prefs, train
from .flags import number, threads
from .screen import Interrupt, Progress, visible
from .teaching import answer_tokens, chat_template, teachers

HELP = """  /right            the last answer was right
  /wrong            it was not
  /say TEXT         it should have been TEXT; or say it in a sentence: That is not quite right; humans would say, "TEXT"
  /undo             forget what was learnt last
  /quit             leave"""

def arguments(p, command):
    p.add_argument("path", metavar="PATH", help="a folder, a .gguf file, llama2.c's .bin, or owner/name in Hugging Face's local cache")
    p.add_argument("--max-new-tokens", type=number(int, 1, 1 << 20), help="of an answer; by default a quarter of what the model can hold, at most 128")
    p.add_argument("--learn", action="store_true", help="let it be taught: /right, /wrong, /say TEXT, or say how humans would answer, in quotes")
    p.add_argument("--out", metavar="DIR", help="keep what it learns here; by default in PATH, or for a file in NAME-taught")
    threads(p)

def converse(teacher, learn, folder=None, lines=None):
    """Reads lines until the end; judgements and the model are kept in `folder` if there is one."""
    log = prefs.JudgementLog(os.path.join(folder, "judgements.jsonl")) if folder else None
    terminal = lines is None and sys.stdin.isatty()
    if terminal:
        print("Talk to it." + (" Teach it: /right, /wrong, /say TEXT; /help shows more." if learn else "") + " /quit or Ctrl-D leaves.")
    while True:
        try:
            line = input("you> ") if lines is None else next(lines)
        except (EOFError, StopIteration):
            print()
            return
        if not terminal and lines is None:
            print(visible(line))
        if not line.strip():
            continue
        try:
            if not one_line(teacher, line, learn, folder, log):
                return
        except (Error, ValueError) as error:
            print(f"     {error}")

def one_line(teacher, line, learn, folder, log):
    """Answers or learns; False to leave."""
    kind, asked = train.understand(line) if learn or line.startswith("/") else ("question", line.strip())
    if kind == "quit":
        return False
    if kind == "help" or (kind != "question" and not learn):
        print(HELP if learn else "  /quit leaves; start with --learn to teach it")
    elif kind == "question":
        print("bot> " + "\n     ".join(map(visible, teacher.answer(asked).split("\n"))), flush=True)
    elif kind == "undo":
        print("     Back to before the last lesson." if teacher.undo() else "     There is nothing to undo.")
        if folder:
            io.save_model(folder, teacher.model())
    else:
        judgement = teacher.feedback(line)
        if log:
            log.append(judgement)
        question = visible(judgement.prompt)
        said = {"right": "that was right", "wrong": "that was not right", "correction": f'I should say "{visible(judgement.correction)}"'}[judgement.kind]
        print(f'     Understood: asked "{question}", {said}. Learning ...', flush=True)
        start = time.monotonic()
        with Interrupt() as stop:
            report = teacher.update(progress=Progress(), should_stop=stop)
        for alarm in report.alarms:
            print(f"     Look at what it says now: {alarm.message}.")
        if folder:
            io.save_model(folder, teacher.model())
        print(f"     Learnt in {time.monotonic() - start:.0f} s. /undo takes it back.", flush=True)
    return True

def go_on(model, max_new_tokens):
    """Of a model without turns: it goes on from each line."""
    print("This model knows no turns of a chat: it goes on from what you write. /quit or Ctrl-D leaves.")
    while True:
        try:
            line = input("you> ")
        except EOFError:
            print()
            return
        if line.strip() == "/quit":
            return
        if line.strip():
            ids = model.tokenizer.encode(line, add_special=True)
            found = model.transformer.generate([ids], temperature=0, max_new_tokens=max_new_tokens, stop_ids=model.ids.eos)[0]
            print("\n".join(map(visible, model.tokenizer.decode(ids + found.ids).split("\n"))), flush=True)

def folder_of(args):
    """Where what it learns is kept: a folder is changed in place, of a file or a model in the cache comes a folder here."""
    if args.out or os.path.isdir(args.path):
        return args.out or args.path
    return os.path.splitext(os.path.basename(args.path))[0] + "-taught"

def run(args):
    model = io.load_model(args.path)
    try:
        chat_template(model, "chat")
    except ConfigError:
        if args.learn:
            raise
        go_on(model, args.max_new_tokens or answer_tokens(model))
        return 0
    folder = folder_of(args) if args.learn else None
    if folder and folder != args.path:
        print(f"What it learns is kept in {visible(folder)}.")
        os.makedirs(folder, exist_ok=True)
    converse(teachers(model, args.learn, args.max_new_tokens)(), args.learn, folder)
    return 0
