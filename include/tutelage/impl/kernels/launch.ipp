#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/impl/tensor/storage.hpp"

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/kernels/isa.ipp"
#endif

TUTELAGE_BEGIN

namespace kernels {

#ifndef TUTELAGE_HEADER_ONLY
#define TUTELAGE_ISA_TABLES(set)       \
  namespace set {                      \
  const Table<float>& table_float();   \
  const Table<double>& table_double(); \
  }
TUTELAGE_ISA_TABLES(scalar)
#ifdef TUTELAGE_X86_KERNELS
TUTELAGE_ISA_TABLES(avx2)
TUTELAGE_ISA_TABLES(avx512)
#endif
#undef TUTELAGE_ISA_TABLES
#endif

template <class T, class F, class D> const Table<T>* pick(F f, D d) {
  if constexpr (sizeof(T) == 4)
    return &f();
  else
    return &d();
}

template <class T> const Table<T>* find_table(const char* name) {
#ifdef TUTELAGE_HEADER_ONLY
  const Table<T>* t = pick<T>(TUTELAGE_ISA::table_float, TUTELAGE_ISA::table_double);
  return std::strcmp(t->name, name) == 0 ? t : nullptr;
#else
#ifdef TUTELAGE_X86_KERNELS
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512bw");
  if (has_avx512 && std::strcmp(name, "avx512") == 0) return pick<T>(avx512::table_float, avx512::table_double);
  if (has_avx2 && std::strcmp(name, "avx2") == 0) return pick<T>(avx2::table_float, avx2::table_double);
#endif
  return std::strcmp(name, "scalar") == 0 ? pick<T>(scalar::table_float, scalar::table_double) : nullptr;
#endif
}

template <class T> const Table<T>& choose_table() {
  if (const char* wanted = std::getenv("TUTELAGE_ISA"); wanted && *wanted) {
    if (const auto* t = find_table<T>(wanted)) return *t;
    std::string here;
    for (const char* name : {"avx512", "avx2", "scalar"})
      if (find_table<T>(name)) here += (here.empty() ? "" : ", ") + std::string(name);
    detail::fail<ConfigError>("TUTELAGE_ISA", "instruction set is unknown, or this CPU or build lacks it", wanted, here);
  }
  for (const char* name : {"avx512", "avx2", "scalar"})
    if (const auto* t = find_table<T>(name)) return *t;
  detail::fail<ConfigError>("table", "no instruction set fits", "none", "one");
}

template <class T> const Table<T>& table() {
  static const Table<T>& chosen = choose_table<T>();
  return chosen;
}

TUTELAGE_INLINE const char* isa_name() { return table<float>().name; }

/// Elements of cheap work, and multiply-adds of heavy work, that one task should have at least: an eighth where threads wait for it already.
inline std::int64_t cheap() { return Team::leads() ? 1 << 12 : 1 << 15; }
inline std::int64_t heavy() { return Team::leads() ? 1 << 15 : 1 << 18; }
inline std::int64_t rows_grain(std::int64_t c, std::int64_t work = cheap()) { return std::max<std::int64_t>(1, work / std::max<std::int64_t>(1, c)); }

template <class T> std::int64_t packed_size(std::int64_t r, std::int64_t n) {
  const std::int64_t w = table<T>().panel;
  return (n + w - 1) / w * w * r;
}

template <class T> void pack_b(const T* b, std::int64_t b_row, std::int64_t b_col, std::int64_t r, std::int64_t n, T* packed) {
  const auto& t = table<T>();
  parallel_for((n + t.panel - 1) / t.panel, rows_grain(r * t.panel),
               [&](std::int64_t begin, std::int64_t end) { t.pack_b(b, b_row, b_col, r, n, packed, begin, end); });
}

/// Rows of a product that repay packing all of B for every thread: then each thread keeps to the rows that it has worked on before.
inline constexpr std::int64_t kRowsEach = 96;

template <class T> void gemm(const Gemm<T>& given) {
  const auto& t = table<T>();
  Gemm<T> g = given;
  if (g.m == 0 || g.n == 0) return;
  const std::int64_t panels = (g.n + t.panel - 1) / t.panel;
  const int threads = num_threads();
  const bool by_rows = g.m >= kRowsEach * threads;
  std::unique_ptr<Storage<T>> packed;
  if (!g.packed && by_rows && threads > 1 && g.n * g.r <= (1 << 20)) {
    packed = std::make_unique<Storage<T>>(packed_size<T>(g.r, g.n));
    pack_b(g.b, g.b_row, g.b_col, g.r, g.n, packed->data());
    g.b = packed->data(), g.packed = true;
  }
  const std::int64_t strips = g.packed && g.a_row != 1 ? 0 : kDepth * kStripRows;
  const std::int64_t room = strips + (g.packed ? 0 : std::min(panels, kGroup) * t.panel * std::min(g.r, kDepth));
  Storage<T> scratch(room * threads);
  const auto scratch_of = [&](int worker) { return scratch.data() + worker * room; };
  // Cut the longer side, but B alone where it must be packed on the way. Tiles of rows are multiples of 48, of columns whole panels.
  if ((g.packed && by_rows) || panels < threads) {
    const std::int64_t tiles = (g.m + 47) / 48;
    parallel_for(
        tiles, std::max(rows_grain(48 * g.n * g.r, heavy()), (tiles + 2 * threads - 1) / (2 * threads)),
        [&](std::int64_t begin, std::int64_t end, int worker) { t.gemm(g, begin * 48, std::min(g.m, end * 48), 0, g.n, scratch_of(worker)); },
        threads);
  } else {
    parallel_for(
        panels, std::max(rows_grain(t.panel * g.m * g.r, heavy()), (panels + threads - 1) / threads),
        [&](std::int64_t begin, std::int64_t end, int worker) {
          t.gemm(g, 0, g.m, begin * t.panel, std::min(g.n, end * t.panel), scratch_of(worker));
        },
        threads);
  }
}

template <class T> void unary(Unary op, const T* x, T* y, std::int64_t n) {
  parallel_for(n, cheap() / 4, [&](std::int64_t b, std::int64_t e) { table<T>().unary(op, x, y, b, e); });
}
template <class T> void unary_backward(Unary op, const T* x, const T* y, const T* dy, T* dx, std::int64_t n) {
  parallel_for(n, cheap() / 4, [&](std::int64_t b, std::int64_t e) { table<T>().unary_backward(op, x, y, dy, dx, b, e); });
}
template <class T> void activation_backward(Activation act, const T* pre, const T* dy, T* dpre, T* y, std::int64_t n) {
  parallel_for(n, cheap() / 4, [&](std::int64_t b, std::int64_t e) { table<T>().activation_backward(act, pre, dy, dpre, y, b, e); });
}
template <class T> void gated_backward(Activation act, T* gate, T* up, T* dy, std::int64_t n) {
  parallel_for(n, cheap() / 4, [&](std::int64_t b, std::int64_t e) { table<T>().gated_backward(act, gate, up, dy, b, e); });
}
template <class T> void binary(Binary op, const T* a, const T* b, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [&](std::int64_t i, std::int64_t e) { table<T>().binary(op, a, b, y, i, e); });
}
template <class T> void affine(T a, T b, const T* x, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [&](std::int64_t i, std::int64_t e) { table<T>().affine(a, b, x, y, i, e); });
}
template <class T> void add_scaled(T a, const T* x, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [&](std::int64_t i, std::int64_t e) { table<T>().add_scaled(a, x, y, i, e); });
}
template <class T> void dropout(const DropoutKey& key, const T* x, std::int64_t m, std::int64_t c, T* y) {
  const T kept = static_cast<T>(1.0 / (1.0 - key.probability));
  const auto below = static_cast<std::uint64_t>(key.probability * 4294967296.0);  // of 2^32 numbers, those that zero
  parallel_for(m, rows_grain(4 * c), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t k = 0; k < c; k += 4) {
        const auto block = static_cast<std::uint32_t>(k / 4), purpose = static_cast<std::uint32_t>(Purpose::kDropout) << 24;
        const auto words =
            philox(key.seed, {key.positions[i] << 8 | (block & 255), key.items[i], key.step, purpose | key.site << 11 | (block >> 8 & 2047)});
        for (std::int64_t j = k; j < std::min(c, k + 4); ++j)
          y[i * c + j] = words[static_cast<std::size_t>(j - k)] < below ? T(0) : x[i * c + j] * kept;
      }
  });
}
template <class T> void mul_add(const T* a, const T* b, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [&](std::int64_t i, std::int64_t e) { table<T>().mul_add(a, b, y, i, e); });
}
template <class T> void clip(T low, T high, const T* x, T* y, std::int64_t n) {
  parallel_for(n, cheap(), [&](std::int64_t i, std::int64_t e) { table<T>().clip(low, high, x, y, i, e); });
}

