"""Answers with all that is known of each of their tokens: the rows of samples.jsonl."""

import numpy as np

from .rows import text_of


def draw(policy, prompt_ids, max_new_tokens, temperature, stop_ids, seed, num_samples=1, min_new_tokens=0):
    """Answers to each prompt, the same for the same model and seed, and none that training draws."""
    return policy.generate(
        prompt_ids, max_new_tokens=max_new_tokens, temperature=temperature, stop_ids=stop_ids, seed=seed, step=2**32 - 1, num_samples=num_samples,
        min_new_tokens=min_new_tokens,
    )


def answer_logprobs(model, prompt_ids, answers, temperature):
    """log p of each token of each answer: a list of arrays."""
    whole = model.logprobs([p + a.ids for p, a in zip(prompt_ids, answers)], temperature=temperature)
    return [x[len(p) - 1 :] for p, x in zip(prompt_ids, whole)]


def rows_of(codec, turns, prompt_ids, answers, reference, temperature):
    """One row an answer: prompt, answer, tokens, their log-probs, their KL to the reference (log policy / reference, nats), why it ended."""
    found = []
    for t, answer, ref in zip(turns, answers, answer_logprobs(reference, prompt_ids, answers, temperature)):
        logprobs = np.asarray(answer.logprobs, np.float64)
        found.append({
            "prompt": text_of(t), "answer": codec.decode(answer.ids), "ids": list(answer.ids), "logprobs": logprobs.tolist(),
            "kl": (logprobs - ref).tolist(), "stop_reason": answer.stop_reason,
        })
    return found


def add_rewards(rows, sums, parts):
    for i, row in enumerate(rows):
        row["reward"] = sums[i]
        row["rewards"] = {name: numbers[i] for name, numbers in parts.items()}


def add_advantages(rows, rollout):
    """Values and advantages of each token, as the trainer has them; only PPO has values."""
    offsets = rollout.offsets
    for i, row in enumerate(rows):
        part = slice(offsets[i], offsets[i + 1])
        row["values"] = [float(v) for v in rollout.values[part]]
        row["advantages"] = [float(a) for a in rollout.advantages[part]]


def means(rows):
    """What an evaluation says of its answers, in numbers."""
    n = len(rows)
    found = {
        "eval_kl": sum(sum(r["kl"]) for r in rows) / n,
        "eval_response_length": sum(len(r["ids"]) for r in rows) / n,
        "eval_ended": sum(r["stop_reason"] == "stop_id" for r in rows) / n,
    }
    if "reward" in rows[0]:
        found["eval_reward"] = sum(r["reward"] for r in rows) / n
        for name in rows[0]["rewards"]:
            found[f"eval_rewards/{name}"] = sum(r["rewards"][name] for r in rows) / n
    return found
