"""The architectures beside transformers': random small models, drawn over; the same weights give the same logits and greedy answers."""

import numpy as np
import pytest
import torch
from transformers import (GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig,
                          MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

import tutelage
from tutelage import _core, nn, ops

VOCAB, NEW, LONGEST, TOLERANCE = 97, 64, 60, 2e-4
MODELS = {"gpt2": (GPT2Config, GPT2LMHeadModel), "gpt_neox": (GPTNeoXConfig, GPTNeoXForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM),
          "mistral": (MistralConfig, MistralForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM)}
SCALINGS = {
    "none": {},
    "linear": {"factor": 3.0},
    "dynamic": {"factor": 2.0},
    "yarn": {"factor": 4.0, "original_max_positions": 32},
    "yarn, all given": {"factor": 2.5, "original_max_positions": 40, "beta_fast": 8.0, "beta_slow": 0.5, "mscale": 0.7, "mscale_all_dim": 0.3,
                        "truncate": False},
    "yarn, attention_factor": {"factor": 8.0, "original_max_positions": 16, "attention_factor": 1.3},
    "llama3": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_positions": 48},
}
THEIR_SCALING = {"original_max_positions": "original_max_position_embeddings"}


def draw(model_type, number):
    """transformers' settings, and ours, of model `number`."""
    rng = np.random.default_rng([number, sorted(MODELS).index(model_type)])
    heads, layers, positions = 4, int(rng.integers(1, 4)), 160
    hidden = int(rng.choice([24, 32, 40]))
    ours = {"vocab_size": VOCAB, "max_positions": positions, "hidden_size": hidden, "num_layers": layers, "num_heads": heads,
            "intermediate_size": int(rng.integers(20, 70)), "tie_embeddings": bool(rng.integers(2)), "norm_eps": float(rng.choice([1e-5, 1e-6]))}
    theirs = {"vocab_size": VOCAB, "num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": hidden,
              "tie_word_embeddings": ours["tie_embeddings"], "bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
    if model_type == "gpt2":
        exact = bool(rng.integers(2))
        ours |= {"activation": "gelu_exact" if exact else "gelu"}
        return theirs | {"n_positions": positions, "n_inner": ours["intermediate_size"], "layer_norm_epsilon": ours["norm_eps"], "resid_pdrop": 0,
                         "embd_pdrop": 0, "attn_pdrop": 0, "activation_function": "gelu" if exact else "gelu_new"}, ours
    theirs |= {"intermediate_size": ours["intermediate_size"], "max_position_embeddings": positions}
    ours |= {"positions": "rotary", "rope_theta": float(rng.choice([10000.0, 500.0]))}
    kind = list(SCALINGS)[number % len(SCALINGS)]
    scaling = {"type": kind.split(",")[0], **SCALINGS[kind]}
    rope = {"rope_theta": ours["rope_theta"], "rope_type": "default" if kind == "none" else scaling["type"],
            **{THEIR_SCALING.get(k, k): v for k, v in scaling.items() if k != "type"}}
    if kind == "dynamic":  # the base grows on the way
        theirs["max_position_embeddings"] = scaling["original_max_positions"] = 24
    ours["rope_scaling"] = nn.RopeScaling(**scaling)
    if model_type == "gpt_neox":
        rope["partial_rotary_factor"] = ours["rotary_fraction"] = {24: 2 / 3, 32: 0.5, 40: 0.4}[hidden] if number % 3 else 1.0
        bias, form = bool(number % 4), ["gelu", "gelu_new", "relu"][number % 3]
        ours |= {"activation": {"gelu": "gelu_exact", "gelu_new": "gelu", "relu": "relu"}[form], "parallel_blocks": bool(rng.integers(2)),
                 "qkv_bias": bias, "out_bias": bias}
        return theirs | {"rope_parameters": rope, "layer_norm_eps": ours["norm_eps"], "hidden_act": form, "attention_bias": bias,
                         "use_parallel_residual": ours["parallel_blocks"], "attention_dropout": 0, "hidden_dropout": 0}, ours
    ours |= {"norm": "rms", "activation": "silu", "gated_mlp": True, "num_kv_heads": [1, 2, 4][number % 3], "qkv_bias": False,
             "out_bias": False, "mlp_bias": False}
    theirs |= {"rope_parameters": rope, "rms_norm_eps": ours["norm_eps"], "num_key_value_heads": ours["num_kv_heads"]}
    if model_type != "qwen2" and number % 2:  # apart from width / heads
        theirs["head_dim"] = ours["head_size"] = 12
    elif model_type == "qwen3":
        theirs["head_dim"] = hidden // heads
    if model_type == "llama":
        theirs["attention_bias"] = ours["qkv_bias"] = ours["out_bias"] = bool(rng.integers(2))
        theirs["mlp_bias"] = ours["mlp_bias"] = bool(rng.integers(2))
    # A window of 1 is not drawn: the cache of transformers 5.23 keeps all keys then.
    window = int(rng.choice([2, 5, 17])) if number % 2 == 0 else None
    if model_type == "mistral":
        theirs["sliding_window"], ours["sliding_window"] = window, window or 0
    if model_type in ("qwen2", "qwen3"):
        full = int(rng.integers(layers))
        theirs |= {"use_sliding_window": window is not None, "sliding_window": window, "max_window_layers": full}
        ours |= {"sliding_window": window or 0, "sliding_layers": [int(i >= full) for i in range(layers)]}
    if model_type == "qwen2":
        ours["qkv_bias"] = True
    if model_type == "qwen3":
        theirs["attention_bias"] = ours["qkv_bias"] = ours["out_bias"] = bool(rng.integers(2))
        ours["qk_norm"] = True
    return theirs, ours


def built(model_type, number, attempt=0):
    """Both models, with every number at random and wide."""
    theirs, ours = draw(model_type, number)
    config, model = MODELS[model_type]
    hf = model(config(**theirs, attn_implementation="eager")).eval()
    rng, weights = np.random.default_rng([number, attempt]), {}
    own = {name: p for name, p in hf.named_parameters()}
    head = hf.get_output_embeddings().weight
    with torch.no_grad():
        for name, p in own.items():
            scale = 0.9 if "embed" in name or ".wte" in name or ".wpe" in name or name == "lm_head.weight" else 0.35
            gain = name.endswith("weight") and p.ndim == 1
            p.copy_(torch.from_numpy((rng.normal(size=tuple(p.shape)) * scale + gain).astype(np.float32)))
    config = nn.TransformerConfig(**ours)
    files = {("embed_out.weight" if p is head and model_type == "gpt_neox" and not ours["tie_embeddings"] else name): p for name, p in own.items()}
    parameters = _core._hf_parameters(model_type, config)
    assert {name for p in parameters for name in p.names} == set(files)
    for p in parameters:
        given = [tutelage.Tensor(files[name].detach().numpy()) for name in p.names]
        weights[p.ours] = p.from_hf(given)
        for again, tensor in zip(p.to_hf(weights[p.ours]), given, strict=True):
            assert np.array_equal(again.numpy(), tensor.numpy())
    return hf, nn.Transformer(config).with_parameters(weights)


def texts(number):
    rng = np.random.default_rng(1000 + number)
    return [[int(t) for t in rng.integers(0, VOCAB, n)] for n in (LONGEST, 1, 2, 23, 40)]


def their_logits(hf, ids):
    """Of one text, as they come when it is read token by token: what differs only for dynamic scaling."""
    past, rows = None, []
    for t, token in enumerate(ids):
        out = hf(torch.tensor([[token]]), past_key_values=past, use_cache=True)
        past = out.past_key_values
        rows.append(out.logits[0, -1])
    return torch.stack(rows).numpy()


CASES = [(model_type, number) for model_type in MODELS for number in range(4 if model_type == "gpt2" else 14)]


@pytest.mark.parametrize("model_type, number", CASES)
def test_logits_and_the_likeliest_token(model_type, number):
    hf, model = built(model_type, number)
    sequences, begin = texts(number), 0
    got = model.logits(sequences)
    for ids in sequences:
        with torch.no_grad():
            dynamic = model.config.rope_scaling.type == "dynamic"
            expected = their_logits(hf, ids) if dynamic else hf(torch.tensor([ids])).logits[0].numpy()
        row = got[begin:begin + len(ids)]
        begin += len(ids)
        np.testing.assert_allclose(row, expected, rtol=0, atol=TOLERANCE)
        assert np.array_equal(row.argmax(-1), expected.argmax(-1))


@pytest.mark.parametrize("model_type, number", CASES)
def test_greedy_answers(model_type, number):
    _, short, shorter, prompt, _ = texts(number)
    prompts = [prompt[:20], short, shorter]
    for attempt in range(8):
        hf, model = built(model_type, number, attempt)
        expected = [hf.generate(torch.tensor([p]), attention_mask=torch.ones(1, len(p), dtype=torch.long), max_new_tokens=NEW, do_sample=False,
                                output_logits=True, return_dict_in_generate=True) for p in prompts]
        best, second = torch.cat([torch.stack(e.logits, 1) for e in expected]).topk(2, -1).values.unbind(-1)
        if (best - second).min() > TOLERANCE:  # else too close to call: other weights
            break
    else:
        pytest.fail("no weights without a tie")
    for p, answer, theirs in zip(prompts, model.generate(prompts, max_new_tokens=NEW, temperature=0), expected):
        assert answer.ids == theirs.sequences[0, len(p):].tolist()


@pytest.mark.parametrize("model_type, number", [(model_type, number) for model_type in MODELS for number in (0, 1, 2, 4)])
def test_loss_and_every_gradient(model_type, number):
    hf, model = built(model_type, number)
    sequences = [s[:24] for s in texts(number)]  # dynamic scaling begins later
    targets, begin, rows = [], 0, []
    loss = 0
    for ids in sequences:
        logprobs = torch.log_softmax(hf(torch.tensor([ids])).logits[0, :-1], -1)
        loss = loss - logprobs[range(len(ids) - 1), ids[1:]].sum() / 100
        rows += range(begin, begin + len(ids) - 1)
        targets += ids[1:]
        begin += len(ids)
    loss.backward()

    def ours(m):
        head = m.parameters().get("head_weight", m.parameters()["token_embedding"])
        return ops.cross_entropy(ops.rows(m.hidden(sequences), rows), head, targets, [1 / 100] * len(targets))

    value, grads = tutelage.value_and_grad(ours, model)
    assert value == pytest.approx(loss.item(), abs=TOLERANCE)
    own = {("embed_out.weight" if name == "lm_head.weight" and model_type == "gpt_neox" else name): p for name, p in hf.named_parameters()}
    gradients = grads.parameters()
    for p in _core._hf_parameters(model_type, model.config):
        for name, gradient in zip(p.names, p.to_hf(gradients[p.ours]), strict=True):
            expected = own[name].grad.numpy()
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(gradient.numpy(), expected, rtol=0, atol=TOLERANCE * scale, err_msg=name)
