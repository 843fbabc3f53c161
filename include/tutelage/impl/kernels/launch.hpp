#pragma once
#include "tutelage/impl/kernels/table.hpp"

// Cuts work over threads, along dimensions that no sum crosses, and calls the table in use. Compiled once, without instruction-set flags.

TUTELAGE_BEGIN

namespace kernels {

template <class T> void gemm(const Gemm<T>& g);  // packed or direct B; cuts rows x columns
template <class T> std::int64_t packed_size(std::int64_t r, std::int64_t n);
template <class T> void pack_b(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed);
template <class T> void unary(Unary op, const T* x, T* y, std::int64_t n);
template <class T> void unary_backward(Unary op, const T* x, const T* y, const T* dy, T* dx, std::int64_t n);
template <class T> void activation_backward(Activation act, const T* pre, const T* dy, T* dpre, T* y, std::int64_t n);
template <class T> void gated_backward(Activation act, T* gate, T* up, T* dy, std::int64_t n);
template <class T> void binary(Binary op, const T* a, const T* b, T* y, std::int64_t n);
template <class T> void affine(T a, T b, const T* x, T* y, std::int64_t n);
template <class T> void add_scaled(T a, const T* x, T* y, std::int64_t n);
/// y = x with numbers zeroed at random, the others divided by 1 - probability, as ops::Dropout says. y may be x.
struct DropoutKey {
  double probability;
  std::uint64_t seed;
  std::uint32_t step, site;
  const std::uint32_t *items, *positions;  // of each row
};
template <class T> void dropout(const DropoutKey& key, const T* x, std::int64_t m, std::int64_t c, T* y);
template <class T> void mul_add(const T* a, const T* b, T* y, std::int64_t n);
template <class T> void clip(T low, T high, const T* x, T* y, std::int64_t n);
template <class T> T sum16(const T* x, std::int64_t n);
template <class T> double sum16_double(const T* x, std::int64_t n);
template <class T> double sum16_square(const T* x, std::int64_t n);
template <class T> void layer_norm(const T* x, const T* gain, const T* bias, T eps, std::int64_t m, std::int64_t c, T* y, T* mean, T* inv_std);
template <class T>
void layer_norm_backward(const T* x, const T* gain, const T* mean, const T* inv_std, const T* dy, std::int64_t m, std::int64_t c, T* dx, T* dgain,
                         T* dbias);  // any of the three may be null
template <class T> void rms_norm(const T* x, const T* gain, T eps, std::int64_t m, std::int64_t c, T* y, T* inv_rms);
template <class T>
void rms_norm_backward(const T* x, const T* gain, const T* inv_rms, const T* dy, std::int64_t m, std::int64_t c, T* dx,
                       T* dgain);  // either may be null
/// The first `heads` heads of each token's row of qkv; x and y have rows `row` apart, norms (m, heads).
struct Heads {
  std::int64_t tokens = 0, row = 0, heads = 0, head_size = 0;
};
template <class T> void heads_norm(const Heads& h, const T* x, const T* gain, T eps, T* y, T* inv_rms);
template <class T> void heads_norm_backward(const Heads& h, const T* x, const T* gain, const T* inv_rms, const T* dy, T* dx, T* dgain);
/// Turns them by row positions[t] of angles, 2 * half wide; back: by the negative angles. What is behind them is not touched. y may be x.
template <class T> void rotary(const Heads& h, const T* x, const std::int32_t* positions, const T* angles, std::int64_t half, bool back, T* y);
template <class T> void column_sum(const T* x, std::int64_t m, std::int64_t c, T* y);
template <class T> void scatter_add(const T* x, const std::int32_t* ids, std::int64_t m, std::int64_t c, T* table);
template <class T> void softmax(const T* x, std::int64_t m, std::int64_t c, T* y);
template <class T> void softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx);
template <class T> void log_softmax(const T* x, std::int64_t m, std::int64_t c, T* y);
template <class T> void log_softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx);
template <class T> void logsumexp(const T* x, std::int64_t m, std::int64_t c, T* y);
template <class T>
void token_logprob(const T* x, const std::int32_t* targets, T inv_temperature, std::int64_t m, std::int64_t c, T* logprob, T* max, T* sum);
template <class T>
void token_logprob_backward(const T* x, const std::int32_t* targets, T inv_temperature, const T* max, const T* sum, const T* dlogprob, std::int64_t m,
                            std::int64_t c, T* dx);
/// (keys or values of one head, row apart) -> (head_size, step).
template <class T> void transpose_keys(const T* x, std::int64_t row, std::int64_t length, std::int64_t head_size, T* y, std::int64_t step);
/// qkv (tokens, (H + 2 G) D), out (tokens, H D); max, sum (H, tokens) or null; window: 0 for all keys.
template <class T>
void attention_forward(const T* qkv, const std::int64_t* offsets, std::int64_t sequences, std::int64_t heads, std::int64_t kv_heads,
                       std::int64_t head_size, T* out, T* max, T* sum, std::int64_t window = 0);
template <class T>
void attention_backward(const T* qkv, const T* out, const T* dout, const T* max, const T* sum, const std::int64_t* offsets, std::int64_t sequences,
                        std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size, T* dqkv, std::int64_t window = 0);  // dqkv +=

}  // namespace kernels

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/kernels/launch.ipp"
#endif
