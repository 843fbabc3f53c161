#pragma once
#include "tutelage/impl/kernels/elementwise.ipp"
#include "tutelage/impl/kernels/pieces.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace kernels {
namespace TUTELAGE_ISA {

template <class T> T sum16(const T* x, std::int64_t n) {
  return lane_sum<T>(n, [&](std::int64_t i, std::int64_t k, L<T> acc) { return acc + get(x + i, k); });
}

template <class T, class F> inline double sum16_double_of(const T* x, std::int64_t n, const F& f) {
  return lane_sum<double>(n, [&](std::int64_t i, std::int64_t k, L<double> acc) {
    alignas(64) double wide[16];
    for (std::int64_t j = 0; j < k; ++j) wide[j] = static_cast<double>(x[i + j]);
    return f(acc, get(wide, k));
  });
}
template <class T> double sum16_double(const T* x, std::int64_t n) {
  return sum16_double_of(x, n, [](L<double> acc, L<double> v) { return acc + v; });
}
template <class T> double sum16_square(const T* x, std::int64_t n) {
  return sum16_double_of(x, n, [](L<double> acc, L<double> v) { return fma(v, v, acc); });
}

template <class T> T max(const T* x, std::int64_t n) {
  T best = x[0];
  std::int64_t i = 0;
  if (n >= 16) {
    L<T> m = L<T>::load(x);
    for (i = 16; i + 16 <= n; i += 16) m = max(m, L<T>::load(x + i));
    best = m.largest();
  }
  for (; i < n; ++i) best = best < x[i] ? x[i] : best;
  return best;
}

template <class T> inline T dot16(const T* a, const T* b, std::int64_t n) {
  return lane_sum<T>(n, [&](std::int64_t i, std::int64_t k, L<T> acc) { return fma(get(a + i, k), get(b + i, k), acc); });
}

template <class T>
void layer_norm(const T* x, const T* gain, const T* bias, T eps, std::int64_t c, T* y, T* mean, T* inv_std, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * c;
    const T mu = sum16(row, c) / static_cast<T>(c);
    const L<T> m = L<T>::set(mu);
    const T var = lane_sum<T>(c,
                              [&](std::int64_t i, std::int64_t k, L<T> acc) {
                                L<T> d = get(row + i, k) - m;
                                if (k < 16) {  // what is missing must not add (0 - mean)^2
                                  alignas(64) T part[16];
                                  d.store(part);
                                  d = L<T>::load_part(part, k);
                                }
                                return fma(d, d, acc);
                              }) /
                  static_cast<T>(c);
    const T inv = T(1) / std::sqrt(var + eps);
    mean[r] = mu;
    inv_std[r] = inv;
    const L<T> li = L<T>::set(inv);
    for_lanes(0, c,
              [&](std::int64_t i, std::int64_t k) { put(y + r * c + i, k, fma((get(row + i, k) - m) * li, get(gain + i, k), get(bias + i, k))); });
  }
}

/// u = dy * gain; dx += inv_std * (u - mean(u) - xhat * mean(u * xhat)).
template <class T>
void layer_norm_backward(const T* x, const T* gain, const T* mean, const T* inv_std, const T* dy, std::int64_t c, T* dx, std::int64_t begin,
                         std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T *row = x + r * c, *g = dy + r * c;
    const L<T> m = L<T>::set(mean[r]), inv = L<T>::set(inv_std[r]);
    const auto u_at = [&](std::int64_t i, std::int64_t k) { return get(g + i, k) * get(gain + i, k); };
    const T a = lane_sum<T>(c, [&](std::int64_t i, std::int64_t k, L<T> acc) { return acc + u_at(i, k); }) / static_cast<T>(c);
    const T b = lane_sum<T>(c, [&](std::int64_t i, std::int64_t k, L<T> acc) { return fma(u_at(i, k), (get(row + i, k) - m) * inv, acc); }) /
                static_cast<T>(c);
    const L<T> la = L<T>::set(a), lb = L<T>::set(b);
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) {
      const L<T> xhat = (get(row + i, k) - m) * inv;
      T* to = dx + r * c + i;
      put(to, k, get(to, k) + inv * (u_at(i, k) - la - xhat * lb));
    });
  }
}

