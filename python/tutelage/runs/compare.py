"""Which of two models answers better, by a judge who trained neither; and what else tells their answers apart."""

import math
import random

from .. import _core, io, prefs
from .codec import Codec
from .folder import Folder
from .rewards import UNKNOWN, Batch, FunctionPart, Rewards, part
from .rows import messages, read_rows, text_of
from .samples import answer_logprobs, draw

LEAST = 50  # prompts, below which there is no verdict
RESAMPLES = 2000


def bootstrap(outcomes, seed=0, resamples=RESAMPLES):
    """95 % percentile interval of the mean over prompts, drawn with replacement (Efron 1979): both answers to a prompt stay together."""
    rng, n = random.Random(seed), len(outcomes)
    means = sorted(sum(outcomes[int(n * rng.random())] for _ in range(n)) / n for _ in range(resamples))
    return means[int(0.025 * resamples)], means[math.ceil(0.975 * resamples) - 1]


def outcomes_of(judge, prompts, first, second, columns, seed):
    """For each prompt 1 where `second` wins, 0 where it loses, 0.5 for a tie. The sides are shuffled before a judge of pairs sees them."""
    rng = random.Random(seed)
    swap = [rng.random() < 0.5 for _ in prompts["texts"]]
    left = [b if s else a for a, b, s in zip(first, second, swap)]
    right = [a if s else b for a, b, s in zip(first, second, swap)]
    if isinstance(judge, FunctionPart) and judge.names[:3] == ["prompt", "a", "b"]:
        found = [_verdict(judge, p, a, b) for p, (_, a), (_, b) in zip(prompts["texts"], left, right)]
    else:
        scores = [_scores(judge, prompts, side, columns) for side in (left, right)]
        found = [0.5 if x == y else float(x > y) for x, y in zip(*scores)]
    return [f if s else 1 - f for f, s in zip(found, swap)]  # `left` won; it is `second` where the sides were swapped


def _verdict(judge, prompt, a, b):
    try:
        said = judge.function(prompt, a, b)
    except Exception as error:
        raise _core.ValueError(f"judge {judge.name}: it failed: got {type(error).__name__}: {error}, expected a, b or tie.") from error
    if said not in ("a", "b", "tie"):
        raise _core.ValueError(f'judge {judge.name}: no verdict: got {said!r}, expected "a", "b" or "tie".')
    return {"a": 1.0, "b": 0.0, "tie": 0.5}[said]


def _scores(judge, prompts, answers, columns):
    batch = Batch(prompts["texts"], [text for _, text in answers], prompts["ids"], [ids for ids, _ in answers], columns)
    return Rewards([judge])(batch)[0]


