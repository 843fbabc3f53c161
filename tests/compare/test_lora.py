"""Adapters beside PEFT: its files in ours and ours in it, the same logits and gradients; merging too."""

import json

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from test_architectures import MODELS, TOLERANCE, built, texts
from test_architectures import draw as drawn

import tutelage
from tutelage import nn, ops

SEPARATE = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "o_proj", "gate": "gate_proj", "up": "up_proj", "down": "down_proj"}
NAMES = {"gpt2": {"qkv": "c_attn", "out": "attn.c_proj", "up": "c_fc", "down": "mlp.c_proj"},
         "gpt_neox": {"qkv": "query_key_value", "out": "dense", "up": "dense_h_to_4h", "down": "dense_4h_to_h"}}
CASES = [(model_type, number) for model_type in MODELS for number in range(4)]


def draw(model_type, number):
    """Settings as ours and as PEFT's: all targets, then some; the last in the last layer alone."""
    rng = np.random.default_rng([7, number])
    names = NAMES.get(model_type, SEPARATE)
    targets = [t for t in names if number == 0 or rng.integers(2)] or [list(names)[0]]
    rank, alpha, rslora = int(rng.integers(1, 6)), int(rng.integers(1, 9)), bool(number % 2)
    last = [drawn(model_type, number)[1]["num_layers"] - 1] if number == 3 else []
    return ({"rank": rank, "alpha": alpha, "use_rslora": rslora, "target_modules": targets, "dropout": 0.25, "layers_to_transform": last},
            {"layers_to_transform": last or None, "r": rank, "lora_alpha": alpha, "use_rslora": rslora, "target_modules": [names[t] for t in targets], "lora_dropout": 0.25,
             "task_type": "CAUSAL_LM", "fan_in_fan_out": model_type == "gpt2"})


def theirs(model_type, number):
    """A model of PEFT with an adapter at random, and ours without."""
    hf, model = built(model_type, number)
    tuned = get_peft_model(hf, LoraConfig(**draw(model_type, number)[1])).eval()
    rng = np.random.default_rng([8, number])
    with torch.no_grad():
        for name, p in tuned.named_parameters():
            if "lora_" in name:
                p.copy_(torch.from_numpy(rng.normal(size=tuple(p.shape)).astype(np.float32) * 0.15))
    return tuned, model


def sequences_of(number):
    return [s[:24] for s in texts(number)]  # dynamic scaling begins later


def check_logits(model, tuned, sequences):
    got, begin = model.logits(sequences), 0
    for ids in sequences:
        with torch.no_grad():
            expected = tuned(torch.tensor([ids])).logits[0].numpy()
        np.testing.assert_allclose(got[begin:begin + len(ids)], expected, rtol=0, atol=TOLERANCE)
        begin += len(ids)


@pytest.mark.parametrize("model_type, number", CASES)
def test_an_adapter_of_peft_in_ours(model_type, number, tmp_path):
    tuned, model = theirs(model_type, number)
    tuned.save_pretrained(tmp_path)
    adapted = model.load_adapter(str(tmp_path))
    assert adapted.lora.rank == draw(model_type, number)[0]["rank"] and adapted.lora.dropout == 0.25
    sequences = sequences_of(number)
    check_logits(adapted, tuned, sequences)
    assert np.abs(adapted.logits(sequences) - model.logits(sequences)).max() > 0.01
    check_logits(adapted.merged(), tuned, sequences)
    merged = tuned.merge_and_unload().eval()
    check_logits(adapted, merged, sequences)


@pytest.mark.parametrize("model_type, number", CASES)
def test_ours_in_peft(model_type, number, tmp_path):
    hf, model = built(model_type, number)
    adapted = model.with_lora(nn.LoraConfig(**draw(model_type, number)[0]))
    rng = np.random.default_rng([9, number])
    adapted = adapted.with_parameters({name: tutelage.Tensor(rng.normal(size=t.shape).astype(np.float32) * 0.15)
                                       for name, t in adapted.parameters().items()})
    adapted.save_adapter(str(tmp_path), base="somebody/base")
    tuned = PeftModel.from_pretrained(hf, str(tmp_path)).eval()
    check_logits(adapted, tuned, sequences_of(number))
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == "somebody/base"
    again = model.load_adapter(str(tmp_path))
    for name, t in adapted.parameters().items():
        assert np.array_equal(again.parameters()[name].numpy(), t.numpy())


@pytest.mark.parametrize("model_type, number", CASES)
def test_gradients_of_the_factors(model_type, number, tmp_path):
    tuned, model = theirs(model_type, number)
    tuned.save_pretrained(tmp_path)
    adapted = model.load_adapter(str(tmp_path))
    sequences = sequences_of(number)
    targets, begin, rows, loss = [], 0, [], 0
    for ids in sequences:
        logprobs = torch.log_softmax(tuned(torch.tensor([ids])).logits[0, :-1], -1)
        loss = loss - logprobs[range(len(ids) - 1), ids[1:]].sum() / 100
        rows += range(begin, begin + len(ids) - 1)
        targets += ids[1:]
        begin += len(ids)
    loss.backward()
    weights = model.parameters()
    head = weights.get("head_weight", weights["token_embedding"])
    value, grads = tutelage.value_and_grad(
        lambda m: ops.cross_entropy(ops.rows(m.hidden(sequences), rows), head, targets, [1 / 100] * len(targets)), adapted)
    assert value == pytest.approx(loss.item(), abs=TOLERANCE)
    grads.save_adapter(str(tmp_path / "gradients"))  # in their names and order
    from safetensors.numpy import load_file
    ours = load_file(tmp_path / "gradients" / "adapter_model.safetensors")
    expected = {name.replace(".default.", "."): p.grad.numpy() for name, p in tuned.named_parameters() if "lora_" in name}
    assert ours.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(ours[name], gradient, rtol=0, atol=TOLERANCE * max(1.0, float(np.abs(gradient).max())), err_msg=name)


def test_a_fresh_adapter_starts_as_peft_does():
    """Kaiming's uniform numbers within 1 / sqrt(in), and zeros."""
    hf, model = built("llama", 0)
    tuned = get_peft_model(hf, LoraConfig(r=64, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapted = model.with_lora(nn.LoraConfig(rank=64, target_modules=["q"]))
    ours = np.concatenate([t.numpy().ravel() for name, t in adapted.parameters().items() if name.endswith(".a")])
    a = torch.cat([p.detach().ravel() for name, p in tuned.named_parameters() if "lora_A" in name]).numpy()
    assert not any(t.numpy().any() for name, t in adapted.parameters().items() if name.endswith(".b"))
    bound = model.config.hidden_size ** -0.5
    for x in (ours, a):
        assert 0.97 * bound < np.abs(x).max() <= bound and abs(x.std() - bound / 3 ** 0.5) < 0.03 * bound