/// Calls f(first column, runs of 16 as a constant) for whole runs, several side by side so that a walk down the rows uses whole cache lines in
/// turn, then g(first column, columns) for the rest.
template <int Runs, class F, class G> inline void for_columns(std::int64_t begin, std::int64_t end, const F& f, const G& g) {
  std::int64_t i = begin;
  for (; i + 16 * Runs <= end; i += 16 * Runs) f(i, std::integral_constant<int, Runs>{});
  for (; i + 16 <= end; i += 16) f(i, std::integral_constant<int, 1>{});
  if (i < end) g(i, end - i);
}

template <class T>
void layer_norm_param_backward(const T* x, const T* mean, const T* inv_std, const T* dy, std::int64_t m, std::int64_t c, T* dgain, T* dbias,
                               std::int64_t begin, std::int64_t end) {
  const auto column = [&](std::int64_t i, std::int64_t k, L<T>& dg, L<T>& db, std::int64_t r) {
    const L<T> g = get(dy + r * c + i, k);
    dg = fma(g, (get(x + r * c + i, k) - L<T>::set(mean[r])) * L<T>::set(inv_std[r]), dg);
    db = db + g;
  };
  const auto start = [](const T* from, std::int64_t i, std::int64_t k) { return from ? get(from + i, k) : L<T>::set(0); };
  const auto store = [&](std::int64_t i, std::int64_t k, L<T> dg, L<T> db) {
    if (dgain) put(dgain + i, k, dg);
    if (dbias) put(dbias + i, k, db);
  };
  for_columns<4>(
      begin, end,
      [&](std::int64_t i, auto runs) {
        L<T> dg[runs.value], db[runs.value];
        for (int q = 0; q < runs.value; ++q) dg[q] = start(dgain, i + 16 * q, 16), db[q] = start(dbias, i + 16 * q, 16);
        for (std::int64_t r = 0; r < m; ++r)
          for (int q = 0; q < runs.value; ++q) column(i + 16 * q, 16, dg[q], db[q], r);
        for (int q = 0; q < runs.value; ++q) store(i + 16 * q, 16, dg[q], db[q]);
      },
      [&](std::int64_t i, std::int64_t k) {
        L<T> dg = start(dgain, i, k), db = start(dbias, i, k);
        for (std::int64_t r = 0; r < m; ++r) column(i, k, dg, db, r);
        store(i, k, dg, db);
      });
}

template <class T> void rms_norm(const T* x, const T* gain, T eps, std::int64_t c, T* y, T* inv_rms, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * c;
    const T inv = T(1) / std::sqrt(dot16(row, row, c) / static_cast<T>(c) + eps);
    inv_rms[r] = inv;
    const L<T> li = L<T>::set(inv);
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) { put(y + r * c + i, k, get(row + i, k) * li * get(gain + i, k)); });
  }
}

/// u = dy * gain; dx += inv_rms * (u - xhat * mean(u * xhat)).
template <class T>
void rms_norm_backward(const T* x, const T* gain, const T* inv_rms, const T* dy, std::int64_t c, T* dx, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T *row = x + r * c, *g = dy + r * c;
    const L<T> inv = L<T>::set(inv_rms[r]);
    const auto u_at = [&](std::int64_t i, std::int64_t k) { return get(g + i, k) * get(gain + i, k); };
    const T b =
        lane_sum<T>(c, [&](std::int64_t i, std::int64_t k, L<T> acc) { return fma(u_at(i, k), get(row + i, k) * inv, acc); }) / static_cast<T>(c);
    const L<T> lb = L<T>::set(b);
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) {
      T* to = dx + r * c + i;
      put(to, k, get(to, k) + inv * (u_at(i, k) - get(row + i, k) * inv * lb));
    });
  }
}

