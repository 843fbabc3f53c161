#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tutelage/tensor/activation.hpp"
#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

/// Differentiable functions of tensors; T is float or double. Every per-token op works on (tokens, C).
namespace ops {

// Element by element, with NumPy's broadcasting. @throws ShapeError
template <class T> BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b);
template <class T> BasicTensor<T> sub(const BasicTensor<T>& a, const BasicTensor<T>& b);
template <class T> BasicTensor<T> mul(const BasicTensor<T>& a, const BasicTensor<T>& b);
template <class T> BasicTensor<T> div(const BasicTensor<T>& a, const BasicTensor<T>& b);
template <class T> BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b);  // gradient to a where equal
template <class T> BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// a * x + b with plain numbers.
template <class T> BasicTensor<T> affine(const BasicTensor<T>& x, double a, double b);
template <class T> BasicTensor<T> clip(const BasicTensor<T>& x, double low, double high);
template <class T> BasicTensor<T> neg(const BasicTensor<T>& x);
template <class T> BasicTensor<T> exp(const BasicTensor<T>& x);
template <class T> BasicTensor<T> log(const BasicTensor<T>& x);
template <class T> BasicTensor<T> sqrt(const BasicTensor<T>& x);
template <class T> BasicTensor<T> square(const BasicTensor<T>& x);
template <class T> BasicTensor<T> abs(const BasicTensor<T>& x);
template <class T> BasicTensor<T> tanh(const BasicTensor<T>& x);
template <class T> BasicTensor<T> sigmoid(const BasicTensor<T>& x);
template <class T> BasicTensor<T> softplus(const BasicTensor<T>& x);
template <class T> BasicTensor<T> relu(const BasicTensor<T>& x);
template <class T> BasicTensor<T> gelu(const BasicTensor<T>& x);        // the tanh form, as GPT-2
template <class T> BasicTensor<T> gelu_exact(const BasicTensor<T>& x);  // x Phi(x), with erf
template <class T> BasicTensor<T> silu(const BasicTensor<T>& x);

// Sums. Over everything: in double by 16 lanes (canonical rule 4), a scalar; over the last axis: rule 2; over the first axis: a chain (rule 3).
template <class T> BasicTensor<T> sum(const BasicTensor<T>& x);
template <class T> BasicTensor<T> mean(const BasicTensor<T>& x);
template <class T> BasicTensor<T> sum_last(const BasicTensor<T>& x);   // (..., C) -> (...)
template <class T> BasicTensor<T> sum_first(const BasicTensor<T>& x);  // (N, ...) -> (...)
/// Of each segment, rows [offsets[i], offsets[i + 1]) of x (M, C), a chain a column: (segments, C); 0 where it is empty. @throws ShapeError,
/// ValueError
template <class T> BasicTensor<T> segment_sum(const BasicTensor<T>& x, std::span<const std::int64_t> offsets);
template <class T> BasicTensor<T> logsumexp(const BasicTensor<T>& x);  // (..., C) -> (...)
template <class T> BasicTensor<T> softmax(const BasicTensor<T>& x);    // over the last axis
template <class T> BasicTensor<T> log_softmax(const BasicTensor<T>& x);

// Shape and selection.
template <class T> BasicTensor<T> reshape(const BasicTensor<T>& x, Shape shape);
template <class T> BasicTensor<T> transpose(const BasicTensor<T>& x);                                  // (N, K) -> (K, N)
template <class T> BasicTensor<T> rows(const BasicTensor<T>& x, std::span<const std::int64_t> index);  // (N, ...) -> (index, ...)
template <class T> BasicTensor<T> slice_rows(const BasicTensor<T>& x, std::int64_t begin, std::int64_t end);
template <class T> BasicTensor<T> concat_rows(std::span<const BasicTensor<T>> xs);

/// Inputs that are zeroed at random in a training step (Srivastava et al. 2014): number k of a token's row becomes 0 with `probability`, else it is
/// divided by 1 - probability. The random number is that of (seed, step, the token's item and position, site, k): no cut of the step shows.
struct Dropout {
  double probability = 0;
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  std::vector<std::uint32_t> items, positions;  // of each token; positions below 2^24
};
/// What is added to a linear map x W^T + b (Hu et al. 2021): outputs [first, first + N) go on from there with scale * dropout(x) A^T times B^T, so
/// that each output is one fma chain over W's columns and then over the rank.
template <class T> struct LowRank {
  BasicTensor<T> a, b;  // (R, K), (N, R)
  std::int64_t first = 0;
  double scale = 1;
  std::shared_ptr<const Dropout> dropout;  // null: none
  std::uint32_t site = 0;                  // of the random numbers; below 8192
};
template <class T> using LowRanks = std::vector<LowRank<T>>;

// Products.
/// (M, K) x (K, N) -> (M, N); every output one fma chain, k rising.
template <class T> BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// act(x W^T + b): x (M, K), weight (N, K) as in torch, bias (N) or an empty tensor. Returns (M, N). With an activation, at most one of `added`, to
/// all outputs; so in the fused ops.
template <class T>
BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act = Activation::kNone,
                      const LowRanks<T>& added = {});
/// `groups` linear maps side by side, each of its own columns: x (M, G K), weight (G N, K), bias (G N) or an empty tensor -> (M, G N), where group g
/// is linear(x[:, g K:(g + 1) K], weight[g N:(g + 1) N], bias[g N:(g + 1) N], act). @throws ShapeError
template <class T>
BasicTensor<T> grouped_linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, std::int64_t groups,
                              Activation act = Activation::kNone);

