"""Stories of a model of 260 thousand weights, led towards VADER's sentiment by PPO; and the time of the same loop in PyTorch.

    python benchmarks/stories/run.py [--iterations 100] [--threads 2] [--out benchmarks/results/stories.json]

Needs ../shared/data/stories260K beside the repository, torch, transformers and vaderSentiment. What is reached is measured on openings that are held out; both
loops take the same steps: the loss, value loss, gradient norm and KL of two passes over the same answers are compared before anything is timed. They take turns.
"""

import argparse
import collections
import datetime
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tutelage  # noqa: E402
from common import machine, report, torch_settings  # noqa: E402
from common.pairs import Effort, agree, compare  # noqa: E402
from common.torch_settings import SETTINGS  # noqa: E402
from common.worker import Worker  # noqa: E402
from stories import inputs, ours  # noqa: E402

SAMPLES = 8  # stories of each opening
TOLERANCE = 1e-4
STATISTICS = ("reward", "policy loss", "value loss", "gradient norm", "approximate KL")


def look(policy, reference):
    """Stories of the openings that nothing was learnt from."""
    prompts = [p for p in inputs.openings()[1] for _ in range(SAMPLES)]
    told = policy.generate(inputs.openings()[1], max_new_tokens=inputs.LOOP["max_new_tokens"], stop_ids=inputs.STOP_IDS, num_samples=SAMPLES, seed=7)
    answers = [list(a.ids) for a in told]
    before = [sum(map(float, row[-len(a):])) for row, a in zip(reference.logprobs([p + a for p, a in zip(prompts, answers)]), answers)]
    pairs = [pair for a in answers for pair in zip(a, a[1:])]
    sentences = collections.Counter()
    for p, a in zip(prompts, answers):
        sentences.update({s.strip() for s in re.split("[.!?]", inputs.story(p, a))[:-1]} - {""})  # what follows the last full stop is cut off
    commonest, times = sentences.most_common(1)[0]
    return {"reward": sum(inputs.sentiment(prompts, answers)) / len(answers), "kl": sum(sum(map(float, a.logprobs)) - b for a, b in zip(told, before)) / len(told),
            "distinct_2": len(set(pairs)) / len(pairs), "commonest_sentence": commonest, "share_of_it": times / len(answers), "stories": len(answers),
            "examples": [inputs.story(prompts[i], answers[i]) for i in (0, 8, 16)]}


def learn(iterations, threads):
    tutelage.set_num_threads(threads)
    trainer = ours.trainer()
    start = look(trainer.policy, trainer.reference)
    began, kls = time.monotonic(), []
    trainer.train(inputs.openings()[0], inputs.sentiment, iterations, progress=lambda p: kls.append(p.metrics["kl"]) if p.stage == "ppo" else None)
    end = {"seconds": time.monotonic() - began, "iterations": iterations, "kl_while_learning_last_third": sum(kls[-iterations // 3:]) / len(kls[-iterations // 3:])}
    return start, {**look(trainer.policy, trainer.reference), **end}


def start(module, key, **settings):
    form, environment, threads = key
    worker = Worker(f"stories.{module}", SETTINGS[environment])
    worker.call("setup", threads=threads, **({"form": form} if module == "torch_llama" else {}), **settings)
    return worker


def beside_torch(threads, effort):
    check = {"mini_batch_size": 0, "num_epochs": 2}
    with start("ours", ("", "plain", threads), **check) as mine, start("torch_llama", ("loop", "plain", threads), **check) as other:
        first = mine.call("first")
        difference = max(agree(*them, TOLERANCE) for them in zip(STATISTICS, first["stats"], other.call("replay", ids=first["ids"])))
    best = torch_settings.find_best(lambda key: start("torch_llama", key), ("loop", "generate"), threads, effort)
    with best.worker as theirs, start("ours", ("", "plain", threads)) as mine:
        return {"beside": f"torch, Llama of transformers, {torch_settings.label(best.key)}", "threads": threads, "difference": difference, **compare(mine, theirs, effort)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--iterations", type=int, default=100)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", default=os.path.join(os.path.dirname(HERE), "results", "stories.json"))
    args = p.parse_args()
    before, after = learn(args.iterations, args.threads)
    speed = beside_torch(args.threads, Effort())
    rows = [("reward of the start", before["reward"], "0.55", None), ("reward", after["reward"], "at least 0.88", after["reward"] >= 0.88),
            ("KL, nats a story", after["kl"], "under 11", after["kl"] < 11),
            ("distinct-2 over the start's", after["distinct_2"] / before["distinct_2"], "at least 0.5", after["distinct_2"] >= 0.5 * before["distinct_2"]),
            ("share of stories with the commonest sentence", after["share_of_it"], "at most 0.2", after["share_of_it"] <= 0.2),
            ("time of the loop in torch over ours", speed["ratio"], "at least 5", speed["ratio"] >= 5)]
    for name, value, figure, reached in rows:
        print(f"{name:46} {value:7.3f}  {figure:14} {'' if reached is None else 'yes' if reached else 'NO'}")
    print(f"{args.iterations} iterations in {after['seconds']:.1f} s; an iteration {report.seconds(speed['ours_seconds'])}, in torch {report.seconds(speed['theirs_seconds'])}")
    report.save(args.out, {"title": "Stories led towards a sentiment", "date": datetime.date.today().isoformat(), "machine": machine.describe(args.threads),
                           "loop": {**inputs.LOOP, **inputs.OPTIMIZER}, "start": before, "end": after, "speed": speed,
                           "rows": [{"row": n, "value": v, "figure": f, "reached": r} for n, v, f, r in rows]})
    return 0 if all(reached is not False for *_, reached in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