template <class T>
void rms_norm_param_backward(const T* x, const T* inv_rms, const T* dy, std::int64_t m, std::int64_t c, T* dgain, std::int64_t begin,
                             std::int64_t end) {
  const auto column = [&](std::int64_t i, std::int64_t k, std::int64_t r, L<T> dg) {
    return fma(get(dy + r * c + i, k), get(x + r * c + i, k) * L<T>::set(inv_rms[r]), dg);
  };
  for_columns<4>(
      begin, end,
      [&](std::int64_t i, auto runs) {
        L<T> dg[runs.value];
        for (int q = 0; q < runs.value; ++q) dg[q] = L<T>::load(dgain + i + 16 * q);
        for (std::int64_t r = 0; r < m; ++r)
          for (int q = 0; q < runs.value; ++q) dg[q] = column(i + 16 * q, 16, r, dg[q]);
        for (int q = 0; q < runs.value; ++q) dg[q].store(dgain + i + 16 * q);
      },
      [&](std::int64_t i, std::int64_t k) {
        L<T> dg = get(dgain + i, k);
        for (std::int64_t r = 0; r < m; ++r) dg = column(i, k, r, dg);
        put(dgain + i, k, dg);
      });
}

template <class T> void rotary(const T* x, const T* angles, std::int64_t heads, std::int64_t head_size, std::int64_t half, bool back, T* y) {
  for (std::int64_t h = 0; h < heads; ++h, x += head_size, y += head_size) {
    for_packets<T>(half, [&](std::int64_t d, auto some) {
      using P = typename decltype(some)::Type;
      const P zero = set_as<P>(T(0));
      for (std::int64_t i = d; i < d + some.kCount * some.kLanes; i += some.kLanes) {
        const P a = load_as<P>(x + i), b = load_as<P>(x + half + i), c = load_as<P>(angles + i), sine = load_as<P>(angles + half + i);
        const P s = back ? packet_sub(zero, sine) : sine;
        store_as(y + i, packet_fma(packet_sub(zero, b), s, packet_mul(a, c)));
        store_as(y + half + i, packet_fma(a, s, packet_mul(b, c)));
      }
    });
    for (std::int64_t i = 2 * half; y != x && i < head_size; ++i) y[i] = x[i];
  }
}

template <class T> void column_sum(const T* x, std::int64_t m, std::int64_t c, T* y, std::int64_t begin, std::int64_t end) {
  for_columns<8>(
      begin, end,
      [&](std::int64_t i, auto runs) {
        L<T> acc[runs.value];
        for (int q = 0; q < runs.value; ++q) acc[q] = L<T>::load(y + i + 16 * q);
        for (std::int64_t r = 0; r < m; ++r)
          for (int q = 0; q < runs.value; ++q) acc[q] = acc[q] + L<T>::load(x + r * c + i + 16 * q);
        for (int q = 0; q < runs.value; ++q) acc[q].store(y + i + 16 * q);
      },
      [&](std::int64_t i, std::int64_t k) {
        L<T> acc = get(y + i, k);
        for (std::int64_t r = 0; r < m; ++r) acc = acc + get(x + r * c + i, k);
        put(y + i, k, acc);
      });
}

template <class T>
void scatter_add(const T* x, const std::int32_t* ids, std::int64_t m, std::int64_t c, T* table, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = 0; r < m; ++r)
    for_lanes(begin, end, [&](std::int64_t i, std::int64_t k) {
      T* to = table + static_cast<std::int64_t>(ids[r]) * c + i;
      put(to, k, get(to, k) + get(x + r * c + i, k));
    });
}