template <class T> T sum16(const T* x, std::int64_t n) {
  FpStateGuard guard;
  return table<T>().sum16(x, n);
}
template <class T> double sum16_double(const T* x, std::int64_t n) {
  FpStateGuard guard;
  return table<T>().sum16_double(x, n);
}
template <class T> double sum16_square(const T* x, std::int64_t n) {
  FpStateGuard guard;
  return table<T>().sum16_square(x, n);
}

template <class T> void layer_norm(const T* x, const T* gain, const T* bias, T eps, std::int64_t m, std::int64_t c, T* y, T* mean, T* inv_std) {
  parallel_for(m, rows_grain(c), [&](std::int64_t b, std::int64_t e) { table<T>().layer_norm(x, gain, bias, eps, c, y, mean, inv_std, b, e); });
}
template <class T>
void layer_norm_backward(const T* x, const T* gain, const T* mean, const T* inv_std, const T* dy, std::int64_t m, std::int64_t c, T* dx, T* dgain,
                         T* dbias) {
  if (dx)
    parallel_for(m, rows_grain(c), [&](std::int64_t b, std::int64_t e) { table<T>().layer_norm_backward(x, gain, mean, inv_std, dy, c, dx, b, e); });
  if (dgain || dbias)
    parallel_for((c + 15) / 16, rows_grain(16 * m), [&](std::int64_t b, std::int64_t e) {
      table<T>().layer_norm_param_backward(x, mean, inv_std, dy, m, c, dgain, dbias, b * 16, std::min(c, e * 16));
    });
}
template <class T> void rms_norm(const T* x, const T* gain, T eps, std::int64_t m, std::int64_t c, T* y, T* inv_rms) {
  parallel_for(m, rows_grain(c), [&](std::int64_t b, std::int64_t e) { table<T>().rms_norm(x, gain, eps, c, y, inv_rms, b, e); });
}
template <class T> void rms_norm_backward(const T* x, const T* gain, const T* inv_rms, const T* dy, std::int64_t m, std::int64_t c, T* dx, T* dgain) {
  if (dx) parallel_for(m, rows_grain(c), [&](std::int64_t b, std::int64_t e) { table<T>().rms_norm_backward(x, gain, inv_rms, dy, c, dx, b, e); });
  if (dgain)
    parallel_for((c + 15) / 16, rows_grain(16 * m), [&](std::int64_t b, std::int64_t e) {
      table<T>().rms_norm_param_backward(x, inv_rms, dy, m, c, dgain, b * 16, std::min(c, e * 16));
    });
}
template <class T> void heads_norm(const Heads& h, const T* x, const T* gain, T eps, T* y, T* inv_rms) {
  parallel_for(h.tokens, rows_grain(h.heads * h.head_size), [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t t = b; t < e; ++t) table<T>().rms_norm(x + t * h.row, gain, eps, h.head_size, y + t * h.row, inv_rms + t * h.heads, 0, h.heads);
  });
}
template <class T> void heads_norm_backward(const Heads& h, const T* x, const T* gain, const T* inv_rms, const T* dy, T* dx, T* dgain) {
  if (dx)
    parallel_for(h.tokens, rows_grain(h.heads * h.head_size), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t t = b; t < e; ++t)
        table<T>().rms_norm_backward(x + t * h.row, gain, inv_rms + t * h.heads, dy + t * h.row, h.head_size, dx + t * h.row, 0, h.heads);
    });
  if (dgain)
    parallel_for((h.head_size + 15) / 16, rows_grain(16 * h.tokens * h.heads), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t t = 0; t < h.tokens; ++t)
        table<T>().rms_norm_param_backward(x + t * h.row, inv_rms + t * h.heads, dy + t * h.row, h.heads, h.head_size, dgain, b * 16,
                                           std::min(h.head_size, e * 16));
    });
}
template <class T> void rotary(const Heads& h, const T* x, const std::int32_t* positions, const T* angles, std::int64_t half, bool back, T* y) {
  parallel_for(h.tokens, rows_grain(h.heads * h.head_size), [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t t = b; t < e; ++t)
      table<T>().rotary(x + t * h.row, angles + positions[t] * 2 * half, h.heads, h.head_size, half, back, y + t * h.row);
  });
}
template <class T> void column_sum(const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for((c + 15) / 16, rows_grain(16 * m),
               [&](std::int64_t b, std::int64_t e) { table<T>().column_sum(x, m, c, y, b * 16, std::min(c, e * 16)); });
}
template <class T> void scatter_add(const T* x, const std::int32_t* ids, std::int64_t m, std::int64_t c, T* to) {
  parallel_for((c + 15) / 16, rows_grain(16 * m),
               [&](std::int64_t b, std::int64_t e) { table<T>().scatter_add(x, ids, m, c, to, b * 16, std::min(c, e * 16)); });
}
template <class T> void softmax(const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c, cheap() / 4), [&](std::int64_t b, std::int64_t e) { table<T>().softmax(x, c, y, b, e); });
}
template <class T> void softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx) {
  parallel_for(m, rows_grain(c), [&](std::int64_t b, std::int64_t e) { table<T>().softmax_backward(y, dy, c, dx, b, e); });
}
template <class T> void log_softmax(const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c, cheap() / 4), [&](std::int64_t b, std::int64_t e) { table<T>().log_softmax(x, c, y, b, e); });
}
template <class T> void log_softmax_backward(const T* y, const T* dy, std::int64_t m, std::int64_t c, T* dx) {
  parallel_for(m, rows_grain(c, cheap() / 4), [&](std::int64_t b, std::int64_t e) { table<T>().log_softmax_backward(y, dy, c, dx, b, e); });
}
template <class T> void logsumexp(const T* x, std::int64_t m, std::int64_t c, T* y) {
  parallel_for(m, rows_grain(c, cheap() / 4), [&](std::int64_t b, std::int64_t e) { table<T>().logsumexp(x, c, y, b, e); });
}
template <class T>
void token_logprob(const T* x, const std::int32_t* targets, T inv_temperature, std::int64_t m, std::int64_t c, T* logprob, T* max, T* sum) {
  parallel_for(m, rows_grain(c, cheap() / 4),
               [&](std::int64_t b, std::int64_t e) { table<T>().token_logprob(x, targets, inv_temperature, c, logprob, max, sum, b, e); });
}
template <class T>
void token_logprob_backward(const T* x, const std::int32_t* targets, T inv_temperature, const T* max, const T* sum, const T* dlogprob, std::int64_t m,
                            std::int64_t c, T* dx) {
  parallel_for(m, rows_grain(c, cheap() / 4), [&](std::int64_t b, std::int64_t e) {
    table<T>().token_logprob_backward(x, targets, inv_temperature, max, sum, dlogprob, c, dx, b, e);
  });
}

