"""`tutelage demo`: a small chatbot learns to talk, is judged, and answers better."""

import json
import os
import sys
import time
from importlib import resources

from .. import io, peak_memory, prefs, text, train
from .chat import converse
from .data import read_data
from .flags import as_json, number, threads
from .judges import SHIPPED, WISHES, Judge
from .screen import Interrupt, Progress, visible

ROUNDS, PER_ROUND, MOST_CORRECTIONS, POOL, OTHERS, DRAWS = 3, 40, 3, 288, 40, 4


def questions():
    return json.loads(resources.files("tutelage").joinpath("data/questions.json").read_text(encoding="utf-8"))


def shipped_conversations():
    return io.read_conversations(str(resources.files("tutelage").joinpath("data/conversations.jsonl")))


def identity_wordings():
    """Every shipped wording of the subject that is taught."""
    with resources.files("tutelage").joinpath("data/conversations.jsonl").open(encoding="utf-8") as file:
        return [row["messages"][0]["content"] for row in map(json.loads, file) if row["subject"] == "identity"]


def arguments(p, command):
    p.add_argument("--judge", metavar="FILE.py:FUNCTION", help='who judges: "simulated", or a function (question, answer) -> accepted; without it, you')
    p.add_argument("--wish", choices=WISHES, default="identity", help="what the simulated judge wants")
    p.add_argument("--data", metavar="PATH", help="other conversations: JSON lines in TRL's columns, or chatterbot-corpus YAML (a file or a folder)")
    p.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0)
    p.add_argument("--out", metavar="DIR", help="keep model, tokenizer, judgements, metrics and transcript here")
    p.add_argument("--ablate", choices=["corrections", "judgements", "verdicts"], help="learn from one part alone")
    p.add_argument("--error-rate", type=number(float, 0.0, 1.0), help="share of the simulated judge's verdicts that are turned round (default: the judge's own)")
    as_json(p)
    threads(p)


