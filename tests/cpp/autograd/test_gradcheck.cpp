// Every op has a row here: its gradient against central differences in double, and its float twin against the double one, forward and
// backward. A declaration in ops.hpp without a row fails the last test.
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/rng.hpp"

using namespace tutelage;

namespace {

template <class T> using In = std::span<const BasicTensor<T>>;
template <class T> using Fn = std::function<BasicTensor<T>(In<T>)>;

struct Row {
  std::string op;
  std::vector<Shape> shapes;
  Fn<float> f32;
  Fn<double> f64;
  double low, high;  // inputs are uniform in [low, high]
};

const std::vector<std::int64_t> kIndex{2, 0, 2, 1};
const std::vector<std::int32_t> kIds{1, 3, 1, 0};
const std::vector<double> kWeights{0.5, 1, 0, 2};
const std::vector<std::int64_t> kOffsets{0, 3, 3, 8, 9};  // one sequence is empty

/// (4, n): cosines, then sines, not quite of angles.
template <class T> BasicTensor<T> angles(std::int64_t n) {
  auto t = BasicTensor<T>::uninitialized({4, n});
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<T>(static_cast<double>(i * i % 17) / 8 - 1);
  return t;
}

/// scale * B A of inputs i and i + 1, added to outputs from `first` on; sometimes with dropout.
template <class In> auto added(const In& x, std::size_t i, std::int64_t first, bool dropout) {
  using T = typename std::remove_cvref_t<decltype(x[0])>::Scalar;
  const ops::Dropout d{0.4, 3, 1, {0, 0, 1, 1}, {0, 1, 0, 1}};
  return ops::LowRank<T>{x[i], x[i + 1], first, 0.75, dropout ? std::make_shared<const ops::Dropout>(d) : nullptr, static_cast<std::uint32_t>(i)};
}

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  const auto add = [&](std::string op, std::vector<Shape> shapes, auto f, double low = -2, double high = 2) {
    rows.push_back(
        {std::move(op), std::move(shapes), Fn<float>([f](In<float> x) { return f(x); }), Fn<double>([f](In<double> x) { return f(x); }), low, high});
  };
  const std::vector<std::vector<Shape>> pairs{{{3, 5}, {3, 5}}, {{3, 5}, {5}}, {{3, 1}, {1, 5}}, {{}, {2, 3}}, {{4, 17}, {4, 1}}};
  for (const auto& p : pairs) {
    add("add", p, [](auto x) { return ops::add(x[0], x[1]); });
    add("sub", p, [](auto x) { return ops::sub(x[0], x[1]); });
    add("mul", p, [](auto x) { return ops::mul(x[0], x[1]); });
    add(
        "div", p, [](auto x) { return ops::div(x[0], x[1]); }, 0.5, 2);
    add("maximum", p, [](auto x) { return ops::maximum(x[0], x[1]); });
    add("minimum", p, [](auto x) { return ops::minimum(x[0], x[1]); });
  }
  const std::vector<Shape> one{{3, 19}};
  add("affine", one, [](auto x) { return ops::affine(x[0], -1.5, 0.25); });
  add("clip", one, [](auto x) { return ops::clip(x[0], -0.7, 1.1); });
  add("neg", one, [](auto x) { return ops::neg(x[0]); });
  add("exp", one, [](auto x) { return ops::exp(x[0]); });
  add(
      "log", one, [](auto x) { return ops::log(x[0]); }, 0.3, 3);
  add(
      "sqrt", one, [](auto x) { return ops::sqrt(x[0]); }, 0.3, 3);
  add("square", one, [](auto x) { return ops::square(x[0]); });
  add("abs", one, [](auto x) { return ops::abs(x[0]); });
  add("tanh", one, [](auto x) { return ops::tanh(x[0]); });
  add("sigmoid", one, [](auto x) { return ops::sigmoid(x[0]); });
  add(
      "softplus", one, [](auto x) { return ops::softplus(x[0]); }, -6, 6);
  add("relu", one, [](auto x) { return ops::relu(x[0]); });
  add(
      "gelu", one, [](auto x) { return ops::gelu(x[0]); }, -4, 4);
  add(
      "silu", one, [](auto x) { return ops::silu(x[0]); }, -4, 4);
  add(
      "gelu_exact", one, [](auto x) { return ops::gelu_exact(x[0]); }, -6, 6);
  add("sum", one, [](auto x) { return ops::sum(x[0]); });
  add("mean", one, [](auto x) { return ops::mean(x[0]); });
  add("sum_last", one, [](auto x) { return ops::square(ops::sum_last(x[0])); });
  add("segment_sum", {{9, 3}}, [](auto x) { return ops::square(ops::segment_sum(x[0], kOffsets)); });
  add("sum_first", one, [](auto x) { return ops::square(ops::sum_first(x[0])); });
  add("logsumexp", one, [](auto x) { return ops::square(ops::logsumexp(x[0])); });
  add("softmax", one, [](auto x) { return ops::square(ops::softmax(x[0])); });
  add("log_softmax", one, [](auto x) { return ops::square(ops::log_softmax(x[0])); });
  add("reshape", one, [](auto x) { return ops::square(ops::reshape(x[0], {19, 3})); });
  add("transpose", one, [](auto x) { return ops::softmax(ops::transpose(x[0])); });
  add("rows", one, [](auto x) { return ops::square(ops::rows(x[0], std::span<const std::int64_t>(kIndex))); });
  add("slice_rows", one, [](auto x) { return ops::square(ops::slice_rows(x[0], 1, 3)); });
  add("concat_rows", {{2, 3}, {1, 3}}, [](auto x) { return ops::square(ops::concat_rows(x)); });
  add("matmul", {{5, 7}, {7, 19}}, [](auto x) { return ops::square(ops::matmul(x[0], x[1])); });
  for (auto act : {Activation::kNone, Activation::kGelu, Activation::kRelu, Activation::kTanh, Activation::kSilu, Activation::kGeluExact}) {
    add("linear", {{5, 7}, {19, 7}, {19}}, [act](auto x) { return ops::linear(x[0], x[1], x[2], act); });
    add("grouped_linear", {{5, 21}, {12, 7}, {12}}, [act](auto x) { return ops::grouped_linear(x[0], x[1], x[2], 3, act); });
    add("grouped_linear", {{5, 6}, {2, 3}, {0}}, [act](auto x) { return ops::square(ops::grouped_linear(x[0], x[1], x[2], 2, act)); });
    add("linear", {{1, 33}, {3, 33}, {0}}, [act](auto x) { return ops::linear(x[0], x[1], x[2], act); });
  }
  add("layer_norm", {{4, 21}, {21}, {21}}, [](auto x) { return ops::square(ops::layer_norm(x[0], x[1], x[2])); });
  add("rms_norm", {{4, 21}, {21}}, [](auto x) { return ops::square(ops::rms_norm(x[0], x[1])); });
  add("embedding", {{4, 6}}, [](auto x) { return ops::square(ops::embedding(x[0], std::span<const std::int32_t>(kIds))); });
  add("causal_attention", {{9, 4 * 3 * 5}},
      [](auto x) { return ops::square(ops::causal_attention(x[0], std::span<const std::int64_t>(kOffsets), 4, 4)); });
  add("causal_attention", {{9, (4 + 2 * 2) * 3}},
      [](auto x) { return ops::square(ops::causal_attention(x[0], std::span<const std::int64_t>(kOffsets), 4, 2)); });
  for (const std::int64_t window : {1, 3, 4, 100})
    add("causal_attention", {{9, (4 + 2 * 2) * 3}},
        [window](auto x) { return ops::square(ops::causal_attention(x[0], std::span<const std::int64_t>(kOffsets), 4, 2, window)); });
  add("qk_norm", {{4, (3 + 2 * 1) * 7}, {7}, {7}}, [](auto x) { return ops::square(ops::qk_norm(x[0], x[1], x[2], 1e-5, 3, 1)); });
  for (const std::int64_t turned : {2, 4, 6})
    for (const bool parameter : {true, false})  // or a computed qkv, whose gradient is turned in place
      add("rotary", {{4, (3 + 2 * 1) * 6}}, [=](auto x) {
        using Tn = std::remove_cvref_t<decltype(x[0])>;
        const auto qkv = parameter ? x[0] : ops::tanh(x[0]);
        return ops::tanh(ops::rotary(qkv, std::span<const std::int32_t>(kIds), angles<typename Tn::Scalar>(turned), 3, 1));
      });
  add("token_logprobs", {{4, 23}}, [](auto x) { return ops::token_logprobs(x[0], std::span<const std::int32_t>(kIds), 0.7); });
  add("norm_linear", {{4, 21}, {21}, {21}, {9, 21}, {9}}, [](auto x) { return ops::square(ops::norm_linear(x[0], x[1], x[2], 1e-5, x[3], x[4])); });
  for (auto act : {Activation::kGelu, Activation::kSilu})
    add(
        "norm_mlp", {{4, 5}, {5}, {5}, {9, 5}, {9}, {5, 9}, {5}},
        [act](auto x) { return ops::square(ops::norm_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], act, x[5], x[6])); }, -1, 1);
  using Shapes = std::vector<Shape>;
  for (auto act : {Activation::kGelu, Activation::kSilu, Activation::kGeluExact, Activation::kRelu}) {
    const auto of = [act](auto x) { return ops::square(ops::norm_gated_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], x[5], x[6], act, x[7], x[8])); };
    add("norm_gated_mlp", Shapes{{4, 5}, {5}, {5}, {9, 5}, {9}, {9, 5}, {9}, {5, 9}, {5}}, of, -1, 1);
    add("norm_gated_mlp", Shapes{{4, 5}, {5}, {0}, {9, 5}, {0}, {9, 5}, {0}, {3, 9}, {0}}, of, -1, 1);
  }
  add("norm_linear", {{4, 21}, {21}, {0}, {9, 21}, {0}}, [](auto x) { return ops::square(ops::norm_linear(x[0], x[1], x[2], 1e-5, x[3], x[4])); });
  add(
      "norm_mlp", {{4, 5}, {5}, {0}, {9, 5}, {0}, {5, 9}, {5}},
      [](auto x) { return ops::square(ops::norm_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], Activation::kGeluExact, x[5], x[6])); }, -1, 1);
  for (const bool drop : {false, true}) {
    add("linear", Shapes{{4, 21}, {9, 21}, {9}, {3, 21}, {4, 3}, {2, 21}, {9, 2}}, [drop](auto x) {
      return ops::square(ops::linear(x[0], x[1], x[2], Activation::kNone, {added(x, 3, 5, drop), added(x, 5, 0, !drop)}));
    });
    add("linear", Shapes{{4, 21}, {9, 21}, {0}, {3, 21}, {9, 3}},
        [drop](auto x) { return ops::linear(x[0], x[1], x[2], Activation::kSilu, {added(x, 3, 0, drop)}); });
    add("norm_linear", Shapes{{4, 21}, {21}, {21}, {9, 21}, {9}, {3, 21}, {4, 3}, {2, 21}, {5, 2}}, [drop](auto x) {
      return ops::square(ops::norm_linear(x[0], x[1], x[2], 1e-5, x[3], x[4], {added(x, 5, 0, drop), added(x, 7, 4, drop)}));
    });
    add(
        "norm_mlp", Shapes{{4, 5}, {5}, {5}, {9, 5}, {9}, {5, 9}, {5}, {3, 5}, {9, 3}, {2, 9}, {5, 2}},
        [drop](auto x) {
          return ops::square(
              ops::norm_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], Activation::kGelu, x[5], x[6], {added(x, 7, 0, drop)}, {added(x, 9, 0, drop)}));
        },
        -1, 1);
    add(
        "norm_gated_mlp", Shapes{{4, 5}, {5}, {0}, {9, 5}, {0}, {9, 5}, {0}, {5, 9}, {0}, {3, 5}, {9, 3}, {2, 5}, {9, 2}, {4, 9}, {5, 4}},
        [drop](auto x) {
          return ops::square(ops::norm_gated_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], x[5], x[6], Activation::kSilu, x[7], x[8],
                                                 {added(x, 9, 0, drop)}, {added(x, 11, 0, drop)}, {added(x, 13, 0, drop)}));
        },
        -1, 1);
  }
  add("linear_logprobs", {{4, 6}, {23, 6}}, [](auto x) { return ops::linear_logprobs(x[0], x[1], std::span<const std::int32_t>(kIds), 0.7); });
  add("cross_entropy", {{4, 6}, {23, 6}}, [](auto x) { return ops::cross_entropy(x[0], x[1], std::span<const std::int32_t>(kIds), kWeights); });
  add("cross_entropy", {{4, 6}, {23, 6}},
      [](auto x) { return ops::cross_entropy(x[0], ops::affine(x[1], 0.5, 0), std::span<const std::int32_t>(kIds), kWeights); });
  add("recomputed", {{5, 7}, {19, 7}, {3, 3}}, [](auto x) {  // the last input is used by nobody
    using Tn = std::remove_cvref_t<decltype(x[0])>;
    return ops::square(ops::recomputed<typename Tn::Scalar>([](auto y) { return ops::tanh(ops::linear(y[0], y[1], Tn())); }, x));
  });
  add("token_entropy", {{4, 23}}, [](auto x) { return ops::token_entropy(x[0], 1.3); });
  add("with_derivatives", one, [](auto x) {
    auto d = ops::affine(x[0].detach(), 2, 0);
    auto v = ops::square(x[0].detach());
    using Tn = std::decay_t<decltype(d)>;
    const std::vector<Tn> in{x[0]}, ds{d};
    return ops::with_derivatives(v, std::span<const Tn>(in), std::span<const Tn>(ds));
  });
  return rows;
}

