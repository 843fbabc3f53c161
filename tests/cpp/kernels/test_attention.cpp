#include "reference.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"

using namespace reference;

namespace {

/// One key-value head of one sequence with a group of query heads: q, k, v in one row, as the layer has them.
template <class T> struct Head {
  std::int64_t length, size, group, window, row;
  T scale;
  Row<T> qkv, kt, vt, out, dout, max, sum, dqkv;

  Head(std::int64_t length, std::int64_t size, std::int64_t group, std::int64_t window = 0)
      : length(length), size(size), group(group), window(window), row((group + 2) * size), scale(T(1) / std::sqrt(static_cast<T>(size))) {
    qkv = random<T>(length * row, 1, 1.5), dout = random<T>(length * group * size, 2), dqkv = random<T>(length * row, 3);
    out = max = sum = {};
    out.resize(static_cast<std::size_t>(length * group * size)), max.resize(static_cast<std::size_t>(group * length)), sum = max;
    const std::int64_t step = kernels::padded_keys(length);
    kt.assign(static_cast<std::size_t>(step * size), std::numeric_limits<T>::quiet_NaN()), vt = kt;  // what is behind the keys changes nothing
    for (std::int64_t j = 0; j < length; ++j)
      for (std::int64_t d = 0; d < size; ++d) kt[at(d * step + j)] = key(j)[d], vt[at(d * step + j)] = value(j)[d];
  }
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  const T* query(std::int64_t h, std::int64_t i) const { return qkv.data() + i * row + h * size; }
  const T* key(std::int64_t j) const { return qkv.data() + j * row + group * size; }
  const T* value(std::int64_t j) const { return key(j) + size; }

  std::int64_t first(std::int64_t i) const { return window == 0 || i < window ? 0 : i + 1 - window; }  // key that row i sees

  T chain(const T* a, const T* b) const {
    T s = 0;
    for (std::int64_t d = 0; d < size; ++d) s = std::fma(a[d], b[d], s);
    return s;
  }

  /// Exact maximum, 16 lanes over the visible keys, the value chain, division last.
  void forward() {
    for (std::int64_t h = 0; h < group; ++h)
      for (std::int64_t i = 0; i < length; ++i) {
        Row<T> s(at(i + 1));
        for (std::int64_t j = first(i); j <= i; ++j) s[at(j)] = std::fma(scale, chain(query(h, i), key(j)), T(0));
        const T m = *std::max_element(s.begin() + first(i), s.end());
        for (T& x : s) x = math::exp(x - m);
        const T total = lanes<T>(i + 1, [&](auto j, T a) { return j < first(i) ? a : a + s[at(j)]; });
        max[at(h * length + i)] = m, sum[at(h * length + i)] = total;
        for (std::int64_t d = 0; d < size; ++d) {
          T acc = 0;
          for (std::int64_t j = first(i); j <= i; ++j) acc = std::fma(s[at(j)], value(j)[d], acc);
          out[at((i * group + h) * size + d)] = acc / total;
        }
      }
  }

  void backward() {
    for (std::int64_t h = 0; h < group; ++h)
      for (std::int64_t i = 0; i < length; ++i) {
        const T *o = out.data() + (i * group + h) * size, *g = dout.data() + (i * group + h) * size, *q = query(h, i);
        const T delta = lanes<T>(size, [&](auto d, T a) { return std::fma(g[d], o[d], a); });
        Row<T> p(at(first(i))), ds = p;
        for (std::int64_t j = first(i); j <= i; ++j) {
          p.push_back(math::exp(std::fma(scale, chain(q, key(j)), T(0)) - max[at(h * length + i)]) / sum[at(h * length + i)]);
          ds.push_back(p.back() * (chain(g, value(j)) - delta) * scale);
        }
        for (std::int64_t d = 0; d < size; ++d) {
          T acc = 0;
          for (std::int64_t j = first(i); j <= i; ++j) acc = std::fma(ds[at(j)], key(j)[d], acc);
          T& dq = dqkv[at(i * row + h * size + d)];
          dq = dq + acc;
          for (std::int64_t j = first(i); j <= i; ++j) {
            T &dk = dqkv[at(j * row + group * size + d)], &dv = dqkv[at(j * row + (group + 1) * size + d)];
            dk = std::fma(ds[at(j)], q[d], dk);
            dv = std::fma(p[at(j)], g[d], dv);
          }
        }
      }
  }

  kernels::Attention<T> call(std::int64_t h, std::int64_t first, Row<T>& scratch) {
    kernels::Attention<T> a;
    a.q = query(h, first), a.q_row = row, a.q_offset = first;
    a.kt = kt.data(), a.k_step = a.scratch_row = kernels::padded_keys(length), a.v = value(0), a.v_row = row;
    a.out = out.data() + (first * group + h) * size, a.out_row = group * size;
    a.head_size = size, a.scale = scale, a.window = window;
    a.max = max.data() + h * length + first, a.sum = sum.data() + h * length + first;
    scratch.resize(at(kernels::kQueryRows * a.scratch_row));
    a.scratch = scratch.data();
    return a;
  }
};

/// Length, size, group, window.
const std::vector<std::array<std::int64_t, 4>> kHeads{{1, 1, 1, 0},    {2, 3, 1, 0},    {15, 16, 1, 0},   {16, 8, 2, 0},   {17, 20, 1, 0},
                                                      {33, 32, 3, 0},  {70, 40, 1, 0},  {130, 7, 1, 0},   {9, 3, 2, 1},    {33, 32, 3, 5},
                                                      {130, 7, 1, 33}, {90, 40, 2, 16}, {130, 20, 1, 64}, {70, 20, 1, 70}, {70, 20, 1, 200}};

}  // namespace

