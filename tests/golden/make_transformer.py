"""Writes transformer.json: a tiny GPT-2 style model by PyTorch's own functions, which test_golden.cpp compares ours with.

Weights are float32; everything else is computed from them in float64. Run by hand, with torch 2.13:
    python tests/golden/make_transformer.py
"""

import base64
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

CONFIG = {"vocab_size": 19, "max_positions": 11, "hidden_size": 12, "num_layers": 2, "num_heads": 3, "intermediate_size": 20, "norm_eps": 1e-5}
SEQUENCES = [[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5], [8], [9, 7, 9, 3, 2, 3, 8], [0, 18, 0, 18], [4, 6]]
TEMPERATURE = 0.7
ADAMW = {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-4, "weight_decay": 0.1, "max_grad_norm": 0.5}
STEPS = 4


def make_weights():
    torch.manual_seed(20)
    v, t, c, f = (CONFIG[k] for k in ("vocab_size", "max_positions", "hidden_size", "intermediate_size"))
    shapes = {"token_embedding": (v, c), "position_embedding": (t, c)}
    for i in range(CONFIG["num_layers"]):
        block = {"norm1_gain": (c,), "norm1_bias": (c,), "qkv_weight": (3 * c, c), "qkv_bias": (3 * c,), "out_weight": (c, c), "out_bias": (c,),
                 "norm2_gain": (c,), "norm2_bias": (c,), "up_weight": (f, c), "up_bias": (f,), "down_weight": (c, f), "down_bias": (c,)}
        shapes.update({f"blocks.{i}.{name}": shape for name, shape in block.items()})
    shapes.update({"norm_gain": (c,), "norm_bias": (c,)})
    weights = {name: torch.randn(shape) * (0.5 if len(shape) == 2 else 0.2) for name, shape in shapes.items()}
    for name in weights:
        if name.endswith("gain"):
            weights[name] += 1
    return weights


def logits_of(w, ids):
    """(T,) ids of one sequence -> (T, V)."""
    c, h, eps = CONFIG["hidden_size"], CONFIG["num_heads"], CONFIG["norm_eps"]
    ids = torch.tensor(ids)
    x = F.embedding(ids, w["token_embedding"]) + w["position_embedding"][: len(ids)]
    for i in range(CONFIG["num_layers"]):
        b = {name.split(".")[2]: t for name, t in w.items() if name.startswith(f"blocks.{i}.")}
        qkv = F.linear(F.layer_norm(x, (c,), b["norm1_gain"], b["norm1_bias"], eps), b["qkv_weight"], b["qkv_bias"])
        q, k, v = (part.reshape(len(ids), h, c // h).transpose(0, 1) for part in qkv.split(c, dim=1))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).reshape(len(ids), c)
        x = x + F.linear(attended, b["out_weight"], b["out_bias"])
        up = F.linear(F.layer_norm(x, (c,), b["norm2_gain"], b["norm2_bias"], eps), b["up_weight"], b["up_bias"])
        x = x + F.linear(F.gelu(up, approximate="tanh"), b["down_weight"], b["down_bias"])
    return F.linear(F.layer_norm(x, (c,), w["norm_gain"], w["norm_bias"], eps), w["token_embedding"])


def loss_of(w):
    """Mean over all next tokens of -log p, sequences of one token giving none."""
    rows = [logits_of(w, s)[:-1] for s in SEQUENCES if len(s) > 1]
    targets = [torch.tensor(s[1:]) for s in SEQUENCES if len(s) > 1]
    return F.cross_entropy(torch.cat(rows), torch.cat(targets))


def packed(t):
    return base64.b64encode(t.detach().numpy().astype("<f4").tobytes()).decode()


def main():
    weights = make_weights()
    w = {name: t.double().requires_grad_() for name, t in weights.items()}
    logits = [logits_of(w, s) for s in SEQUENCES]
    logprobs = [F.log_softmax(z[:-1] / TEMPERATURE, dim=-1).gather(1, torch.tensor(s[1:], dtype=torch.long)[:, None])[:, 0] for z, s in zip(logits, SEQUENCES)]
    loss = loss_of(w)
    gradients = dict(zip(w, torch.autograd.grad(loss, list(w.values()))))

    greedy = [3]
    while len(greedy) < CONFIG["max_positions"]:
        top = logits_of(w, greedy)[-1].topk(2)
        assert top.values[0] - top.values[1] > 1e-3, "too close to call in float32: take another seed"
        greedy.append(int(top.indices[0]))

    groups = [{"params": [t for t in w.values() if t.ndim == 2], "weight_decay": ADAMW["weight_decay"]}, {"params": [t for t in w.values() if t.ndim == 1], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=ADAMW["learning_rate"], betas=(ADAMW["beta1"], ADAMW["beta2"]), eps=ADAMW["eps"])
    norms = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss_of(w).backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(list(w.values()), ADAMW["max_grad_norm"])))
        optimizer.step()

    golden = {
        "made_with": f"torch {torch.__version__.split('+')[0]}, float64 from float32 weights; arrays are base64 of little-endian float32",
        "config": CONFIG,
        "sequences": SEQUENCES,
        "temperature": TEMPERATURE,
        "weights": {name: packed(t) for name, t in weights.items()},
        "logits": packed(torch.cat(logits)),
        "logprobs": packed(torch.cat(logprobs)),
        "loss": loss.item(),
        "gradients": {name: packed(t) for name, t in gradients.items()},
        "greedy": greedy,
        "adamw": {**ADAMW, "norms": norms, "parameters": {name: packed(t) for name, t in w.items()}},
    }
    path = pathlib.Path(__file__).with_name("transformer.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(path, path.stat().st_size, "bytes; loss", loss.item(), "norms", np.round(norms, 3))


if __name__ == "__main__":
    main()