template <class T> std::vector<BasicTensor<T>> draw(const Row& row, std::uint32_t item) {
  Rng rng(7, Purpose::kUser, item);
  std::vector<BasicTensor<T>> in;
  for (const auto& s : row.shapes) {
    auto t = BasicTensor<T>::uninitialized(s);
    for (std::int64_t i = 0; i < t.size(); ++i)
      t.mutable_data()[i] = static_cast<T>(static_cast<float>(row.low + (row.high - row.low) * rng.uniform()));
    in.push_back(t);
  }
  return in;
}

template <class T> std::pair<std::vector<T>, std::vector<BasicTensor<T>>> run(const Fn<T>& f, const std::vector<BasicTensor<T>>& in) {
  std::vector<Shape> shapes;
  for (const auto& t : in) shapes.push_back(t.shape());
  autograd::Accumulators<T> acc(shapes);
  std::vector<T> value;
  acc.add(in, [&](In<T> x) {
    auto y = f(x);
    value.assign(y.span().begin(), y.span().end());
    return y;
  });
  return {value, acc.finish()};
}

}  // namespace

TEST_CASE("gradients agree with central differences in double, and float with double") {
  const auto rows = make_rows();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    INFO(rows[r].op << ", row " << r);
    const auto in = draw<double>(rows[r], static_cast<std::uint32_t>(r));
    const auto result = gradcheck(rows[r].f64, in);
    INFO(result.where);
    CHECK(result.ok);

    const auto [value, grads] = run<double>(rows[r].f64, in);
    const auto [value32, grads32] = run<float>(rows[r].f32, draw<float>(rows[r], static_cast<std::uint32_t>(r)));
    double scale = 1, worst = 0;
    for (double v : value) scale = std::max(scale, std::abs(v));
    for (std::size_t i = 0; i < value.size(); ++i) worst = std::max(worst, std::abs(value[i] - value32[i]) / scale);
    for (std::size_t k = 0; k < grads.size(); ++k) {
      double gscale = 1;
      for (double g : grads[k].span()) gscale = std::max(gscale, std::abs(g));
      for (std::int64_t i = 0; i < grads[k].size(); ++i) worst = std::max(worst, std::abs(grads[k].data()[i] - grads32[k].data()[i]) / gscale);
    }
    CHECK(worst < 1e-5);
  }
}