TEMPLATE_TEST_CASE("attention forward and backward in the canonical order", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [length, size, group, window] : kHeads) {
    Head<T> wanted(length, size, group, window);
    wanted.forward();
    wanted.backward();
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", length " << length << ", size " << size << ", group " << group << ", window " << window);
      Head<T> h(length, size, group, window);
      Row<T> scratch;
      for (std::int64_t k = 0; k < group; ++k) t->attention(h.call(k, 0, scratch), 0, length);
      CHECK((same(h.out, wanted.out) && same(h.max, wanted.max) && same(h.sum, wanted.sum)));
      scratch.assign(static_cast<std::size_t>(2 * kernels::kQueryBlock * kernels::padded_keys(length)), T(0));
      kernels::AttentionBackward<T> b;
      b.q = h.query(0, 0), b.k = h.key(0), b.out = h.out.data(), b.dout = h.dout.data(), b.kt = h.kt.data(), b.vt = h.vt.data(),
      b.k_step = kernels::padded_keys(length);
      b.row = h.row, b.out_row = group * size, b.length = length, b.head_size = size, b.group = group, b.scale = h.scale, b.window = window;
      b.max = h.max.data(), b.sum = h.sum.data(), b.stat_row = length;
      b.dq = h.dqkv.data(), b.dk = h.dqkv.data() + group * size, b.dv = b.dk + size, b.scratch = scratch.data();
      t->attention_backward(b);
      CHECK(same(h.dqkv, wanted.dqkv));
    }
  }
}

TEMPLATE_TEST_CASE("a query alone, against keys that came before, gives the same row", "[kernels]", float, double) {
  using T = TestType;
  for (const std::int64_t window : {0, 1, 9, 35}) {
    Head<T> whole(37, 20, 1, window);
    whole.forward();
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", window " << window);
      Head<T> h(37, 20, 1, window);
      Row<T> scratch;
      for (std::int64_t i = 0; i < 37; ++i) {
        auto a = h.call(0, i, scratch);
        if (i % 2) a.max = a.sum = nullptr;  // decoding does not keep them
        t->attention(a, i, i + 1);
      }
      CHECK(same(h.out, whole.out));
    }
  }
}

TEMPLATE_TEST_CASE("rows of several heads at once are the rows of each", "[kernels]", float, double) {
  using T = TestType;
  for (const auto& [length, size, window] : {std::array<std::int64_t, 3>{37, 20, 0}, {150, 16, 0}, {70, 64, 0}, {150, 20, 40}, {70, 33, 3}}) {
    const std::int64_t heads = 7;
    Head<T> whole(length, size, heads, window);
    whole.forward();
    for (const auto* t : tables<T>()) {
      INFO(t->name << ", length " << length);
      Head<T> h(length, size, heads, window);
      std::vector<Row<T>> scratch(static_cast<std::size_t>(heads));
      for (std::int64_t i = 0; i < length; ++i) {
        std::vector<kernels::Attention<T>> calls;
        for (std::int64_t k = 0; k < heads; ++k) calls.push_back(h.call(k, i, scratch[static_cast<std::size_t>(k)]));
        t->attention_row(calls.data(), heads, i);
      }
      CHECK((same(h.out, whole.out) && same(h.max, whole.max) && same(h.sum, whole.sum)));
    }
  }
}

