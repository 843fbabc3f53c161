// Fused ops give the bits of the ops they are made of, values and gradients.
#include <functional>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"

using namespace tutelage;

namespace {

using Inputs = std::span<const Tensor>;
using F = std::function<Tensor(Inputs)>;

Tensor normed(const Tensor& x, const Tensor& gain, const Tensor& bias) {
  return bias.size() ? ops::layer_norm(x, gain, bias, 1e-5) : ops::rms_norm(x, gain, 1e-5);
}

void check_equal(const std::vector<Shape>& shapes, const F& fused, const F& plain) {
  std::vector<Tensor> in;
  std::vector<Shape> leaves;
  for (std::size_t k = 0; k < shapes.size(); ++k) {
    Rng rng(3, Purpose::kUser, static_cast<std::uint32_t>(k));
    auto t = Tensor::uninitialized(shapes[k]);
    for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(rng.normal());
    in.push_back(t);
  }
  const auto run = [&](const F& f) {
    autograd::Accumulators<float> acc(shapes);
    std::vector<float> all;
    for (int micro_batch = 0; micro_batch < 2; ++micro_batch)
      acc.add(in, [&](Inputs x) {
        const Tensor y = ops::tanh(f(x));
        all.insert(all.end(), y.span().begin(), y.span().end());
        return y;
      });
    for (const auto& g : acc.finish()) all.insert(all.end(), g.span().begin(), g.span().end());
    return all;
  };
  CHECK(run(fused) == run(plain));
  const Tensor a = fused(in), b = plain(in);  // where nothing is recorded
  CHECK(std::equal(a.span().begin(), a.span().end(), b.span().begin()));
}

}  // namespace

TEST_CASE("fused norms, products and MLPs are the sum of their parts") {
  for (const std::int64_t rows : {5, 130})
    for (const bool rms : {false, true}) {
      INFO(rows << " rows, rms " << rms);
      const Shape bias{rms ? 0 : 21};
      check_equal(
          {{rows, 21}, {21}, bias, {35, 21}, {35}}, [](Inputs x) { return ops::norm_linear(x[0], x[1], x[2], 1e-5, x[3], x[4]); },
          [](Inputs x) { return ops::linear(normed(x[0], x[1], x[2]), x[3], x[4]); });
      for (const auto act : {Activation::kGelu, Activation::kGeluExact, Activation::kSilu, Activation::kRelu}) {
        check_equal(
            {{rows, 21}, {21}, bias, {35, 21}, {35}, {21, 35}, {21}},
            [act](Inputs x) { return ops::norm_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], act, x[5], x[6]); },
            [act](Inputs x) { return ops::linear(ops::linear(normed(x[0], x[1], x[2]), x[3], x[4], act), x[5], x[6]); });
        check_equal(
            {{rows, 21}, {21}, bias, {35, 21}, {35}, {35, 21}, {35}, {9, 35}, {9}},
            [act](Inputs x) { return ops::norm_gated_mlp(x[0], x[1], x[2], 1e-5, x[3], x[4], x[5], x[6], act, x[7], x[8]); },
            [act](Inputs x) {
              const Tensor n = normed(x[0], x[1], x[2]), gate = ops::linear(n, x[3], x[4], act), up = ops::linear(n, x[5], x[6]);
              return ops::linear(ops::mul(gate, up), x[7], x[8]);
            });
      }
    }
}