template <class T> void transpose_keys(const T* x, std::int64_t row, std::int64_t length, std::int64_t head_size, T* y, std::int64_t step) {
  table<T>().transpose(x, row, length, head_size, y, step);
}

template <class T> T attention_scale(std::int64_t head_size) { return T(1) / std::sqrt(static_cast<T>(head_size)); }

inline std::int64_t longest(const std::int64_t* offsets, std::int64_t sequences) {
  std::int64_t n = 0;
  for (std::int64_t s = 0; s < sequences; ++s) n = std::max(n, offsets[s + 1] - offsets[s]);
  return n;
}

/// Calls f(first token, length, key-value head, memory) for each sequence and key-value head, in parallel; `memory` numbers a worker.
template <class T, class F>
void for_heads(const std::int64_t* offsets, std::int64_t sequences, std::int64_t kv_heads, std::int64_t cost, std::int64_t memory, const F& f) {
  const int threads = num_threads();
  Storage<T> scratch(memory * threads);  // allocated here, for the bodies of parallel loops must not throw
  const auto head = [&](std::int64_t begin, std::int64_t end, int worker) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = offsets[task / kv_heads], length = offsets[task / kv_heads + 1] - first;
      if (length > 0) f(first, length, task % kv_heads, scratch.data() + worker * memory);
    }
  };
  parallel_for(sequences * kv_heads, rows_grain(cost, heavy() / 4), head, threads);
}

