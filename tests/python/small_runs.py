"""A tiny chat model, data for it, and what a run's folder holds."""

import hashlib
import json
import os

from tutelage import io, nn, text

WORDS = ["sun", "moon", "star", "sea", "tree", "bird", "stone", "rain"]


def chat_model(seed=1, context=48):
    conversations = [[{"role": "user", "content": f"What is the {w}?"}, {"role": "assistant", "content": f"The {w} is a {v}."}] for w in WORDS for v in WORDS]
    tokenizer = text.train_chat_tokenizer(conversations, 280)
    shape = nn.TransformerConfig(vocab_size=tokenizer.vocab_size, max_positions=context, hidden_size=16, num_layers=1, num_heads=2, init_std=0.1)
    return io.ChatModel(nn.Transformer(shape, seed=seed), tokenizer)


def conversations(n=10):
    return [{"prompt": f"What is the {WORDS[i % 8]}?", "completion": f"It is a {WORDS[(3 * i + 1) % 8]}."} for i in range(n)]


def pairs(n=10):
    return [{"prompt": f"What is the {WORDS[i % 8]}?", "chosen": f"a {WORDS[(i + 1) % 8]}", "rejected": f"no {WORDS[(i + 2) % 8]} {i}"} for i in range(n)]


def labelled(n=10):
    return [{**row, "label": i % 3 > 0} for i, row in enumerate(conversations(n))]


def prompts(n=6):
    return [{"prompt": f"What is the {WORDS[i % 8]}?", "wish": WORDS[(i + 1) % 8]} for i in range(n)]


def short(completions):
    """A reward that grows with the share of vowels, and falls with length."""
    return [sum(c in "aeiou" for c in text) / (1 + len(text)) for text in completions]


def of_wish(completions, wish):
    return [float(w[0] in text) for text, w in zip(completions, wish)]


def files(folder):
    """Name -> SHA-256 of every checkpoint's and model's file of a run, and its metrics without the times."""
    found = {}
    for base in ("checkpoints", "model"):
        for path, _, names in os.walk(os.path.join(folder, base)):
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    found[os.path.relpath(os.path.join(path, name), folder)] = hashlib.sha256(file.read()).hexdigest()
    for name in ("metrics.jsonl", "samples.jsonl"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
            found[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows if "warning" not in row]  # a new trainer warns anew
    return found


ONLINE = {
    "iterations": 4, "batch_size": 4, "max_new_tokens": 6, "num_epochs": 2, "eval_steps": 2, "save_total_limit": 0, "learning_rate": 1e-3,
    "kl_target": 1e-4, "kl_horizon": 20,
}
SETTINGS = {
    "sft": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "eval_steps": 2, "save_total_limit": 0},
    "reward": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "eval_steps": 2, "save_total_limit": 0},
    "dpo": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "eval_steps": 2, "save_total_limit": 0},
    "kto": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "eval_steps": 2, "save_total_limit": 0},
    "ppo": {**ONLINE, "separate_critic": True},
    "rloo": {**ONLINE, "num_generations": 2},
    "grpo": {**ONLINE, "num_generations": 2, "normalize_rewards": "running"},
}
DATA = {"sft": conversations, "reward": pairs, "dpo": pairs, "kto": labelled, "ppo": prompts, "rloo": prompts, "grpo": prompts}


def arguments(kind):
    """Keywords of runs.start for a small run of this kind, but for its folder."""
    online = {"rewards": [short, {"reward": of_wish, "weight": 0.5}]} if kind not in ("sft", "reward", "dpo", "kto") else {}
    return {"kind": kind, "model": chat_model(), "data": DATA[kind](), "eval_data": DATA[kind](4), **online, **SETTINGS[kind]}


def given_again(kind):
    return {k: v for k, v in arguments(kind).items() if k in ("model", "data", "eval_data", "rewards")}
