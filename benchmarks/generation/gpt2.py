"""Hugging Face's GPT-2 with the shared weights."""

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from common.shapes import weights

from .inputs import SPREAD

# GPT-2's names, below transformer.h.<layer>; it keeps weights (in, out) where the shared ones are (out, in).
_BLOCK = {"norm1": "ln_1", "qkv": "attn.c_attn", "out": "attn.c_proj", "norm2": "ln_2", "up": "mlp.c_fc", "down": "mlp.c_proj"}
_TOP = {"token_embedding": "wte.weight", "position_embedding": "wpe.weight", "norm_gain": "ln_f.weight", "norm_bias": "ln_f.bias"}


def _theirs(name, array):
    if name in _TOP:
        return _TOP[name], array
    _, layer, part = name.split(".")
    part, kind = part.split("_")
    return f"h.{layer}.{_BLOCK[part]}.{'bias' if kind == 'bias' else 'weight'}", array.T if kind == "weight" else array


def model(shape, spread=SPREAD):
    config = GPT2Config(vocab_size=shape.vocab_size, n_positions=shape.length, n_embd=shape.hidden_size, n_layer=shape.num_layers, n_head=shape.num_heads,
                        activation_function="gelu_new", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=None, eos_token_id=None, pad_token_id=0)
    found = GPT2LMHeadModel(config).eval()
    renamed = dict(_theirs(*item) for item in weights(shape, spread=spread).items())
    missing = found.transformer.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in renamed.items()}, strict=False).missing_keys
    assert not [name for name in missing if not name.endswith("attn.bias")], missing
    return found
