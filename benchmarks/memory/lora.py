"""Resident memory of PPO by LoRA on a model of SmolLM2-135M's shape, at random: everything that the process holds, imports too.

    python benchmarks/memory/lora.py [--recompute] [--micro N]    fails above 1.5 GB

One frozen model serves policy, reference and values; generating packs its weights once more.
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from common import memory  # noqa: E402

import tutelage  # noqa: E402
from tutelage import nn, train  # noqa: E402

LIMIT = 1.5e9
SHAPE = {"vocab_size": 49152, "max_positions": 2048, "hidden_size": 576, "num_layers": 30, "num_heads": 9, "num_kv_heads": 3,
         "intermediate_size": 1536, "norm": "rms", "positions": "rotary", "rope_theta": 100000.0, "activation": "silu", "gated_mlp": True,
         "qkv_bias": False, "out_bias": False, "mlp_bias": False}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--recompute", action="store_true", help="keep only what enters each block")
    p.add_argument("--micro", type=int, default=2, help="episodes computed at once")
    p.add_argument("--rank", type=int, default=8)
    p.add_argument("--episodes", type=int, default=16)
    p.add_argument("--prompt", type=int, default=40, help="tokens")
    p.add_argument("--answer", type=int, default=24, help="tokens")
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    tutelage.set_num_threads(args.threads)
    memory.reset_peak()

    began = time.monotonic()
    policy = nn.Transformer(nn.TransformerConfig(**SHAPE), seed=1).with_lora(nn.LoraConfig(rank=args.rank))
    policy.recompute_blocks = args.recompute
    print(f"{policy.num_parameters / 1e6:.1f}M parameters, {sum(t.numpy().size for t in policy.parameters().values()) / 1e6:.2f}M of them trained; "
          f"made in {time.monotonic() - began:.1f} s, {memory.peak() / 1e9:.3f} GB")
    trainer = train.PPOTrainer(policy, train.PPOConfig(max_new_tokens=args.answer, micro_batch_size=args.micro, num_epochs=2))
    del policy
    prompts = [[(7 * i + 13 * t) % SHAPE["vocab_size"] for t in range(args.prompt)] for i in range(args.episodes)]
    for iteration in range(2):
        began = time.monotonic()
        answers = trainer.generate(prompts)
        generated = time.monotonic()
        stats = trainer.step(prompts, answers, [len(set(a.ids)) / args.answer for a in answers])
        assert stats.first_ratio_min == stats.first_ratio_max == 1
        print(f"iteration {iteration}: generated in {generated - began:.1f} s, learnt in {time.monotonic() - generated:.1f} s; "
              f"kl {stats.kl:.3g}, peak {memory.peak() / 1e9:.3f} GB resident, {tutelage.peak_memory() / 1e9:.3f} GB of tensors")
    return memory.peak() > LIMIT


if __name__ == "__main__":
    sys.exit(main())
