"""
Differentiable functions of tensors or NumPy arrays, float32 or float64.
"""
from __future__ import annotations
import collections.abc
import tutelage._core
import typing
__all__: list[str] = ['abs', 'add', 'affine', 'causal_attention', 'clip', 'concat_rows', 'cross_entropy', 'div', 'embedding', 'exp', 'gelu', 'gelu_exact', 'grouped_linear', 'layer_norm', 'linear', 'linear_logprobs', 'log', 'log_softmax', 'logsumexp', 'matmul', 'maximum', 'mean', 'minimum', 'mul', 'neg', 'norm_gated_mlp', 'norm_linear', 'norm_mlp', 'qk_norm', 'relu', 'reshape', 'rms_norm', 'rotary', 'rows', 'segment_sum', 'sigmoid', 'silu', 'slice_rows', 'softmax', 'softplus', 'sqrt', 'square', 'sub', 'sum', 'sum_first', 'sum_last', 'tanh', 'token_entropy', 'token_logprobs', 'transpose', 'with_derivatives']
@typing.overload
def abs(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def abs(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def add(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def add(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def affine(x: tutelage._core.Tensor, a: typing.SupportsFloat | typing.SupportsIndex, b: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor:
    """
    a * x + b
    """
@typing.overload
def affine(x: tutelage._core.Tensor64, a: typing.SupportsFloat | typing.SupportsIndex, b: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor64:
    """
    a * x + b
    """
@typing.overload
def causal_attention(qkv: tutelage._core.Tensor, offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex, window: typing.SupportsInt | typing.SupportsIndex = 0) -> tutelage._core.Tensor:
    ...
@typing.overload
def causal_attention(qkv: tutelage._core.Tensor64, offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex, window: typing.SupportsInt | typing.SupportsIndex = 0) -> tutelage._core.Tensor64:
    ...
@typing.overload
def clip(x: tutelage._core.Tensor, low: typing.SupportsFloat | typing.SupportsIndex, high: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor:
    ...
@typing.overload
def clip(x: tutelage._core.Tensor64, low: typing.SupportsFloat | typing.SupportsIndex, high: typing.SupportsFloat | typing.SupportsIndex) -> tutelage._core.Tensor64:
    ...
@typing.overload
def concat_rows(xs: collections.abc.Sequence[tutelage._core.Tensor]) -> tutelage._core.Tensor:
    ...
@typing.overload
def concat_rows(xs: collections.abc.Sequence[tutelage._core.Tensor64]) -> tutelage._core.Tensor64:
    ...
@typing.overload
def cross_entropy(x: tutelage._core.Tensor, weight: tutelage._core.Tensor, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], token_weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> tutelage._core.Tensor:
    """
    -token_weights[i] log softmax(x W^T)[targets[i]], (M): terms of a loss, to be returned as they are.
    """
@typing.overload
def cross_entropy(x: tutelage._core.Tensor64, weight: tutelage._core.Tensor64, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], token_weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    """
    -token_weights[i] log softmax(x W^T)[targets[i]], (M): terms of a loss, to be returned as they are.
    """
@typing.overload
def div(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def div(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def embedding(table: tutelage._core.Tensor, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor:
    ...
@typing.overload
def embedding(table: tutelage._core.Tensor64, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    ...
@typing.overload
def exp(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def exp(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def gelu(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def gelu(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def gelu_exact(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def gelu_exact(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def grouped_linear(x: tutelage._core.Tensor, weight: tutelage._core.Tensor, bias: tutelage._core.Tensor, groups: typing.SupportsInt | typing.SupportsIndex, activation: str = 'none') -> tutelage._core.Tensor:
    """
    Linear maps side by side, each of its own columns: (M, G K), (G N, K), (G N) -> (M, G N)
    """
@typing.overload
def grouped_linear(x: tutelage._core.Tensor64, weight: tutelage._core.Tensor64, bias: tutelage._core.Tensor64, groups: typing.SupportsInt | typing.SupportsIndex, activation: str = 'none') -> tutelage._core.Tensor64:
    """
    Linear maps side by side, each of its own columns: (M, G K), (G N, K), (G N) -> (M, G N)
    """
@typing.overload
def layer_norm(x: tutelage._core.Tensor, gain: tutelage._core.Tensor, bias: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex = 1e-05) -> tutelage._core.Tensor:
    ...
@typing.overload
def layer_norm(x: tutelage._core.Tensor64, gain: tutelage._core.Tensor64, bias: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex = 1e-05) -> tutelage._core.Tensor64:
    ...
@typing.overload
def linear(x: tutelage._core.Tensor, weight: tutelage._core.Tensor, bias: tutelage._core.Tensor = ..., activation: str = 'none') -> tutelage._core.Tensor:
    """
    act(x W^T + b): (M, K), (N, K), (N) -> (M, N)
    """
@typing.overload
def linear(x: tutelage._core.Tensor64, weight: tutelage._core.Tensor64, bias: tutelage._core.Tensor64 = ..., activation: str = 'none') -> tutelage._core.Tensor64:
    """
    act(x W^T + b): (M, K), (N, K), (N) -> (M, N)
    """
@typing.overload
def linear_logprobs(x: tutelage._core.Tensor, weight: tutelage._core.Tensor, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor:
    """
    log softmax(x W^T / temperature)[targets]: (M, C), (V, C), (M) -> (M), a few rows of logits at a time.
    """
@typing.overload
def linear_logprobs(x: tutelage._core.Tensor64, weight: tutelage._core.Tensor64, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor64:
    """
    log softmax(x W^T / temperature)[targets]: (M, C), (V, C), (M) -> (M), a few rows of logits at a time.
    """
@typing.overload
def log(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def log(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def log_softmax(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def log_softmax(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def logsumexp(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def logsumexp(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def matmul(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def matmul(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def maximum(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def maximum(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def mean(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def mean(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def minimum(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def minimum(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def mul(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def mul(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def neg(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def neg(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def norm_gated_mlp(x: tutelage._core.Tensor, gain: tutelage._core.Tensor, norm_bias: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex, gate_weight: tutelage._core.Tensor, gate_bias: tutelage._core.Tensor, up_weight: tutelage._core.Tensor, up_bias: tutelage._core.Tensor, activation: str, down_weight: tutelage._core.Tensor, down_bias: tutelage._core.Tensor) -> tutelage._core.Tensor:
    """
    down(act(gate(n)) * up(n)), n the norm of x.
    """
@typing.overload
def norm_gated_mlp(x: tutelage._core.Tensor64, gain: tutelage._core.Tensor64, norm_bias: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex, gate_weight: tutelage._core.Tensor64, gate_bias: tutelage._core.Tensor64, up_weight: tutelage._core.Tensor64, up_bias: tutelage._core.Tensor64, activation: str, down_weight: tutelage._core.Tensor64, down_bias: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    """
    down(act(gate(n)) * up(n)), n the norm of x.
    """
@typing.overload
def norm_linear(x: tutelage._core.Tensor, gain: tutelage._core.Tensor, norm_bias: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex, weight: tutelage._core.Tensor, bias: tutelage._core.Tensor = ...) -> tutelage._core.Tensor:
    """
    linear(layer_norm(x, gain, norm_bias, eps), weight, bias), keeping less for the backward pass; an empty norm_bias stands for rms_norm.
    """
@typing.overload
def norm_linear(x: tutelage._core.Tensor64, gain: tutelage._core.Tensor64, norm_bias: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex, weight: tutelage._core.Tensor64, bias: tutelage._core.Tensor64 = ...) -> tutelage._core.Tensor64:
    """
    linear(layer_norm(x, gain, norm_bias, eps), weight, bias), keeping less for the backward pass; an empty norm_bias stands for rms_norm.
    """
@typing.overload
def norm_mlp(x: tutelage._core.Tensor, gain: tutelage._core.Tensor, norm_bias: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex, up_weight: tutelage._core.Tensor, up_bias: tutelage._core.Tensor, activation: str, down_weight: tutelage._core.Tensor, down_bias: tutelage._core.Tensor) -> tutelage._core.Tensor:
    """
    Layer norm, linear, activation, linear; keeps only what the activation is given.
    """
@typing.overload
def norm_mlp(x: tutelage._core.Tensor64, gain: tutelage._core.Tensor64, norm_bias: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex, up_weight: tutelage._core.Tensor64, up_bias: tutelage._core.Tensor64, activation: str, down_weight: tutelage._core.Tensor64, down_bias: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    """
    Layer norm, linear, activation, linear; keeps only what the activation is given.
    """
@typing.overload
def qk_norm(qkv: tutelage._core.Tensor, q_gain: tutelage._core.Tensor, k_gain: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex, num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor:
    """
    rms_norm of each query and key head of (tokens, (H + 2 G) D).
    """
@typing.overload
def qk_norm(qkv: tutelage._core.Tensor64, q_gain: tutelage._core.Tensor64, k_gain: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex, num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor64:
    """
    rms_norm of each query and key head of (tokens, (H + 2 G) D).
    """
@typing.overload
def relu(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def relu(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def reshape(x: tutelage._core.Tensor, shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor:
    ...
@typing.overload
def reshape(x: tutelage._core.Tensor64, shape: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    ...
@typing.overload
def rms_norm(x: tutelage._core.Tensor, gain: tutelage._core.Tensor, eps: typing.SupportsFloat | typing.SupportsIndex = 1e-05) -> tutelage._core.Tensor:
    """
    x / sqrt(mean(x^2) + eps) * gain, over the last axis.
    """
@typing.overload
def rms_norm(x: tutelage._core.Tensor64, gain: tutelage._core.Tensor64, eps: typing.SupportsFloat | typing.SupportsIndex = 1e-05) -> tutelage._core.Tensor64:
    """
    x / sqrt(mean(x^2) + eps) * gain, over the last axis.
    """
@typing.overload
def rotary(qkv: tutelage._core.Tensor, positions: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], angles: tutelage._core.Tensor, num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor:
    """
    Turns query and key heads: angles (P, R) holds each position's cosines, then sines.
    """
@typing.overload
def rotary(qkv: tutelage._core.Tensor64, positions: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], angles: tutelage._core.Tensor64, num_heads: typing.SupportsInt | typing.SupportsIndex, num_key_value_heads: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor64:
    """
    Turns query and key heads: angles (P, R) holds each position's cosines, then sines.
    """
@typing.overload
def rows(x: tutelage._core.Tensor, index: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor:
    ...
@typing.overload
def rows(x: tutelage._core.Tensor64, index: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    ...
@typing.overload
def segment_sum(x: tutelage._core.Tensor, offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor:
    """
    Sums of the rows [offsets[i], offsets[i + 1]): (M, C) -> (segments, C)
    """
@typing.overload
def segment_sum(x: tutelage._core.Tensor64, offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> tutelage._core.Tensor64:
    """
    Sums of the rows [offsets[i], offsets[i + 1]): (M, C) -> (segments, C)
    """
@typing.overload
def sigmoid(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sigmoid(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def silu(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def silu(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def slice_rows(x: tutelage._core.Tensor, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor:
    ...
@typing.overload
def slice_rows(x: tutelage._core.Tensor64, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex) -> tutelage._core.Tensor64:
    ...
@typing.overload
def softmax(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def softmax(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def softplus(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def softplus(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def sqrt(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sqrt(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def square(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def square(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def sub(a: tutelage._core.Tensor, b: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sub(a: tutelage._core.Tensor64, b: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def sum(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sum(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def sum_first(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sum_first(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def sum_last(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def sum_last(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def tanh(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def tanh(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def token_entropy(logits: tutelage._core.Tensor, temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor:
    ...
@typing.overload
def token_entropy(logits: tutelage._core.Tensor64, temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor64:
    ...
@typing.overload
def token_logprobs(logits: tutelage._core.Tensor, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor:
    ...
@typing.overload
def token_logprobs(logits: tutelage._core.Tensor64, targets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], temperature: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tutelage._core.Tensor64:
    ...
@typing.overload
def transpose(x: tutelage._core.Tensor) -> tutelage._core.Tensor:
    ...
@typing.overload
def transpose(x: tutelage._core.Tensor64) -> tutelage._core.Tensor64:
    ...
@typing.overload
def with_derivatives(value: tutelage._core.Tensor, inputs: collections.abc.Sequence[tutelage._core.Tensor], derivatives: collections.abc.Sequence[tutelage._core.Tensor]) -> tutelage._core.Tensor:
    """
    An element-wise function whose derivatives were computed elsewhere.
    """
@typing.overload
def with_derivatives(value: tutelage._core.Tensor64, inputs: collections.abc.Sequence[tutelage._core.Tensor64], derivatives: collections.abc.Sequence[tutelage._core.Tensor64]) -> tutelage._core.Tensor64:
    """
    An element-wise function whose derivatives were computed elsewhere.
    """
