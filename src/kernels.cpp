#include "tutelage/impl/kernels/launch.ipp"
#include "tutelage/impl/kernels/layout.ipp"

TUTELAGE_BEGIN
namespace kernels {
#define TUTELAGE_INSTANTIATE(T)                                                                                                                     \
  template const Table<T>& table();                                                                                                                 \
  template const Table<T>* find_table(const char*);                                                                                                 \
  template void gemm(const Gemm<T>& g);                                                                                                             \
  template std::int64_t packed_size<T>(std::int64_t r, std::int64_t n);                                                                             \
  template void pack_b(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed);                              \
  template void unary(Unary op, const T* x, T* y, std::int64_t n);                                                                                  \
  template void unary_backward(Unary op, const T* x, const T* y, const T* dy, T* dx, std::int64_t n);                                               \
  template void activation_backward(Activation act, const T* pre, const T* dy, T* dpre, T* y, std::int64_t n);                                      \
  template void gated_backward(Activation act, T* gate, T* up, T* dy, std::int64_t n);                                                              \
  template void binary(Binary op, const T* a, const T* b, T* y, std::int64_t n);                                                                    \
  template void affine(T a, T b, const T* x, T* y, std::int64_t n);                                                                                 \
  template void add_scaled(T a, const T* x, T* y, std::int64_t n);                                                                                  \
  template void dropout(const DropoutKey& key, const T* x, std::int64_t m, std::int64_t c, T* y);                                                   \
  template void mul_add(const T* a, const T* b, T* y, std::int64_t n);                                                                              \
  template void clip(T low, T high, const T* x, T* y, std::int64_t n);                                                                              \
  template T sum16(const T* x, std::int64_t n);                                                                                                     \
  template double sum16_double(const T* x, std::int64_t n);                                                                                         \
  template double sum16_square(const T* x, std::int64_t n);                                                                                         \
  template void layer_norm(const T* x, const T* gain, const T* bias, T eps, std::int64_t m, std::int64_t c, T* y, T* mean, T* inv_std);             \
  template void layer_norm_backward(const T* x, const T* gain, const T* mean, const T* inv_std, const T* dy, std::int64_t m, std::int64_t c, T* dx, \
                                    T* dgain, T* dbias);                                                                                            \
  template void rms_norm(const T* x, const T* gain, T eps, std::int64_t m, std::int64_t c, T* y, T* inv_rms);                                       \
  template void rms_norm_backward(const T* x, const T* gain, const T* inv_rms, const T* dy, std::int64_t m, std::int64_t c, T* dx, T* dgain);       \
  template void heads_norm(const Heads& h, const T* x, const T* gain, T eps, T* y, T* inv_rms);                                                     \
  template void heads_norm_backward(const Heads& h, const T* x, const T* gain, const T* inv_rms, const T* dy, T* dx, T* dgain);                     \
  template void rotary(const Heads& h, const T* x, const std::int32_t* positions, const T* angles, std::int64_t half, bool back, T* y);             \
  template void column_sum(const T* x, std::int64_t m, std::int64_t c, T* y);                                                                       \
  template void scatter_add(const T* x, const std::int32_t* ids, std::int64_t m, std::int64_t c, T* table);                                         \
  template void softmax(const T* x, std::int64_t m, std::int64_t c, T* y);                                                                          \
  template void softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx);                                                   \
  template void log_softmax(const T* x, std::int64_t m, std::int64_t c, T* y);                                                                      \
  template void log_softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx);                                               \
  template void logsumexp(const T* x, std::int64_t m, std::int64_t c, T* y);                                                                        \
  template void token_logprob(const T* x, const std::int32_t* targets, T inv_temperature, std::int64_t m, std::int64_t c, T* logprob, T* max,       \
                              T* sum);                                                                                                              \
  template void token_logprob_backward(const T* x, const std::int32_t* targets, T inv_temperature, const T* max, const T* sum, const T* dlogprob,   \
                                       std::int64_t m, std::int64_t c, T* dx);                                                                      \
  template void transpose_keys(const T* x, std::int64_t row, std::int64_t length, std::int64_t head_size, T* y, std::int64_t step);                 \
  template void attention_forward(const T* qkv, const std::int64_t* offsets, std::int64_t sequences, std::int64_t heads, std::int64_t kv_heads,     \
                                  std::int64_t head_size, T* out, T* max, T* sum, std::int64_t window);                                             \
  template void attention_backward(const T* qkv, const T* out, const T* dout, const T* max, const T* sum, const std::int64_t* offsets,              \
                                   std::int64_t sequences, std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size, T* dqkv,              \
                                   std::int64_t window);                                                                                            \
  template void broadcast(const T*, const Shape&, T*, const Shape&);                                                                                \
  template void broadcast_backward(const T*, const Shape&, T*, const Shape&);                                                                       \
  template void transpose(const T*, std::int64_t, std::int64_t, T*);                                                                                \
  template void gather_rows(const T*, const std::int32_t*, std::int64_t, std::int64_t, T*);                                                         \
  template void row_sum(const T*, std::int64_t, std::int64_t, T*);                                                                                  \
  template void add_row_constant(const T*, std::int64_t, std::int64_t, T*);                                                                         \
  template void add_scaled_rows(const T*, const T*, std::int64_t, std::int64_t, T*);                                                                \
  template void add_constant(T, T*, std::int64_t);                                                                                                  \
  template void extremum_backward(T, const T*, const T*, const T*, T*, T*, std::int64_t);                                                           \
  template void clip_backward(T, T, const T*, const T*, T*, std::int64_t);

TUTELAGE_INSTANTIATE(float)
TUTELAGE_INSTANTIATE(double)
#undef TUTELAGE_INSTANTIATE
}  // namespace kernels
TUTELAGE_END
