"""What a learned reward is worth the further a policy follows it: gold reward against KL, and where an early stop that sees only judgements ends.

    python benchmarks/over_optimisation/run.py [--seeds 6] [--minutes 9] [--out benchmarks/results]

The gold scorer stands for people: the sentiment of a story (VADER), less the share of its word pairs that it says again. The proxy is a reward model (three
transformers of 260 thousand weights) fitted to pairs of stories that judges with a tenth of mistakes compared by the gold score. PPO follows the proxy without a
KL penalty. Every few iterations the policy of now challenges the best so far on openings that are held out (prefs.ChampionTest); after some challenges
in a row that it does not win the run would stop and keep the champion. Neither proxy nor gold scores enter that decision, only what judges say.

Each seed is a line of over_optimisation.jsonl, written when it is done; a call goes on where the last one of the same world ended.
"""

import argparse
import datetime
import json
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tutelage  # noqa: E402
from common import machine, report  # noqa: E402
from common.world import LIBRARY, digest  # noqa: E402
from stories import inputs  # noqa: E402
from tutelage import optim, prefs, train  # noqa: E402

WORLD = {"pairs": 400, "members": 3, "epochs": 4, "errors": 0.1, "iterations": 200, "learning_rate": 1e-4, "every": 8, "judgements": 400, "patience": 5, "stories": 256}
KEY = digest(*LIBRARY, __file__, inputs.__file__)


def gold(prompts, answers):
    scores = []
    for prompt, answer, sentiment in zip(prompts, answers, inputs.sentiment(prompts, answers)):
        words = inputs.story(prompt, answer).lower().split()
        pairs = list(zip(words, words[1:]))
        scores.append(sentiment - (1 - len(set(pairs)) / len(pairs)))
    return scores


def stories(policy, prompts, seed, number=1):
    return [list(a.ids) for a in policy.generate(prompts, max_new_tokens=inputs.LOOP["max_new_tokens"], stop_ids=inputs.STOP_IDS, num_samples=number, seed=seed)]


class Judge:
    """Says which of two stories has more gold, and errs in a tenth."""

    def __init__(self, seed):
        self.rng, self.asked = random.Random(f"judge {seed}"), 0

    def prefers_first(self, first, second):
        self.asked += 1
        right = first > second if first != second else self.rng.random() < 0.5
        return right != (self.rng.random() < WORLD["errors"])


def proxy_of(model, prompts, judge, seed):
    """Fitted to stories that the first policy tells."""
    asked = [prompts[i % len(prompts)] for i in range(WORLD["pairs"])]
    two = [stories(model, asked, 1000 * seed + k) for k in (1, 2)]
    pairs = [train.Pair(p + a, p + b) if judge.prefers_first(x, y) else train.Pair(p + b, p + a) for p, a, b, x, y in zip(asked, *two, *(gold(asked, t) for t in two))]
    config = train.RewardConfig(epochs=WORLD["epochs"], batch_size=32, error_rate=WORLD["errors"], seed=seed, optimizer=optim.AdamWConfig(learning_rate=1e-3, weight_decay=0.01))
    return train.fit_ensemble(model, pairs, members=WORLD["members"], config=config)


def wins(policy, champion, prompts, judge, seed, step):
    """Whether judges find the policy better than the champion: a sequential test on new stories of both."""
    test = prefs.ChampionTest(prefs.ChampionTestConfig(alpha=0.05, give_up=0.05, error_rate=WORLD["errors"], max_judgements=WORLD["judgements"]), seed=seed + step)
    asked = [prompts[i % len(prompts)] for i in range(WORLD["judgements"])]
    mine, other = (gold(asked, stories(p, asked, 10**6 * (k + 1) + 1000 * seed + step)) for k, p in enumerate((policy, champion)))
    verdict = "undecided"
    for x, y in zip(mine, other):
        if verdict != "undecided":
            break
        better = judge.prefers_first(x, y)
        verdict = test.add("a" if better == test.challenger_first else "b")
    return verdict == "replace"


