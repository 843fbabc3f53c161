"""tutelage's side of the problems: its model with the shared weights."""

import tutelage
from tutelage import nn

from .shapes import weights


def model(shape, spread=1.0):
    config = nn.TransformerConfig(vocab_size=shape.vocab_size, max_positions=shape.length, hidden_size=shape.hidden_size,
                                  num_layers=shape.num_layers, num_heads=shape.num_heads)
    return nn.Transformer(config, seed=0).with_parameters({name: tutelage.Tensor(a) for name, a in weights(shape, spread=spread).items()})
