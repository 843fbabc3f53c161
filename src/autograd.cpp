#include "tutelage/impl/autograd/grad.ipp"
#include "tutelage/impl/autograd/ops.ipp"
#include "tutelage/impl/autograd/tape.ipp"

TUTELAGE_BEGIN

namespace autograd {
template bool tape_open(const Tape<float>&);
template bool tape_open(const Tape<double>&);
template class RowGradient<float>;
template class RowGradient<double>;
template class Tape<float>;
template class Tape<double>;
template class Accumulators<float>;
template class Accumulators<double>;
}  // namespace autograd

namespace ops {
#define TUTELAGE_INSTANTIATE(T)                                                                                                                      \
  template BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                     \
  template BasicTensor<T> sub(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                     \
  template BasicTensor<T> mul(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                     \
  template BasicTensor<T> div(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                     \
  template BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                 \
  template BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                 \
  template BasicTensor<T> affine(const BasicTensor<T>& x, double a, double b);                                                                       \
  template BasicTensor<T> clip(const BasicTensor<T>& x, double low, double high);                                                                    \
  template BasicTensor<T> neg(const BasicTensor<T>& x);                                                                                              \
  template BasicTensor<T> exp(const BasicTensor<T>& x);                                                                                              \
  template BasicTensor<T> log(const BasicTensor<T>& x);                                                                                              \
  template BasicTensor<T> sqrt(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> square(const BasicTensor<T>& x);                                                                                           \
  template BasicTensor<T> abs(const BasicTensor<T>& x);                                                                                              \
  template BasicTensor<T> tanh(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> sigmoid(const BasicTensor<T>& x);                                                                                          \
  template BasicTensor<T> softplus(const BasicTensor<T>& x);                                                                                         \
  template BasicTensor<T> relu(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> gelu(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> gelu_exact(const BasicTensor<T>& x);                                                                                       \
  template BasicTensor<T> silu(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> sum(const BasicTensor<T>& x);                                                                                              \
  template BasicTensor<T> mean(const BasicTensor<T>& x);                                                                                             \
  template BasicTensor<T> sum_last(const BasicTensor<T>& x);                                                                                         \
  template BasicTensor<T> sum_first(const BasicTensor<T>& x);                                                                                        \
  template BasicTensor<T> logsumexp(const BasicTensor<T>& x);                                                                                        \
  template BasicTensor<T> softmax(const BasicTensor<T>& x);                                                                                          \
  template BasicTensor<T> log_softmax(const BasicTensor<T>& x);                                                                                      \
  template BasicTensor<T> reshape(const BasicTensor<T>& x, Shape shape);                                                                             \
  template BasicTensor<T> transpose(const BasicTensor<T>& x);                                                                                        \
  template BasicTensor<T> rows(const BasicTensor<T>& x, std::span<const std::int64_t> index);                                                        \
  template BasicTensor<T> slice_rows(const BasicTensor<T>& x, std::int64_t begin, std::int64_t end);                                                 \
  template BasicTensor<T> concat_rows(std::span<const BasicTensor<T>> xs);                                                                           \
  template BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b);                                                                  \
  template BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, Activation act,                  \
                                 const LowRanks<T>& added);                                                                                          \
  template BasicTensor<T> grouped_linear(const BasicTensor<T>& x, const BasicTensor<T>& weight, const BasicTensor<T>& bias, std::int64_t groups,     \
                                         Activation act);                                                                                            \
  template BasicTensor<T> segment_sum(const BasicTensor<T>& x, std::span<const std::int64_t> offsets);                                               \
  template BasicTensor<T> layer_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& bias, double eps);                   \
  template BasicTensor<T> rms_norm(const BasicTensor<T>& x, const BasicTensor<T>& gain, double eps);                                                 \
  template BasicTensor<T> qk_norm(const BasicTensor<T>& qkv, const BasicTensor<T>& q_gain, const BasicTensor<T>& k_gain, double eps, int num_heads,  \
                                  int num_key_value_heads);                                                                                          \
  template BasicTensor<T> rotary(const BasicTensor<T>& qkv, std::span<const std::int32_t> positions, const BasicTensor<T>& angles, int num_heads,    \
                                 int num_key_value_heads);                                                                                           \
  template BasicTensor<T> norm_gated_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,           \
                                         const BasicTensor<T>& gate_weight, const BasicTensor<T>& gate_bias, const BasicTensor<T>& up_weight,        \
                                         const BasicTensor<T>& up_bias, Activation act, const BasicTensor<T>& down_weight,                           \
                                         const BasicTensor<T>& down_bias, const LowRanks<T>& gate_added, const LowRanks<T>& up_added,                \
                                         const LowRanks<T>& down_added);                                                                             \
  template BasicTensor<T> embedding(const BasicTensor<T>& table, std::span<const std::int32_t> ids);                                                 \
  template BasicTensor<T> causal_attention(const BasicTensor<T>& qkv, std::span<const std::int64_t> offsets, int num_heads, int num_key_value_heads, \
                                           std::int64_t window);                                                                                     \
  template BasicTensor<T> token_logprobs(const BasicTensor<T>& logits, std::span<const std::int32_t> targets, double temperature);                   \
  template BasicTensor<T> norm_linear(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,              \
                                      const BasicTensor<T>& weight, const BasicTensor<T>& bias, const LowRanks<T>& added);                           \
  template BasicTensor<T> norm_mlp(const BasicTensor<T>& x, const BasicTensor<T>& gain, const BasicTensor<T>& norm_bias, double eps,                 \
                                   const BasicTensor<T>& up_weight, const BasicTensor<T>& up_bias, Activation act,                                   \
                                   const BasicTensor<T>& down_weight, const BasicTensor<T>& down_bias, const LowRanks<T>& up_added,                  \
                                   const LowRanks<T>& down_added);                                                                                   \
  template BasicTensor<T> linear_logprobs(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets,              \
                                          double temperature);                                                                                       \
  template BasicTensor<T> cross_entropy(const BasicTensor<T>& x, const BasicTensor<T>& weight, std::span<const std::int32_t> targets,                \
                                        std::span<const double> token_weights);                                                                      \
  template BasicTensor<T> recomputed(std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)> f, std::span<const BasicTensor<T>> inputs);      \
  template BasicTensor<T> token_entropy(const BasicTensor<T>& logits, double temperature);                                                           \
  template BasicTensor<T> with_derivatives(BasicTensor<T> value, std::span<const BasicTensor<T>> inputs, std::span<const BasicTensor<T>> derivatives);

TUTELAGE_INSTANTIATE(float)
TUTELAGE_INSTANTIATE(double)
#undef TUTELAGE_INSTANTIATE
}  // namespace ops

TUTELAGE_END
