import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from common import torch_gpt2, torch_settings

from .inputs import RANK, SHAPES, adapter, tokens, weights

NAMES = {"out": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj", "q": "self_attn.q_proj",
         "k": "self_attn.k_proj", "v": "self_attn.v_proj", "norm1_gain": "input_layernorm", "norm2_gain": "post_attention_layernorm"}
state = {}


def their_weights(shape):
    found, kv = {}, shape.num_kv_heads * (shape.hidden_size // shape.num_heads)
    for name, a in weights(shape).items():
        a = torch.from_numpy(a)
        if name == "token_embedding":
            found["model.embed_tokens.weight"] = found["lm_head.weight"] = a
        elif name == "norm_gain":
            found["model.norm.weight"] = a
        else:
            _, layer, field = name.split(".")
            parts = zip("qkv", a.split([shape.hidden_size, kv, kv])) if field == "qkv_weight" else [(field.removesuffix("_weight"), a)]
            found |= {f"model.layers.{layer}.{NAMES[part]}.weight": x for part, x in parts}
    return found


def setup(shape, threads, optimizer, compiled):
    torch_settings.use(threads)
    s = SHAPES[shape]
    config = LlamaConfig(vocab_size=s.vocab_size, hidden_size=s.hidden_size, num_hidden_layers=s.num_layers, num_attention_heads=s.num_heads,
                         num_key_value_heads=s.num_kv_heads, intermediate_size=s.intermediate_size, max_position_embeddings=s.length,
                         rms_norm_eps=1e-5, tie_word_embeddings=True)
    model = LlamaForCausalLM(config)
    model.load_state_dict(their_weights(s))
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=8, target_modules=[n.split(".")[1] for n in NAMES.values() if "proj" in n]))
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for name, a in adapter(s).items():
            _, _, layer, module, factor = name.split(".")
            parameters[f"base_model.model.model.layers.{layer}.{NAMES[module]}.lora_{factor.upper()}.default.weight"].copy_(torch.from_numpy(a))
    parameters = list(parameters.values())
    adamw = torch_gpt2.adamw(parameters, optimizer)
    ids = torch.from_numpy(tokens(s))
    model.train()
    call = torch.compile(model) if compiled else model

    def work():
        loss = call(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, optimizer["max_grad_norm"], foreach=True)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        return loss, norm

    state["work"] = work


def work():
    return state["work"]()


def steps(count):
    """Loss and gradient norm of each of the next steps."""
    return [[x.item() for x in work()] for _ in range(count)]