/// (length, head_size), row apart -> (head_size, padded_keys(length)), zeros behind.
template <class T> void padded_transpose(const T* x, std::int64_t row, std::int64_t length, std::int64_t head_size, T* y) {
  const std::int64_t step = padded_keys(length);
  transpose_keys(x, row, length, head_size, y, step);
  for (std::int64_t d = 0; d < head_size; ++d) std::fill(y + d * step + length, y + (d + 1) * step, T(0));
}

template <class T>
void attention_forward(const T* qkv, const std::int64_t* offsets, std::int64_t sequences, std::int64_t heads, std::int64_t kv_heads,
                       std::int64_t head_size, T* out, T* max, T* sum, std::int64_t window) {
  const std::int64_t row = (heads + 2 * kv_heads) * head_size, group = heads / kv_heads, tokens = offsets[sequences],
                     most = longest(offsets, sequences);
  for_heads<T>(offsets, sequences, kv_heads, most * most * head_size * group, (head_size + kQueryRows) * padded_keys(most),
               [&](std::int64_t first, std::int64_t length, std::int64_t g, T* memory) {
                 const T* base = qkv + first * row;
                 padded_transpose(base + (heads + g) * head_size, row, length, head_size, memory);
                 Attention<T> a;
                 a.kt = memory, a.k_step = a.scratch_row = padded_keys(length);
                 a.scratch = memory + head_size * a.k_step;
                 a.q_row = row, a.v = base + (heads + kv_heads + g) * head_size, a.v_row = row, a.out_row = heads * head_size;
                 a.head_size = head_size, a.scale = attention_scale<T>(head_size), a.window = window;
                 for (std::int64_t h = g * group; h < (g + 1) * group; ++h) {
                   a.q = base + h * head_size;
                   a.out = out + (first * heads + h) * head_size;
                   if (max) a.max = max + h * tokens + first, a.sum = sum + h * tokens + first;
                   table<T>().attention(a, 0, length);
                 }
               });
}