def compare(a, b, prompts, judge, *, start=None, max_new_tokens=64, temperature=1.0, seed=0, least=LEAST):
    """The win rate of model B over model A on held-out prompts, with intervals, and what else differs: a dict.

    a, b: folders of runs or models. prompts: see read_rows. judge: a function f(prompt, a, b) -> "a", "b" or "tie", or like a reward,
    f(prompts, completions, **columns) -> numbers, or a reward model; see runs.start. start: the model that KL and perplexity are measured by,
    by default the one that B's run began with, else A. verdict: "A", "B", "undecided", or None for fewer than `least` prompts.
    Raises ConfigError for a judge that A or B was trained with, where it can be told apart, IoError, ValueError.
    """
    judge = part(judge)
    sides = [_side(x) for x in (a, b)]
    for name, (_, info, path) in zip("AB", sides):
        for used in (info or {}).get("hashes", {}).get("rewards") or []:
            if used["identity"] == judge.identity != UNKNOWN:
                raise _core.ConfigError(f"compare: the judge trained {name}: got {judge.name}, a reward of the run {path}, expected another judge.")
    begun = start or (sides[1][1] or {}).get("given", {}).get("model")
    begin = io.load_model(begun) if begun and begun != "object" else sides[0][0]
    rows = read_rows(prompts, "prompts")
    codecs = [Codec(model) for model, _, _ in sides]
    if codecs[0].tokenizer.to_json() != codecs[1].tokenizer.to_json() or begin.tokenizer.to_json() != codecs[0].tokenizer.to_json():
        raise _core.ConfigError("compare: the tokenizers differ: got two tokenizer.json, expected one for A, B and the start model.")
    turns = [messages(row["prompt"], "user", f"prompts: row {i}") for i, row in enumerate(rows)]
    ids = [codecs[0].prompt(t) for t in turns]
    for i, p in enumerate(ids):
        codecs[0].check_length(p, max_new_tokens, f"prompts: row {i}")
    columns = {name: [row.get(name) for row in rows] for name in dict.fromkeys(k for row in rows for k in row) if name != "prompt"}
    asked = {"texts": [text_of(t) for t in turns], "ids": ids}
    answers, report = [], {"prompts": len(rows), "judge": judge.name, "seed": seed, "least": least}
    for name, (model, _, path), codec in zip("AB", sides, codecs):
        drawn = draw(model.transformer, ids, max_new_tokens, temperature, codec.stop_ids, seed)
        answers.append([(list(g.ids), codec.decode(g.ids)) for g in drawn])
        report[name] = {"model": path, **describe(drawn, [t for _, t in answers[-1]], model.transformer, begin.transformer, ids, temperature)}
    outcomes = outcomes_of(judge, asked, *answers, columns, seed)
    n, share = len(outcomes), sum(outcomes) / len(outcomes)
    report |= {
        "win_rate": share, "wins": outcomes.count(1.0), "ties": outcomes.count(0.5), "losses": outcomes.count(0.0), "wilson": list(prefs.wilson_share(sum(outcomes), n)[1:3]),
        "bootstrap": list(bootstrap(outcomes, seed)),
    }
    intervals = report["wilson"], report["bootstrap"]
    decided = "B" if all(low > 0.5 for low, _ in intervals) else "A" if all(high < 0.5 for _, high in intervals) else "undecided"
    report["verdict"] = decided if n >= least else None
    report["examples"] = [{"prompt": p, "a": x[1], "b": y[1], "outcome": o} for p, x, y, o in zip(asked["texts"], *answers, outcomes)]
    return report


def _side(path):
    """(model, run.json or None, path) of a run's or a model's folder."""
    folder = Folder(path)
    if folder.exists():
        return io.load_model(folder / "model"), folder.info(), folder.path
    return io.load_model(path), None, str(path)


def describe(drawn, texts, policy, start, prompt_ids, temperature):
    """Numbers of answers: their length, variety, ends, KL to the start model (nats an answer) and its perplexity of them."""
    n = len(drawn)
    pairs = [tuple(g.ids[i : i + 2]) for g in drawn for i in range(len(g.ids) - 1)]
    ours, theirs = (answer_logprobs(m, prompt_ids, drawn, temperature) for m in (policy, start))
    tokens = sum(len(g.ids) for g in drawn)
    own = theirs if temperature == 1.0 else answer_logprobs(start, prompt_ids, drawn, 1.0)
    return {
        "length": tokens / n, "distinct_2": len(set(pairs)) / len(pairs) if pairs else 0.0, "repeated": 1 - len(set(texts)) / n,
        "ended": sum(g.stop_reason == "stop_id" for g in drawn) / n, "cut": sum(g.stop_reason == "length" for g in drawn) / n,
        "kl": sum(float(x.sum() - y.sum()) for x, y in zip(ours, theirs)) / n,
        "start_perplexity": math.exp(min(700.0, -sum(float(x.sum()) for x in own) / tokens)),
    }


def as_text(report):
    """The report for people."""
    percent = lambda x: f"{100 * x:.1f}"
    low, high = report["wilson"]
    boot = report["bootstrap"]
    out = [
        f"B wins {percent(report['win_rate'])} % of {report['prompts']} prompts by {report['judge']} (ties half: {report['wins']} won, {report['ties']} tied, {report['losses']} lost)",
        f"95 %: {percent(low)} to {percent(high)} (Wilson), {percent(boot[0])} to {percent(boot[1])} (bootstrap over prompts)",
        {None: f"no verdict: fewer than {report['least']} prompts", "undecided": "undecided: an interval holds 50 %"}.get(report["verdict"], f"{report['verdict']} is better"),
        "",
        f"{'':24}{'A':>12}{'B':>12}",
    ]
    names = {"length": "tokens an answer", "distinct_2": "distinct-2", "repeated": "repeated answers", "ended": "ended", "cut": "cut", "kl": "KL to start, nats", "start_perplexity": "perplexity by start"}
    out += [f"{label:24}{report['A'][key]:12.3f}{report['B'][key]:12.3f}" for key, label in names.items()]
    return "\n".join(out)
