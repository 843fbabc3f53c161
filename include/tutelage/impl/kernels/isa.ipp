#pragma once
// The table of the instruction set that this file is compiled for.
#include "tutelage/impl/kernels/attention.ipp"
#include "tutelage/impl/kernels/gemm.ipp"

#define TUTELAGE_STRING_(x) #x
#define TUTELAGE_STRING(x) TUTELAGE_STRING_(x)

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

template <class T> constexpr Table<T> make_table() {
  Table<T> t{};
  t.name = TUTELAGE_STRING(TUTELAGE_ISA);
  t.panel = kPanel<T>;
  t.pack_b = pack_b<T>;
  t.gemm = gemm<T>;
  t.unary = unary<T>;
  t.unary_backward = unary_backward<T>;
  t.activation_backward = activation_backward<T>;
  t.gated_backward = gated_backward<T>;
  t.binary = binary<T>;
  t.affine = affine<T>;
  t.add_scaled = add_scaled<T>;
  t.mul_add = mul_add<T>;
  t.clip = clip<T>;
  t.sum16 = sum16<T>;
  t.sum16_double = sum16_double<T>;
  t.sum16_square = sum16_square<T>;
  t.max = max<T>;
  t.layer_norm = layer_norm<T>;
  t.layer_norm_backward = layer_norm_backward<T>;
  t.layer_norm_param_backward = layer_norm_param_backward<T>;
  t.rms_norm = rms_norm<T>;
  t.rms_norm_backward = rms_norm_backward<T>;
  t.rms_norm_param_backward = rms_norm_param_backward<T>;
  t.rotary = rotary<T>;
  t.column_sum = column_sum<T>;
  t.scatter_add = scatter_add<T>;
  t.softmax = softmax<T>;
  t.softmax_backward = softmax_backward<T>;
  t.log_softmax = log_softmax<T>;
  t.log_softmax_backward = log_softmax_backward<T>;
  t.logsumexp = logsumexp<T>;
  t.token_logprob = token_logprob<T>;
  t.token_logprob_backward = token_logprob_backward<T>;
  t.transpose = transpose<T>;
  t.attention = attention<T>;
  t.attention_row = attention_row<T>;
  t.attention_backward = attention_backward<T>;
  t.adamw = adamw<T>;
  return t;
}

TUTELAGE_INLINE const Table<float>& table_float() {
  static constexpr Table<float> t = make_table<float>();
  return t;
}
TUTELAGE_INLINE const Table<double>& table_double() {
  static constexpr Table<double> t = make_table<double>();
  return t;
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END