/// y = exp(x * factor - m) for a row, and the row's sum.
template <class T> inline T exp_row(const T* x, T factor, T m, std::int64_t c, T* y) {
  const L<T> lf = L<T>::set(factor), lm = L<T>::set(m);
  return lane_sum<T>(c, [&](std::int64_t i, std::int64_t k, L<T> acc) {
    const L<T> e = detail::exp_nonpositive(get(x + i, k) * lf - lm);
    put(y + i, k, e);
    return acc + (k == 16 ? e : get(y + i, k));
  });
}
/// The sum alone.
template <class T> inline T exp_sum(const T* x, T factor, T m, std::int64_t c) {
  const L<T> lf = L<T>::set(factor), lm = L<T>::set(m);
  return lane_sum<T>(c, [&](std::int64_t i, std::int64_t k, L<T> acc) {
    L<T> e = detail::exp_nonpositive(get(x + i, k) * lf - lm);
    if (k < 16) {
      alignas(64) T part[16];
      e.store(part);
      e = L<T>::load_part(part, k);
    }
    return acc + e;
  });
}

template <class T> void softmax(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const L<T> sum = L<T>::set(exp_row(x + r * c, T(1), max(x + r * c, c), c, y + r * c));
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) { put(y + r * c + i, k, get(y + r * c + i, k) / sum); });
  }
}

template <class T> void softmax_backward(const T* y, const T* dy, std::int64_t c, T* dx, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const L<T> dot = L<T>::set(dot16(y + r * c, dy + r * c, c));
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) {
      T* to = dx + r * c + i;
      put(to, k, get(to, k) + get(y + r * c + i, k) * (get(dy + r * c + i, k) - dot));
    });
  }
}

template <class T> void log_softmax(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T m = max(x + r * c, c);
    const L<T> lm = L<T>::set(m), ls = L<T>::set(detail::log_of(detail::One<T>{exp_sum(x + r * c, T(1), m, c)}).x);
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) { put(y + r * c + i, k, (get(x + r * c + i, k) - lm) - ls); });
  }
}

template <class T> void log_softmax_backward(const T* y, const T* dy, std::int64_t c, T* dx, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const L<T> sum = L<T>::set(sum16(dy + r * c, c));
    for_lanes(0, c, [&](std::int64_t i, std::int64_t k) {
      T* to = dx + r * c + i;
      put(to, k, get(to, k) + (get(dy + r * c + i, k) - detail::exp_of(get(y + r * c + i, k)) * sum));
    });
  }
}

template <class T> void logsumexp(const T* x, std::int64_t c, T* y, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T m = max(x + r * c, c);
    y[r] = m + detail::log_of(detail::One<T>{exp_sum(x + r * c, T(1), m, c)}).x;
  }
}

/// With z = x * inv_temperature: (z[target] - max z) - log sum exp(z - max z).
template <class T>
void token_logprob(const T* x, const std::int32_t* targets, T inv_temperature, std::int64_t c, T* logprob, T* max_out, T* sum_out, std::int64_t begin,
                   std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * c;
    const T m = max(row, c) * inv_temperature;  // rounding keeps the order, so this is max z
    const T s = exp_sum(row, inv_temperature, m, c);
    max_out[r] = m;
    sum_out[r] = s;
    logprob[r] = (row[targets[r]] * inv_temperature - m) - detail::log_of(detail::One<T>{s}).x;
  }
}

template <class T>
void token_logprob_backward(const T* x, const std::int32_t* targets, T inv_temperature, const T* max_in, const T* sum, const T* dlogprob,
                            std::int64_t c, T* dx, std::int64_t begin, std::int64_t end) {
  const L<T> inv = L<T>::set(inv_temperature), zero = L<T>::set(0);
  for (std::int64_t r = begin; r < end; ++r) {
    const T g = dlogprob[r] * inv_temperature;
    const L<T> lg = L<T>::set(g), m = L<T>::set(max_in[r]), s = L<T>::set(sum[r]);
    T* to = dx + r * c;
    for_lanes(0, c,
              [&](std::int64_t i, std::int64_t k) { put(to + i, k, zero - lg * (detail::exp_nonpositive(get(x + r * c + i, k) * inv - m) / s)); });
    to[targets[r]] = to[targets[r]] + g;
  }
}

}  // namespace TUTELAGE_ISA
}  // namespace kernels

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