TEMPLATE_TEST_CASE("keys before the window are not visited", "[kernels]", float, double) {
  using T = TestType;
  Head<T> clean(50, 20, 1, 7);
  clean.forward();
  for (const auto* t : tables<T>()) {
    INFO(t->name);
    Head<T> h(50, 20, 1, 7);
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (std::int64_t d = 0; d < 20; ++d) h.qkv[h.at(h.key(4) - h.qkv.data() + d)] = h.qkv[h.at(h.value(4) - h.qkv.data() + d)] = nan;
    for (std::int64_t d = 0; d < 20; ++d) h.kt[h.at(d * kernels::padded_keys(50) + 4)] = nan;
    Row<T> scratch;
    t->attention(h.call(0, 0, scratch), 0, 50);
    for (std::int64_t i = 0; i < 50; ++i) {
      const bool sees = i >= 4 && i < 4 + 7;
      CHECK(same(h.out[h.at(i * 20)], clean.out[h.at(i * 20)]) == !sees);
    }
  }
}

TEMPLATE_TEST_CASE("attention is attention: against plain double arithmetic", "[kernels]", float, double) {
  using T = TestType;
  Head<T> h(19, 12, 1);
  h.forward();
  std::vector<double> wanted;
  for (std::int64_t i = 0; i < 19; ++i) {
    std::vector<double> p;
    double total = 0;
    for (std::int64_t j = 0; j <= i; ++j) {
      double s = 0;
      for (int d = 0; d < 12; ++d) s += static_cast<double>(h.query(0, i)[d]) * static_cast<double>(h.key(j)[d]);
      p.push_back(std::exp(s / std::sqrt(12.0)));
      total += p.back();
    }
    for (int d = 0; d < 12; ++d) {
      double o = 0;
      for (std::int64_t j = 0; j <= i; ++j) o += p[static_cast<std::size_t>(j)] / total * static_cast<double>(h.value(j)[d]);
      wanted.push_back(o);
    }
  }
  CHECK(distance(h.out, wanted) < kClose<T>);
}

TEST_CASE("sequences, heads and threads leave each other's rows") {
  const std::vector<std::int64_t> offsets{0, 5, 5, 22, 23, 60};  // one sequence is empty
  const std::int64_t heads = 4, kv_heads = 2, size = 12, tokens = 60, row = (heads + 2 * kv_heads) * size, sequences = 5;
  const auto qkv = random<float>(tokens * row, 1), dout = random<float>(tokens * heads * size, 2), start = random<float>(tokens * row, 3);
  Row<float> out1(static_cast<std::size_t>(tokens * heads * size)), max1(static_cast<std::size_t>(heads * tokens)), sum1 = max1, dqkv1 = start;
  for (std::int64_t s = 0; s < sequences; ++s) {  // each sequence alone
    const std::int64_t first = offsets[static_cast<std::size_t>(s)], n = offsets[static_cast<std::size_t>(s) + 1] - first;
    if (n == 0) continue;
    const std::vector<std::int64_t> alone{0, n};
    Row<float> max(static_cast<std::size_t>(heads * n)), sum = max;
    kernels::attention_forward(qkv.data() + first * row, alone.data(), 1, heads, kv_heads, size, out1.data() + first * heads * size, max.data(),
                               sum.data());
    kernels::attention_backward(qkv.data() + first * row, out1.data() + first * heads * size, dout.data() + first * heads * size, max.data(),
                                sum.data(), alone.data(), 1, heads, kv_heads, size, dqkv1.data() + first * row);
  }
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    auto out = out1, max = max1, sum = sum1, dqkv = start;
    std::fill(out.begin(), out.end(), 0.0f);
    kernels::attention_forward(qkv.data(), offsets.data(), sequences, heads, kv_heads, size, out.data(), max.data(), sum.data());
    kernels::attention_backward(qkv.data(), out.data(), dout.data(), max.data(), sum.data(), offsets.data(), sequences, heads, kv_heads, size,
                                dqkv.data());
    CHECK(same(out, out1));
    CHECK(same(dqkv, dqkv1));
  }
  set_num_threads(0);
}
