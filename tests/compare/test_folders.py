"""Folders of Hugging Face's, both ways: what transformers saves is read, what is saved transformers loads with no warning, with the same logits."""

import json
import logging
import warnings

import numpy as np
import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

import tutelage
from test_architectures import CASES, MODELS, TOLERANCE, VOCAB, built, texts, their_logits
from tutelage import io, nn, ops

FEW = [(model_type, number) for model_type in MODELS for number in (0, 3)]
CLASSIFIERS = {"gpt2": "GPT2", "gpt_neox": "GPTNeoX", "llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}


def expected_logits(hf, sequences):
    with torch.no_grad():
        rope = getattr(hf.config, "rope_parameters", None) or {}
        rows = [their_logits(hf, ids) if rope.get("rope_type") == "dynamic" else hf(torch.tensor([ids])).logits[0].float().numpy() for ids in sequences]
    return np.concatenate(rows)


def loaded_silently(auto, folder, caplog, **options):
    """The model that transformers reads; a warning, a missing or an unexpected tensor is a failure."""
    transformers.utils.logging.enable_propagation()
    try:
        with caplog.at_level(logging.WARNING), warnings.catch_warnings():
            warnings.simplefilter("error")
            caplog.clear()
            model, info = auto.from_pretrained(folder, output_loading_info=True, **options)
            assert not caplog.records, [r.getMessage() for r in caplog.records]
    finally:
        transformers.utils.logging.disable_propagation()
    assert not any(info.values()), info
    return model.eval()


@pytest.mark.parametrize("model_type, number", CASES)
def test_both_ways(model_type, number, tmp_path, caplog):
    hf, ours = built(model_type, number)
    hf.save_pretrained(tmp_path / "theirs")
    model = nn.Transformer.load(tmp_path / "theirs")
    assert {n: p.shape for n, p in model.parameters().items()} == {n: p.shape for n, p in ours.parameters().items()}
    for name, p in ours.parameters().items():
        assert np.array_equal(p.numpy(), model.parameters()[name].numpy()), name
    sequences = texts(number)
    expected = expected_logits(hf, sequences)
    np.testing.assert_allclose(model.logits(sequences), expected, rtol=0, atol=TOLERANCE)

    # What the original length is, transformers' dynamic scaling takes from max_position_embeddings alone: so does what was read.
    model.save(str(tmp_path / "ours"))
    back = loaded_silently(AutoModelForCausalLM, tmp_path / "ours", caplog, attn_implementation="eager")
    assert all(torch.equal(p, q) for p, q in zip(hf.state_dict().values(), back.state_dict().values(), strict=True)) or model_type == "mistral"
    np.testing.assert_allclose(expected_logits(back, sequences), expected, rtol=0, atol=1e-6)
    again = nn.Transformer.load(tmp_path / "ours")
    assert again.logits(sequences).tobytes() == model.logits(sequences).tobytes()
    back.save_pretrained(tmp_path / "back")
    assert nn.Transformer.load(tmp_path / "back").logits(sequences).tobytes() == model.logits(sequences).tobytes()


@pytest.mark.parametrize("model_type, number", FEW)
def test_trained_and_saved(model_type, number, tmp_path, caplog):
    hf, _ = built(model_type, number)
    hf.save_pretrained(tmp_path / "theirs")
    model = nn.Transformer.load(tmp_path / "theirs")
    ids = texts(number)[3]
    _, grads = tutelage.value_and_grad(lambda m: ops.neg(ops.sum(m._logprobs([ids], 1.0))), model)
    moved = {n: tutelage.Tensor(p.numpy() - np.float32(0.01) * np.sign(grads.parameters()[n].numpy())) for n, p in model.parameters().items()}
    tuned = model.with_parameters(moved)
    tuned.save(str(tmp_path / "ours"))
    back = loaded_silently(AutoModelForCausalLM, tmp_path / "ours", caplog, attn_implementation="eager")
    logits = tuned.logits([ids])
    assert np.abs(logits - model.logits([ids])).max() > 0.01
    np.testing.assert_allclose(logits, expected_logits(back, [ids]), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("model_type, number", FEW)
def test_halves_and_shards(model_type, number, dtype, tmp_path):
    hf, _ = built(model_type, number)
    hf.to(dtype).save_pretrained(tmp_path, max_shard_size="8KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    sequences = texts(number)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32, attn_implementation="eager")
    np.testing.assert_allclose(nn.Transformer.load(tmp_path).logits(sequences), expected_logits(theirs, sequences), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("model_type, number", FEW)
def test_classifiers_of_one_label(model_type, number, tmp_path, caplog):
    hf, _ = built(model_type, number)
    hf.config.num_labels, hf.config.pad_token_id = 1, 0
    torch.manual_seed(number)
    score = getattr(transformers, CLASSIFIERS[model_type] + "ForSequenceClassification")(hf.config).eval()
    with torch.no_grad():
        score.score.weight.normal_()
    score.save_pretrained(tmp_path / "theirs")
    read = io.load_pretrained(tmp_path / "theirs")
    ids = [t or 1 for t in texts(number)[3]]
    with torch.no_grad():
        expected = score(torch.tensor([ids])).logits[0, 0].item()
    ours = (read.transformer.hidden([ids]).numpy()[-1] @ read.head.numpy()[0]).item()
    assert ours == pytest.approx(expected, abs=TOLERANCE) and abs(expected) > 1e-3
    assert read.ids.pad == 0
    io.save_pretrained(str(tmp_path / "ours"), read, base="nobody/nothing", license="mit", training="Not at all.")
    back = loaded_silently(AutoModelForSequenceClassification, tmp_path / "ours", caplog)
    with torch.no_grad():
        assert back(torch.tensor([ids])).logits[0, 0].item() == pytest.approx(expected, abs=1e-5)
    with pytest.raises(tutelage.ConfigError, match="classifier"):
        nn.Transformer.load(tmp_path / "ours")
    with pytest.raises(tutelage.ConfigError, match="num_labels is not supported: got 3"):
        three = type(score)(type(score.config).from_dict(score.config.to_dict() | {"id2label": {0: "a", 1: "b", 2: "c"}}))
        three.save_pretrained(tmp_path / "three")
        io.load_pretrained(tmp_path / "three")


def test_generation_stops_where_the_folder_says(tmp_path):
    hf, _ = built("llama", 0)
    hf.generation_config.eos_token_id, hf.generation_config.pad_token_id, hf.generation_config.bos_token_id = [5, 7], 3, 2
    hf.save_pretrained(tmp_path / "theirs")
    read = io.load_pretrained(tmp_path / "theirs")
    assert (read.ids.bos, read.ids.pad, read.ids.eos) == (2, 3, [5, 7]) and read.model_type == "llama"
    io.save_pretrained(str(tmp_path / "ours"), read)
    config = transformers.GenerationConfig.from_pretrained(tmp_path / "ours")
    assert (config.bos_token_id, config.pad_token_id, config.eos_token_id) == (2, 3, [5, 7])
    back = AutoModelForCausalLM.from_pretrained(tmp_path / "ours")
    prompt = torch.tensor([texts(0)[3][:9]])
    out = [m.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=64, do_sample=False)[0].tolist() for m in (hf, back)]
    assert out[0] == out[1]


def test_folders_of_transformers_4(tmp_path):
    """Rotary settings stood at the top, scaling in rope_scaling, its kind in `type`."""
    hf, _ = built("llama", 1)  # linear
    hf.save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config |= {"rope_theta": rope["rope_theta"], "rope_scaling": {"type": rope["rope_type"], "factor": rope["factor"]}, "torch_dtype": "float32"}
    path.write_text(json.dumps(config))
    sequences = texts(1)
    np.testing.assert_allclose(nn.Transformer.load(tmp_path).logits(sequences), expected_logits(hf, sequences), rtol=0, atol=TOLERANCE)

    hf, _ = built("gpt_neox", 1)
    hf.save_pretrained(tmp_path)
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config |= {"rotary_emb_base": rope["rope_theta"], "rotary_pct": rope["partial_rotary_factor"], "rope_scaling": {"type": "linear", "factor": rope["factor"]}}
    path.write_text(json.dumps(config))
    np.testing.assert_allclose(nn.Transformer.load(tmp_path).logits(sequences), expected_logits(hf, sequences), rtol=0, atol=TOLERANCE)


def test_a_bare_trunk_with_old_constants(tmp_path):
    """As openai-community/gpt2 is: names without transformer., causal masks beside the weights."""
    hf, _ = built("gpt2", 0)
    hf.save_pretrained(tmp_path)
    tensors = {n.removeprefix("transformer."): p for n, p in hf.state_dict().items() if n != "lm_head.weight"}
    constants = {f"h.{i}.attn.bias": torch.ones(1, 1, 8, 8, dtype=torch.bool) for i in range(hf.config.n_layer)}
    from safetensors.torch import save_file
    save_file(tensors | constants, tmp_path / "model.safetensors", {"format": "pt"})
    sequences = texts(0)
    if hf.config.tie_word_embeddings:
        np.testing.assert_allclose(nn.Transformer.load(tmp_path).logits(sequences), expected_logits(hf, sequences), rtol=0, atol=TOLERANCE)
    else:
        with pytest.raises(tutelage.IoError, match="no lm_head.weight"):
            nn.Transformer.load(tmp_path)


def test_a_new_model_goes_to_transformers(tmp_path, caplog):
    model = nn.Transformer(nn.TransformerConfig(vocab_size=VOCAB, max_positions=40, hidden_size=24, num_layers=2, num_heads=3), seed=4)
    model.save(str(tmp_path), base="HuggingFaceTB/SmolLM2-135M-Instruct", license="apache-2.0", training="60 key presses.")
    back = loaded_silently(AutoModelForCausalLM, tmp_path, caplog)
    ids = texts(0)[3]
    np.testing.assert_allclose(model.logits([ids]), expected_logits(back, [ids]), rtol=0, atol=TOLERANCE)
    card = (tmp_path / "README.md").read_text()
    import yaml
    head = yaml.safe_load(card.split("---")[1])
    assert head["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct" and head["license"] == "apache-2.0" and "60 key presses." in card