TEST_CASE("fused ops with low-rank additions are the sum of their parts") {
  for (const std::int64_t rows : {5, 130})
    for (const bool frozen : {false, true})
      for (const bool dropping : {false, true}) {
        INFO(rows << " rows, frozen " << frozen << ", dropout " << dropping);
        const auto of = [&](Inputs x, std::size_t i) {
          ops::Dropout d{0.3, 9, 2, std::vector<std::uint32_t>(static_cast<std::size_t>(rows), 4),
                         std::vector<std::uint32_t>(static_cast<std::size_t>(rows), 6)};
          return ops::LowRanks<float>{
              {x[i], x[i + 1], 0, 1.5, dropping ? std::make_shared<const ops::Dropout>(d) : nullptr, static_cast<std::uint32_t>(i)}};
        };
        const auto weight = [&](const Tensor& t) { return frozen ? t.detach() : t; };
        check_equal(
            {{rows, 21}, {21}, {21}, {35, 21}, {35}, {4, 21}, {35, 4}},
            [&](Inputs x) { return ops::norm_linear(x[0], x[1], x[2], 1e-5, weight(x[3]), x[4], of(x, 5)); },
            [&](Inputs x) { return ops::linear(normed(x[0], x[1], x[2]), weight(x[3]), x[4], Activation::kNone, of(x, 5)); });
        check_equal(
            {{rows, 21}, {21}, {21}, {35, 21}, {35}, {21, 35}, {21}, {4, 21}, {35, 4}, {2, 35}, {21, 2}},
            [&](Inputs x) {
              return ops::norm_mlp(x[0], x[1], x[2], 1e-5, weight(x[3]), x[4], Activation::kGelu, weight(x[5]), x[6], of(x, 7), of(x, 9));
            },
            [&](Inputs x) {
              const Tensor inner = ops::linear(normed(x[0], x[1], x[2]), weight(x[3]), x[4], Activation::kGelu, of(x, 7));
              return ops::linear(inner, weight(x[5]), x[6], Activation::kNone, of(x, 9));
            });
        check_equal(
            {{rows, 21}, {21}, {0}, {35, 21}, {0}, {35, 21}, {35}, {9, 35}, {0}, {4, 21}, {35, 4}, {3, 21}, {35, 3}, {2, 35}, {9, 2}},
            [&](Inputs x) {
              return ops::norm_gated_mlp(x[0], x[1], x[2], 1e-5, weight(x[3]), x[4], weight(x[5]), x[6], Activation::kSilu, weight(x[7]), x[8],
                                         of(x, 9), of(x, 11), of(x, 13));
            },
            [&](Inputs x) {
              const Tensor n = normed(x[0], x[1], x[2]), gate = ops::linear(n, weight(x[3]), x[4], Activation::kSilu, of(x, 9)),
                           up = ops::linear(n, weight(x[5]), x[6], Activation::kNone, of(x, 11));
              return ops::linear(ops::mul(gate, up), weight(x[7]), x[8], Activation::kNone, of(x, 13));
            });
      }
}

TEST_CASE("low-rank additions refuse what does not fit") {
  const Tensor x({4, 6}), w({5, 6});
  const auto with = [&](const ops::LowRanks<float>& added, Activation act = Activation::kNone) { return ops::linear(x, w, Tensor(), act, added); };
  const Tensor a({2, 6}), b({3, 2});
  CHECK_NOTHROW(with({{a, b, 2, 1.0, nullptr, 0}}));
  CHECK_THROWS_AS(with({{a, b, 3, 1.0, nullptr, 0}}), ShapeError);
  CHECK_THROWS_AS(with({{a, b, -1, 1.0, nullptr, 0}}), ShapeError);
  CHECK_THROWS_AS(with({{Tensor({2, 5}), b, 0, 1.0, nullptr, 0}}), ShapeError);
  CHECK_THROWS_AS(with({{a, Tensor({3, 1}), 0, 1.0, nullptr, 0}}), ShapeError);
  CHECK_THROWS_AS(with({{a, b, 0, 1.0, nullptr, 0}}, Activation::kSilu), ShapeError);
  CHECK_THROWS_AS(with({{a, b, 0, 1.0, std::make_shared<const ops::Dropout>(ops::Dropout{0.5, 1, 1, {1}, {1}}), 0}}), ShapeError);
}

TEST_CASE("ops on heads refuse what does not fit") {
  const Tensor qkv({4, (3 + 2) * 6}), gain({6}), angles({4, 6});
  const std::vector<std::int32_t> positions{0, 1, 2, 3}, far{0, 1, 2, 4}, few{0, 1};
  CHECK_NOTHROW(ops::rotary(qkv, std::span(positions), angles, 3, 1));
  CHECK_THROWS_AS(ops::rotary(qkv, std::span(far), angles, 3, 1), IndexError);
  CHECK_THROWS_AS(ops::rotary(qkv, std::span(few), angles, 3, 1), ShapeError);
  CHECK_THROWS_AS(ops::rotary(qkv, std::span(positions), angles, 2, 1), ShapeError);
  CHECK_THROWS_AS(ops::rotary(qkv, std::span(positions), Tensor({4, 8}), 3, 1), ShapeError);
  CHECK_THROWS_AS(ops::rotary(qkv, std::span(positions), Tensor({4, 3}), 3, 1), ShapeError);
  CHECK_THROWS_AS(ops::qk_norm(qkv, gain, Tensor({5}), 1e-5, 3, 1), ShapeError);
  CHECK_THROWS_AS(ops::qk_norm(qkv, gain, gain, 1e-5, 0, 1), ValueError);
  CHECK_THROWS_AS(ops::rms_norm(qkv, gain), ShapeError);
  CHECK_THROWS_AS(ops::causal_attention(qkv, std::vector<std::int64_t>{0, 4}, 3, 1, -1), ValueError);
  CHECK_THROWS_AS(ops::norm_gated_mlp(angles, gain, Tensor(), 1e-5, Tensor({5, 6}), Tensor(), Tensor({4, 6}), Tensor(), Activation::kSilu,
                                      Tensor({6, 4}), Tensor()),
                  ShapeError);
}
