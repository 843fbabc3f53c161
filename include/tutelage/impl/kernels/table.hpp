#pragma once
#include <cstdint>

#include "tutelage/tensor/activation.hpp"

// The kernels of one instruction set, as plain functions over pointers and ranges. Each works on [begin, end) of the one dimension
// that its sums do not cross, so that threads may cut it anywhere. Orders: see the canonical order's rules in docs.

TUTELAGE_BEGIN

namespace kernels {

enum class Unary { kExp, kLog, kSqrt, kSquare, kAbs, kNeg, kTanh, kSigmoid, kSoftplus, kRelu, kGelu, kSilu, kGeluExact };
enum class Binary { kAdd, kSub, kMul, kDiv, kMaximum, kMinimum };

/// C(M, N) = A(M, R) B(R, N), every output one fma chain over R, rising.
/// A element (i, r) is a[i * a_row + r * a_col]; B is read as panels made by pack_b (16 * kPanel columns wide), or directly where
/// `packed` is false: element (r, j) at b[r * b_row + j * b_col].
template <class T> struct Gemm {
  std::int64_t m = 0, n = 0, r = 0;
  const T* a = nullptr;
  std::int64_t a_row = 0, a_col = 1;
  const T* b = nullptr;
  std::int64_t b_row = 0, b_col = 1;
  bool packed = false;
  T* c = nullptr;
  std::int64_t c_row = 0;
  enum class Start { kZero, kBias, kContinue } start = Start::kZero;  // kContinue: the chain goes on from C
  const T* bias = nullptr;                                            // (N), for kBias
  Activation act = Activation::kNone;                                 // applied to the finished chain
  T* pre = nullptr;                                                   // where not null, (M, N) with row c_row: the value before the activation
};

inline constexpr std::int64_t kDepth = 384, kGroup = 16, kStripRows = 96;  // steps of r, panels of B and rows of A that a product copies at once

/// Keys are read in runs of up to 32: the transposed ones, and rows of scores, have room for whole runs.
inline std::int64_t padded_keys(std::int64_t keys) { return (keys + 31) / 32 * 32; }
inline constexpr std::int64_t kQueryRows = 8, kQueryBlock = 32;  // rows of scores that forward and backward keep at once

/// Causal attention of one head of one sequence; the keys come transposed, (head_size, k_step), so that a run of them is one load. What stands
/// behind the last key, up to padded_keys, is read but changes nothing.
template <class T> struct Attention {
  const T* q = nullptr;  // query of row q_offset; row i at q + (i - q_offset) * q_row
  std::int64_t q_row = 0, q_offset = 0;
  const T* kt = nullptr;  // key j, element d at kt[d * k_step + j]
  std::int64_t k_step = 0;
  const T* v = nullptr;  // value j at v + j * v_row
  std::int64_t v_row = 0;
  T* out = nullptr;  // row i at out + (i - q_offset) * out_row
  std::int64_t out_row = 0;
  std::int64_t head_size = 0;
  T scale = 0;
  T *max = nullptr, *sum = nullptr;  // of row i at [i - q_offset], or null
  T* scratch = nullptr;              // kQueryRows (one where a single row is asked for) rows, scratch_row apart
  std::int64_t scratch_row = 0;      // at least padded_keys(last row + 1)
  std::int64_t window = 0;           // 0: row i sees keys 0 to i; else the last `window` of them, and no others are visited
  std::int64_t skip = 0;             // keys before the first that a row sees; below 32, and 0 but for rows that attention's own cut of a window makes
};

/// Backward of one key-value head of one sequence, over its group of query heads, in order.
template <class T> struct AttentionBackward {
  const T *q = nullptr, *k = nullptr, *out = nullptr, *dout = nullptr;
  const T *kt = nullptr, *vt = nullptr;  // transposed, k_step >= padded_keys(length) apart
  std::int64_t k_step = 0;
  std::int64_t row = 0, out_row = 0;  // of q, k, dq, dk, dv; of out, dout
  std::int64_t length = 0, head_size = 0, group = 1;
  T scale = 0;
  const T *max = nullptr, *sum = nullptr;  // (group, length), rows stat_row apart
  std::int64_t stat_row = 0;
  T *dq = nullptr, *dk = nullptr, *dv = nullptr;  // added to
  T* scratch = nullptr;                           // 2 * kQueryBlock * padded_keys(length) elements
  std::int64_t window = 0;                        // as in Attention
};

template <class T> struct AdamW {
  T beta1 = 0, one_minus_beta1 = 0, beta2 = 0, one_minus_beta2 = 0, correction1 = 1, correction2 = 1, lr = 0, eps = 0, weight_decay = 0,
    grad_scale = 1;
};

template <class T> struct Table {
  const char* name;    // "scalar", "avx2", "avx512"
  std::int64_t panel;  // columns of a packed panel of B

  /// Packs columns [panel_begin, panel_end) (counted in panels) of B (R, N) where B(r, j) = b[r * b_row + j * b_col]; missing columns 0.
  void (*pack_b)(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed, std::int64_t panel_begin,
                 std::int64_t panel_end);
  /// Outputs rows [m0, m1), columns [n0, n1); n0 a multiple of `panel`. scratch:
  /// kDepth * kStripRows where a_row is 1 and a_col is not, or B is not packed, and then as much again as kDepth rows of kGroup panels; else unused.
  void (*gemm)(const Gemm<T>& g, std::int64_t m0, std::int64_t m1, std::int64_t n0, std::int64_t n1, T* scratch);

  void (*unary)(Unary op, const T* x, T* y, std::int64_t begin, std::int64_t end);
  /// dx += dy * f'(x); y = f(x).
  void (*unary_backward)(Unary op, const T* x, const T* y, const T* dy, T* dx, std::int64_t begin, std::int64_t end);
  /// dpre = dy * act'(pre); y, where not null, = act(pre). dpre may be dy.
  void (*activation_backward)(Activation act, const T* pre, const T* dy, T* dpre, T* y, std::int64_t begin, std::int64_t end);
  /// Of y = act(gate) * up: gate becomes y, dy becomes the gradient of gate, up that of up.
  void (*gated_backward)(Activation act, T* gate, T* up, T* dy, std::int64_t begin, std::int64_t end);
  void (*binary)(Binary op, const T* a, const T* b, T* y, std::int64_t begin, std::int64_t end);  // equal shapes
  void (*affine)(T a, T b, const T* x, T* y, std::int64_t begin, std::int64_t end);               // y = fma(a, x, b)
  void (*add_scaled)(T a, const T* x, T* y, std::int64_t begin, std::int64_t end);      // y = y + a * x (product rounded first; a = 1 adds x)
  void (*mul_add)(const T* a, const T* b, T* y, std::int64_t begin, std::int64_t end);  // y = y + a * b (product rounded first)
  void (*clip)(T low, T high, const T* x, T* y, std::int64_t begin, std::int64_t end);

  T (*sum16)(const T* x, std::int64_t n);              // rule 2
  double (*sum16_double)(const T* x, std::int64_t n);  // rule 2 in double
  double (*sum16_square)(const T* x, std::int64_t n);  // of x * x in double
  T (*max)(const T* x, std::int64_t n);

  // Rows [begin, end) of (M, C).
  void (*layer_norm)(const T* x, const T* gain, const T* bias, T eps, std::int64_t c, T* y, T* mean, T* inv_std, std::int64_t begin,
                     std::int64_t end);
  void (*layer_norm_backward)(const T* x, const T* gain, const T* mean, const T* inv_std, const T* dy, std::int64_t c, T* dx, std::int64_t begin,
                              std::int64_t end);  // dx +=
  /// Columns [begin, end): dgain, dbias continue their chains over m rows.
  void (*layer_norm_param_backward)(const T* x, const T* mean, const T* inv_std, const T* dy, std::int64_t m, std::int64_t c, T* dgain, T* dbias,
                                    std::int64_t begin, std::int64_t end);
  /// x / sqrt(mean(x^2) + eps) * gain.
  void (*rms_norm)(const T* x, const T* gain, T eps, std::int64_t c, T* y, T* inv_rms, std::int64_t begin, std::int64_t end);
  void (*rms_norm_backward)(const T* x, const T* gain, const T* inv_rms, const T* dy, std::int64_t c, T* dx, std::int64_t begin,
                            std::int64_t end);  // dx +=
  /// Columns [begin, end): dgain continues its chains over m rows.
  void (*rms_norm_param_backward)(const T* x, const T* inv_rms, const T* dy, std::int64_t m, std::int64_t c, T* dgain, std::int64_t begin,
                                  std::int64_t end);
  /// Turns numbers d and d + half of each of a token's heads, d < half, by angles whose cosines, then sines, are `angles`; back: by the negative
  /// angles. The rest of a head is copied. y may be x.
  void (*rotary)(const T* x, const T* angles, std::int64_t heads, std::int64_t head_size, std::int64_t half, bool back, T* y);
  /// Columns [begin, end): y[j] = y[j] + x[i, j] for i rising (a chain).
  void (*column_sum)(const T* x, std::int64_t m, std::int64_t c, T* y, std::int64_t begin, std::int64_t end);
  /// Columns [begin, end) of table (V, C): table[ids[i]] += x[i] for i rising.
  void (*scatter_add)(const T* x, const std::int32_t* ids, std::int64_t m, std::int64_t c, T* table, std::int64_t begin, std::int64_t end);

  void (*softmax)(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end);
  void (*softmax_backward)(const T* y, const T* dy, std::int64_t c, T* dx, std::int64_t begin, std::int64_t end);  // dx +=
  void (*log_softmax)(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end);                     // (x - max) - log(sum)
  void (*log_softmax_backward)(const T* y, const T* dy, std::int64_t c, T* dx, std::int64_t begin, std::int64_t end);
  void (*logsumexp)(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end);  // max + log(sum)
  /// logprob[i] = (z[t] - max) - log(sum), z = x * inv_temperature; max and sum saved.
  void (*token_logprob)(const T* x, const std::int32_t* targets, T inv_temperature, std::int64_t c, T* logprob, T* max, T* sum, std::int64_t begin,
                        std::int64_t end);
  /// dx = dlogprob[i] * inv_temperature * ([j = target] - p_j); dx may be x.
  void (*token_logprob_backward)(const T* x, const std::int32_t* targets, T inv_temperature, const T* max, const T* sum, const T* dlogprob,
                                 std::int64_t c, T* dx, std::int64_t begin, std::int64_t end);

  void (*transpose)(const T* x, std::int64_t x_row, std::int64_t rows, std::int64_t columns, T* y, std::int64_t y_row);  // y(j, i) = x(i, j)
  void (*attention)(const Attention<T>& a, std::int64_t q_begin, std::int64_t q_end);
  /// Row i alone, of several heads of one size, each with its own scratch.
  void (*attention_row)(const Attention<T>* heads, std::int64_t count, std::int64_t i);
  void (*attention_backward)(const AttentionBackward<T>& a);

  void (*adamw)(const AdamW<T>& c, const T* grad, T* param, T* m, T* v, std::int64_t begin, std::int64_t end);
};

/// The table in use: the best set this CPU has, or TUTELAGE_ISA. @throws ConfigError for an unknown or missing set
template <class T> const Table<T>& table();
/// "scalar", "avx2" or "avx512"; nullptr where this CPU or build lacks it.
template <class T> const Table<T>* find_table(const char* name);
/// Name of the set in use.
const char* isa_name();

}  // namespace kernels

TUTELAGE_END