TEST_CASE("every op that is declared has a row") {
  std::ifstream file(std::string(TUTELAGE_SOURCE_DIR) + "/include/tutelage/autograd/ops.hpp");
  std::stringstream text;
  text << file.rdbuf();
  const std::string header = text.str();
  std::set<std::string> declared, tested;
  const std::regex pattern("template <class T>\\s+BasicTensor<T> (\\w+)\\(");
  for (auto it = std::sregex_iterator(header.begin(), header.end(), pattern); it != std::sregex_iterator(); ++it) declared.insert((*it)[1]);
  REQUIRE(declared.size() > 30);
  for (const auto& row : make_rows()) tested.insert(row.op);
  for (const auto& op : declared) {
    INFO(op);
    CHECK(tested.count(op) == 1);
  }
}

TEST_CASE("gradcheck finds a wrong gradient, and NaN") {
  const std::vector<Tensor64> in{Tensor64::full({3}, 0.5)};
  const auto wrong = gradcheck(
      [](In<double> x) {
        const std::vector<Tensor64> i{x[0]}, d{Tensor64::full({3}, 1.01)};
        return ops::with_derivatives(x[0].detach(), std::span<const Tensor64>(i), std::span<const Tensor64>(d));
      },
      in);
  CHECK_FALSE(wrong.ok);
  const auto nan = gradcheck([](In<double> x) { return ops::log(ops::affine(x[0], -1, 0)); }, in);
  CHECK_FALSE(nan.ok);
}