template <class T>
void attention_backward(const T* qkv, const T* out, const T* dout, const T* max, const T* sum, const std::int64_t* offsets, std::int64_t sequences,
                        std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size, T* dqkv, std::int64_t window) {
  const std::int64_t row = (heads + 2 * kv_heads) * head_size, group = heads / kv_heads, tokens = offsets[sequences],
                     most = longest(offsets, sequences);
  for_heads<T>(offsets, sequences, kv_heads, 2 * most * most * head_size * group, 2 * (head_size + kQueryBlock) * padded_keys(most),
               [&](std::int64_t first, std::int64_t length, std::int64_t g, T* memory) {
                 const T* base = qkv + first * row;
                 T* dbase = dqkv + first * row;
                 const std::int64_t step = padded_keys(length), h = g * group, k = (heads + g) * head_size, v = (heads + kv_heads + g) * head_size;
                 T *kt = memory, *vt = memory + head_size * step;
                 padded_transpose(base + k, row, length, head_size, kt);
                 padded_transpose(base + v, row, length, head_size, vt);
                 AttentionBackward<T> a;
                 a.q = base + h * head_size, a.k = base + k, a.row = row;
                 a.out = out + (first * heads + h) * head_size, a.dout = dout + (first * heads + h) * head_size, a.out_row = heads * head_size;
                 a.kt = kt, a.vt = vt, a.k_step = step;
                 a.window = window;
                 a.length = length, a.head_size = head_size, a.group = group, a.scale = attention_scale<T>(head_size);
                 a.max = max + h * tokens + first, a.sum = sum + h * tokens + first, a.stat_row = tokens;
                 a.dq = dbase + h * head_size, a.dk = dbase + k, a.dv = dbase + v;
                 a.scratch = vt + head_size * step;
                 table<T>().attention_backward(a);
               });
}

}  // namespace kernels

TUTELAGE_END
