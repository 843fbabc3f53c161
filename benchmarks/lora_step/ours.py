import tutelage
from tutelage import nn, optim, text, train

from .inputs import RANK, SHAPES, adapter, tokens, weights

state = {}


def tensors(arrays):
    return {name: tutelage.Tensor(a) for name, a in arrays.items()}


def setup(shape, threads, optimizer):
    tutelage.set_num_threads(threads)
    s = SHAPES[shape]
    config = nn.TransformerConfig(vocab_size=s.vocab_size, max_positions=s.length, hidden_size=s.hidden_size, num_layers=s.num_layers,
                                  num_heads=s.num_heads, num_kv_heads=s.num_kv_heads, intermediate_size=s.intermediate_size, norm="rms",
                                  positions="rotary", activation="silu", gated_mlp=True, qkv_bias=False, out_bias=False, mlp_bias=False)
    model = nn.Transformer(config).with_parameters(tensors(weights(s))).with_lora(nn.LoraConfig(rank=RANK)).with_parameters(tensors(adapter(s)))
    state["trainer"] = train.SFTTrainer(model, train.SFTConfig(optimizer=optim.AdamWConfig(**optimizer)))
    state["examples"] = [text.Example(ids=row, mask=[1] * len(row)) for row in tokens(s).tolist()]


def work():
    return state["trainer"].step(state["examples"])


def steps(count):
    """Loss and gradient norm of each of the next steps."""
    return [(s.loss, s.grad_norm) for s in (work() for _ in range(count))]