// Transformer pieces.
/// (x - mean) / sqrt(var + eps) * gain + bias over the last axis of (M, C).
template <class T> BasicTensor<T> layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& bias, double eps = 1e-5);
/// x / sqrt(mean(x^2) + eps) * gain over the last axis of (M, C) (Zhang, Sennrich 2019).
template <class T> BasicTensor<T> rms_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, double eps = 1e-5);
/// table (V, C), ids (M) -> (M, C). @throws IndexError
template <class T> BasicTensor<T> embedding(const BasicTensor<T>& table, std::span<const std::int32_t> ids);
/// Causal attention over ragged sequences. qkv (tokens, (num_heads + 2 num_key_value_heads) * head_size), laid out q | k | v, heads
/// contiguous; offsets: sequences are tokens [offsets[i], offsets[i+1]). Scores scaled by 1/sqrt(head_size). window: a query sees so many last keys,
/// itself included, and visits no others; 0: all. Returns (tokens, num_heads * head_size).
template <class T>
BasicTensor<T> causal_attention(const BasicTensor<T>& qkv, std::span<const std::int64_t> offsets, int num_heads, int num_key_value_heads,
                                std::int64_t window = 0);
/// rms_norm of each query head, and of each key head, of a qkv laid out as causal_attention takes it; values stay. Gains: (head_size).
template <class T>
BasicTensor<T> qk_norm(const BasicTensor<T>& qkv, const BasicTensor<T>& q_gain, const BasicTensor<T>& k_gain, double eps, int num_heads,
                       int num_key_value_heads);
/// Rotary positions (Su et al. 2021) of the query and key heads of such a qkv, values stay: of each head, numbers d and d + R/2 turn by the angle d
/// of its token's position, d < R/2; those from R on stay. angles (P, R), not tracked: of each position the cosines, then the sines; positions
/// (tokens).
/// @throws ShapeError, IndexError
template <class T>
BasicTensor<T> rotary(const BasicTensor<T>& qkv, std::span<const std::int32_t> positions, const BasicTensor<T>& angles, int num_heads,
                      int num_key_value_heads);
/// log softmax(logits / temperature)[targets]: logits (M, V), targets (M) -> (M).
template <class T> BasicTensor<T> token_logprobs(const BasicTensor<T>& logits, std::span<const std::int32_t> targets, double temperature = 1.0);
/// Entropy of softmax(logits / temperature) in nats, (M, V) -> (M).
template <class T> BasicTensor<T> token_entropy(const BasicTensor<T>& logits, double temperature = 1.0);
// The same, fused: equal bits, less memory. An empty norm_bias stands for rms_norm in place of layer_norm, an empty bias for none.
/// linear(layer_norm(x, gain, norm_bias, eps), weight, bias); the norm is computed again in the backward pass.
template <class T>
BasicTensor<T> norm_linear(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                           const BasicTensor<T>& weight, const BasicTensor<T>& bias, const LowRanks<T>& added = {});
/// linear(linear(layer_norm(x, gain, norm_bias, eps), up_weight, up_bias, act), down_weight, down_bias); keeps what act is given, nothing else.
template <class T>
BasicTensor<T> norm_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                        const BasicTensor<T>& up_weight, const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight,
                        const BasicTensor<T>& down_bias, const LowRanks<T>& up_added = {}, const LowRanks<T>& down_added = {});
/// linear(linear(n, gate_weight, gate_bias, act) * linear(n, up_weight, up_bias), down_weight, down_bias) with n the norm of x (Shazeer 2020); keeps
/// what act is given and what it is multiplied with.
template <class T>
BasicTensor<T> norm_gated_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,
                              const BasicTensor<T>& gate_weight, const BasicTensor<T>& gate_bias, const BasicTensor<T>& up_weight,
                              const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight, const BasicTensor<T>& down_bias,
                              const LowRanks<T>& gate_added = {}, const LowRanks<T>& up_added = {}, const LowRanks<T>& down_added = {});
/// token_logprobs(linear(x, weight), targets, temperature): x (M, C), weight (V, C), targets (M) -> (M). Holds some rows of logits at a time, and
/// computes them again in the backward pass.
template <class T>
BasicTensor<T> linear_logprobs(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets,
                               double temperature = 1.0);
/// -token_weights[i] log softmax(x W^T)[targets[i]], (M): the terms of a loss. Their gradients are formed on the way, so that logits are computed
/// once; hence the terms must be the loss itself. @throws StateError where the gradient that comes back is not 1
template <class T>
BasicTensor<T> cross_entropy(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets,
                             std::span<const double> token_weights);
/// f(inputs), of which only the inputs are kept: the backward pass runs f again (Chen et al. 2016). Equal bits where f uses each parameter once.
/// f must give the same at both times, and its tensors all stand in `inputs`.
template <class T>
BasicTensor<T> recomputed(std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)> f, std::span<const BasicTensor<T>> inputs);
/// An element-wise function whose value and derivatives were computed elsewhere: out[i] = value[i], d out[i] / d inputs[j][i] = derivatives[j][i].
/// All of one shape. The door for hand-written losses.
template <class T>
BasicTensor<T> with_derivatives(BasicTensor<T> value, std::span<const BasicTensor<T>> inputs, std::span<const BasicTensor<T>> derivatives);

}  // namespace ops

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/autograd/ops.ipp"
#endif
