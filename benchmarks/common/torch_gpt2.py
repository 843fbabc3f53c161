"""GPT-2 in plain PyTorch, with tutelage's names and the shared weights; as one writes it for speed."""

import torch
import torch.nn.functional as F
from torch import nn

from .shapes import weights


class Block(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.heads = heads
        for name in ("norm1", "norm2"):
            self.register_parameter(name + "_gain", nn.Parameter(torch.ones(c)))
            self.register_parameter(name + "_bias", nn.Parameter(torch.zeros(c)))
        for name, out, inner in (("qkv", 3 * c, c), ("out", c, c), ("up", 4 * c, c), ("down", c, 4 * c)):
            self.register_parameter(name + "_weight", nn.Parameter(torch.empty(out, inner)))
            self.register_parameter(name + "_bias", nn.Parameter(torch.zeros(out)))

    def forward(self, x, cache=None):
        """x (B, T, C). With a cache (keys, values, position), T tokens are added to it at that position."""
        b, t, c = x.shape
        h = F.linear(F.layer_norm(x, (c,), self.norm1_gain, self.norm1_bias), self.qkv_weight, self.qkv_bias)
        q, k, v = h.view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        if cache:
            keys, values, at = cache
            keys[:, :, at:at + t], values[:, :, at:at + t] = k, v
            k, v = keys[:, :, :at + t], values[:, :, :at + t]
        a = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        x = x + F.linear(a.transpose(1, 2).reshape(b, t, c), self.out_weight, self.out_bias)
        h = F.linear(F.layer_norm(x, (c,), self.norm2_gain, self.norm2_bias), self.up_weight, self.up_bias)
        return x + F.linear(F.gelu(h, approximate="tanh"), self.down_weight, self.down_bias)


class GPT2(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape, c = shape, shape.hidden_size
        self.token_embedding = nn.Parameter(torch.empty(shape.vocab_size, c))
        self.position_embedding = nn.Parameter(torch.empty(shape.length, c))
        self.blocks = nn.ModuleList(Block(c, shape.num_heads) for _ in range(shape.num_layers))
        self.norm_gain, self.norm_bias = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))

    def hidden(self, ids, caches=None, at=0):
        x = F.embedding(ids, self.token_embedding) + self.position_embedding[at:at + ids.shape[1]]
        for i, block in enumerate(self.blocks):
            x = block(x, (*caches[i], at) if caches else None)
        return F.layer_norm(x, x.shape[-1:], self.norm_gain, self.norm_bias)

    def logits(self, hidden):
        return F.linear(hidden, self.token_embedding)

    def next_token_loss(self, ids):
        """Mean cross-entropy of every token but the first."""
        logits = self.logits(self.hidden(ids)[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


def model(shape):
    found = GPT2(shape)
    found.load_state_dict({name: torch.from_numpy(a) for name, a in weights(shape).items()})
    return found


def adamw(parameters, options):
    """Fused AdamW that, like tutelage's, decays matrices only."""
    parameters = list(parameters)
    groups = [{"params": [p for p in parameters if p.ndim == 2], "weight_decay": options["weight_decay"]},
              {"params": [p for p in parameters if p.ndim != 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options["learning_rate"], betas=(options["beta1"], options["beta2"]), eps=options["eps"], fused=True)