def run(seed):
    model, (prompts, held_out) = inputs.model(), inputs.openings()
    judge = Judge(seed)
    proxy = proxy_of(model, prompts, judge, seed)
    settings = {**inputs.LOOP, "kl_coef": 0.0, "kl_target": 0.0}
    adamw = optim.AdamWConfig(**{**inputs.OPTIMIZER, "learning_rate": WORLD["learning_rate"]})
    trainer = train.PPOTrainer(model, train.PPOConfig(**settings, stop_ids=inputs.STOP_IDS, seed=seed, optimizer=adamw))
    champion, champion_at, lost, stopped, kl, points = model, 0, 0, None, 0.0, []
    measured = held_out * (WORLD["stories"] // len(held_out))
    for k in range(WORLD["iterations"] + 1):
        if k % WORLD["every"] == 0:
            told = stories(trainer.policy, measured, 77)
            points.append({"iteration": k, "kl": kl, "gold": sum(gold(measured, told)) / len(told), "proxy": sum(proxy.score([p + a for p, a in zip(measured, told)])) / len(told)})
            if k and stopped is None:
                if wins(trainer.policy, champion, held_out, judge, seed, k):
                    champion, champion_at, lost = trainer.policy, k, 0
                else:
                    lost += 1
                    stopped = k if lost >= WORLD["patience"] else None
        asked = [prompts[i] for i in train.prompt_places(len(prompts), inputs.LOOP["batch_size"], k, seed)]
        answers = trainer.generate(asked)
        kl = trainer.step(asked, answers, [float(x) for x in proxy.score([p + list(a.ids) for p, a in zip(asked, answers)])]).kl
    return {"key": KEY, "seed": seed, "points": points, "stopped": stopped, "kept": champion_at, "judgements": judge.asked}


def verdict(line):
    """Gold of the start, at the peak, at the end, and of what the early stop keeps; of the peak's gain the share that is kept."""
    points = {p["iteration"]: p["gold"] for p in line["points"]}
    start, peak, end, kept = points[0], max(points.values()), line["points"][-1]["gold"], points[line["kept"]]
    return {"seed": line["seed"], "start": start, "peak": peak, "peak_at": max(points, key=points.get), "end": end, "kept": kept, "kept_at": line["kept"],
            "stopped_at": line["stopped"], "share_of_peak": kept / peak, "share_of_gain": (kept - start) / (peak - start)}


def picture(lines):
    """Gold and proxy over the root of the KL, as Gao et al. 2023 draw them; a ring where the early stop ends."""
    width, height, left, top, wide, high = 640, 400, 60, 20, 560, 320
    most = max(p["kl"] for line in lines for p in line["points"]) ** 0.5
    span = {}
    for name in ("gold", "proxy"):
        values = [p[name] for line in lines for p in line["points"]]
        span[name] = (min(values), max(values))
    low, up = (f(v) for f, v in ((min, [s[0] for s in span.values()]), (max, [s[1] for s in span.values()])))

    def at(p, name):
        return left + wide * max(p["kl"], 0) ** 0.5 / most, top + high * (1 - (p[name] - low) / (up - low))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>']
    for k in range(5):
        value, y = low + (up - low) * k / 4, top + high * (1 - k / 4)
        parts.append(f'<line x1="{left}" x2="{left + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/><text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
        parts.append(f'<text x="{left + wide * k / 4:.1f}" y="{top + high + 18}" text-anchor="middle">{most * k / 4:.0f}</text>')
    for line in lines:
        for name, colour in (("proxy", "#bbb"), ("gold", "#c60")):
            parts.append(f'<polyline fill="none" stroke="{colour}" points="' + " ".join("{:.1f},{:.1f}".format(*at(p, name)) for p in line["points"]) + '"/>')
        x, y = at(next(p for p in line["points"] if p["iteration"] == line["kept"]), "gold")
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="black"/>')
    parts.append(f'<text x="{left + wide / 2}" y="{height - 12}" text-anchor="middle">root of the KL to the start, nats an answer</text>')
    parts.append(f'<text x="{left + wide - 6}" y="{top + 14}" text-anchor="end">grey: proxy; orange: gold; ring: what the early stop keeps</text></svg>')
    return "\n".join(parts) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=6)
    p.add_argument("--minutes", type=float, default=float("inf"), help="no run is started after so many")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", default=os.path.join(os.path.dirname(HERE), "results"))
    args = p.parse_args()
    tutelage.set_num_threads(args.threads)
    path, end = os.path.join(args.out, "over_optimisation.jsonl"), time.monotonic() + 60 * args.minutes
    lines = [json.loads(line) for line in open(path, encoding="utf-8")] if os.path.exists(path) else []
    lines = [line for line in lines if line["key"] == KEY]
    with open(path, "w", encoding="utf-8") as file:  # lines of another world are dropped
        for line in lines:
            file.write(json.dumps(line) + "\n")
        for seed in range(11, 11 + args.seeds):
            if seed in {line["seed"] for line in lines} or time.monotonic() > end:
                continue
            lines.append(run(seed))
            file.write(json.dumps(lines[-1]) + "\n")
            file.flush()
    rows = [verdict(line) for line in lines]
    for r in rows:
        print("seed {seed}: start {start:.3f}, peak {peak:.3f} at {peak_at}, end {end:.3f}; stopped at {stopped_at}, kept {kept_at}: {kept:.3f}, {share_of_peak:.3f} of the "
              "peak, {share_of_gain:.3f} of its gain".format(**r))
    complete = len(rows) >= args.seeds
    passed = complete and all(r["end"] < 0.9 * r["peak"] and r["stopped_at"] is not None and r["share_of_peak"] >= 0.9 for r in rows)
    report.save(os.path.join(args.out, "over_optimisation.json"), {
        "title": "Over-optimisation", "date": datetime.date.today().isoformat(), "machine": machine.describe(args.threads), "world": WORLD, "rows": rows,
        "figure": "gold peaks and falls by a tenth or more; the early stop ends within a tenth of the peak", "complete": complete, "passed": passed})
    with open(os.path.join(args.out, "over_optimisation.svg"), "w", encoding="utf-8") as file:
        file.write(picture(sorted(lines, key=lambda line: line["seed"])))
    print("passed" if passed else "not passed")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