class Run:
    """The files of --out; each judgement is on disk before the next is asked."""

    def __init__(self, folder):
        self.folder = folder
        if folder:
            os.makedirs(folder, exist_ok=True)
            for name in ("judgements.jsonl", "metrics.jsonl", "transcript.jsonl"):
                if os.path.exists(os.path.join(folder, name)):
                    os.replace(os.path.join(folder, name), os.path.join(folder, name + ".old"))
            self._log = prefs.JudgementLog(os.path.join(folder, "judgements.jsonl"))

    def judgement(self, judgement):
        if self.folder:
            self._log.append(judgement)

    def line(self, name, row):
        if self.folder:
            with open(os.path.join(self.folder, name), "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def measure(teacher, judge, asked, held_out, others, run, when, sample):
    """What the judge accepts of DRAWS sampled answers a wording, and what leaks into one answer to each question on another subject."""
    row = {"held_out": []}
    for name, group, draws in (("accepted_asked", asked, DRAWS), ("accepted", held_out, DRAWS), ("leaked", others, 1)):
        row[name] = 0
        for draw in range(sample, sample + draws):
            for q, a in zip(group, teacher.sample(group, draw)):
                verdict = bool(judge.leaks and judge.leaks(a)) if name == "leaked" else judge.accepts(q, a)
                row[name] += verdict
                if name == "accepted":
                    row["held_out"].append((q, a, verdict))
                run.line("transcript.jsonl", {"when": when, "group": name, "question": q, "answer": a, "sample": draw, "verdict": verdict})
    return row


def share_accepted(teacher, judge, questions, sample):
    return sum(judge.accepts(q, a) for q, a in zip(questions, teacher.sample(questions, sample))) / len(questions)


def unseen_pairs(teacher, verdicts):
    """How many pairs of an accepted and a rejected answer to one wording that was never asked the reward models order as the judge does."""
    right, wrong = {}, {}
    for q, a, verdict in verdicts:
        (right if verdict else wrong).setdefault(q, dict())[a] = None
    pairs = [(q, r, w) for q in right if q in wrong for r in right[q] for w in wrong[q]]
    if not pairs or not teacher.has_reward:
        return 0, 0
    score = lambda i: teacher.score([p[0] for p in pairs], [p[i] for p in pairs])
    return sum(r > w for r, w in zip(score(1), score(2))), len(pairs)


def ask_round(teacher, judge, asked, corrections, ablate, run):
    """Asks about answers where the reward models differ most, and keeps what is said. Returns the judgements; `corrections` were given before."""
    new = []
    for question, answer, _ in teacher.to_ask(asked, max(1, POOL // len(asked)), PER_ROUND):
        accepted, better = judge.says(question, answer)
        kind = "right" if accepted else "wrong"
        if better and corrections < MOST_CORRECTIONS and ablate != "verdicts":
            kind, corrections = "correction", corrections + 1
        else:
            better = ""
        if ablate == "corrections" and kind != "correction":
            continue
        judgement = prefs.Judgement(kind, question, answer, correction=better, annotator=judge.annotator)
        run.judgement(judgement)
        teacher.judge(judgement)
        new.append(judgement)
    return new


def teach(teacher, judge, asked, held_out, run, ablate, stop, say, progress):
    """The rounds. Returns what happened in numbers."""
    told = {"judgements": 0, "corrections": 0, "asked_where_unsure": 0, "rounds": 0, "ppo_seconds": 0.0, "kl": 0.0, "curve": [], "reliability": {}, "alarms": []}
    for number in range(ROUNDS):
        if stop():
            break
        unsure = teacher.has_reward
        new = ask_round(teacher, judge, asked, told["corrections"], ablate, run)
        if not new:
            break
        told["judgements"] += len(new)
        told["corrections"] += sum(j.kind == "correction" for j in new)
        told["asked_where_unsure"] += len(new) if unsure else 0
        accepted = sum(j.kind == "right" for j in new)
        say(f"round {number + 1}: {len(new)} answers judged, {accepted} accepted; learning from them ...")
        report = teacher.update(progress=progress, should_stop=stop)
        for alarm in report.alarms:
            say(f"   alarm ({alarm.kind}): {alarm.message}")
        told["alarms"] += [alarm.kind for alarm in report.alarms]
        told["rounds"] += 1
        told["curve"].append([told["judgements"], share_accepted(teacher, judge, held_out, 2000 + number)])
        told["ppo_seconds"] += report.ppo_seconds
        told["kl"], told["reliability"] = report.ppo.kl, report.reliability
        run.line("metrics.jsonl", {"round": number + 1, "judged": len(new), "accepted": accepted, "pairs": report.pairs, "carried": report.carried, "kl": report.ppo.kl,
                                   "accepted_held_out": told["curve"][-1][1], "reward": report.ppo.reward, "sft_seconds": report.sft_seconds, "reward_seconds": report.reward_seconds, "ppo_seconds": report.ppo_seconds})
    return told


def chatbot_config(seed, own_data):
    """Other people's answers are longer and rival each other: three times the passes."""
    return train.ChatbotConfig(seed=seed, epochs=100) if own_data else train.ChatbotConfig(seed=seed)


def config_for(ablate, seed):
    config = train.TeachConfig(seed=seed)
    if ablate == "corrections":
        config.ppo_iterations = 0
    if ablate in ("judgements", "verdicts"):
        config.sft_steps = 0
    return config


def share(name, before, after, total):
    _, low, high, _ = prefs.wilson_share(after / DRAWS, total // DRAWS)  # answers to one wording are not independent: the wordings count
    return f"{name} {before} of {total} -> {after} of {total} [{100 * low:.0f} to {100 * high:.0f} %, 95 %]"


def run(args):
    start = time.monotonic()
    say = (lambda *_: None) if args.json else (lambda line: print(line, flush=True))
    by_hand = args.judge is None and sys.stdin.isatty() and not args.json
    judge = None if by_hand else Judge(args.judge or SHIPPED, args.error_rate, args.seed, args.wish)
    files = Run(args.out)
    say("tutelage demo: a small chatbot learns to talk here, from nothing; then it is taught.")
    conversations = read_data(args.data) if args.data else shipped_conversations()
    say(f"1. {len(conversations)} short exchanges to learn from")
    progress = Progress(quiet=args.json)
    with Interrupt() as stop:
        model = train.train_chatbot(conversations, chatbot_config(args.seed, bool(args.data)), progress=progress, should_stop=stop)
        teacher = train.Teacher(model, config_for(args.ablate, args.seed))
        say(f"   {model.transformer.num_parameters:,} parameters, {time.monotonic() - start:.0f} s so far")
        if args.out:
            io.save_model(args.out, model)
        if not by_hand:
            say(f"2. The judge is {judge.source}, wrong in {100 * judge.error_rate:.0f} % of its answers. It wants this: {judge.wish}.")
            try:
                result = judged(args, teacher, judge, files, stop, say, progress, start)
            finally:  # a judge that fails takes nothing away that was learnt
                if args.out:
                    io.save_model(args.out, teacher.model())
    if by_hand:
        if not args.out:
            say("   What you teach it is gone when you leave; tutelage demo --out DIR keeps it.")
        converse(teacher, True, args.out)
        return 0
    if args.out:
        say(f"Kept in {args.out}. Talk to it: tutelage chat {args.out} --learn")
    if args.json:
        print(json.dumps(result))
    return 0


def subjects(model, own_data):
    """Questions to ask, held-out wordings, questions on other subjects, a few of them to show, and exchanges on other subjects for the loss."""
    asked, held_out, others, shown = (questions()[k] for k in ("identity_asked", "identity_held_out", "others", "shown"))
    taught = set(asked) | set(held_out) | set(identity_wordings())
    exchanges = [c for c in model.conversations if c[-2]["content"] not in taught]
    if own_data:  # it need not know a single wording, so that more of them are asked
        asked = identity_wordings()
        others = list(dict.fromkeys(c[-2]["content"] for c in exchanges))
        others = others[:: max(1, len(others) // OTHERS)]
        shown = others[:8]
    return asked, held_out, others[:OTHERS], shown, [text.render_example(model.tokenizer, c) for c in exchanges][::7]


def judged(args, teacher, judge, files, stop, say, progress, start):
    asked, held_out, others, shown, rest = subjects(teacher.model(), bool(args.data))
    loss_before = train.sft_loss(teacher.policy, rest)
    examples = asked[:1] + held_out[:3]
    greedy_before = {q: teacher.answer(q) for q in examples + shown}
    before = measure(teacher, judge, asked, held_out, others, files, "before", 1000)
    told = teach(teacher, judge, asked, held_out, files, args.ablate, stop, say, progress)
    after = measure(teacher, judge, asked, held_out, others, files, "after", 1100)
    say("\n3. Before and after, most likely answers (asked, then never asked while judging):")
    for q in examples:
        say(f"   {visible(q)}\n     before: {visible(greedy_before[q])}\n     after:  {visible(teacher.answer(q))}")
    say("   Other questions (* marks what changed):")
    for q in shown:
        now = teacher.answer(q)
        say(f"   {'*' if now != greedy_before[q] else ' '} {visible(q)}  {visible(greedy_before[q])}" + (f"  ->  {visible(now)}" if now != greedy_before[q] else ""))
    seconds = time.monotonic() - start
    right, pairs = unseen_pairs(teacher, before["held_out"] + after["held_out"])
    loss_after = train.sft_loss(teacher.policy, rest)
    say(f"\n4. {told['judgements']} answers from the judge, {told['asked_where_unsure']} of them asked where the reward models differed most; {told['corrections']} corrections")
    _, low, high, _ = prefs.wilson_share(right, pairs)
    say(f"   reward models right on {right} of {pairs} unseen pairs" + (f" [{100 * low:.0f} to {100 * high:.0f} %, 95 %]" if pairs else ""))
    say(f"   PPO {told['ppo_seconds']:.0f} s, KL {told['kl']:.2f} nats an answer; {told['rounds']} rounds")
    say("   " + share("accepted, wordings never asked:", before["accepted"], after["accepted"], DRAWS * len(held_out))
        + "; " + share("asked:", before["accepted_asked"], after["accepted_asked"], DRAWS * len(asked)))
    say(f"   leaked into other subjects: {after['leaked']} of {len(others)}; loss there {loss_before:.3f} -> {loss_after:.3f} nats a token; {seconds:.0f} s, tensors {peak_memory() / 2**20:.0f} MB")
    return {
        "accepted_before": before["accepted"] / (DRAWS * len(held_out)), "accepted_after": after["accepted"] / (DRAWS * len(held_out)),
        "accepted_before_asked": before["accepted_asked"] / (DRAWS * len(asked)), "accepted_after_asked": after["accepted_asked"] / (DRAWS * len(asked)),
        "judgements": told["judgements"], "corrections": told["corrections"], "leaked": after["leaked"], "rounds": told["rounds"], "kl": told["kl"],
        "reward_model_accuracy": right / pairs if pairs else None, "seconds": seconds, "peak_memory_mb": peak_rss_mb(), "model": args.out,
        "curve": told["curve"], "alarms": told["alarms"], "loss_before": loss_before, "loss_after": loss_after,
    }


def peak_rss_mb():
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
