#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/autograd/ops.hpp"
#include "tutelage/base/error.hpp"

using namespace tutelage;

namespace {
struct Line {  // a parameter struct as a user writes it
  Tensor64 slope = Tensor64::scalar(2), start = Tensor64::scalar(-1);
  template <class F> void visit(F&& f) {
    f("slope", slope);
    f("start", start);
  }
  template <class F> void visit(F&& f) const {
    f("slope", slope);
    f("start", start);
  }
};
Tensor64 numbers(std::vector<double> v) { return Tensor64::from({static_cast<std::int64_t>(v.size())}, v); }
}  // namespace

TEST_CASE("value_and_grad gives the value and a struct of gradients") {
  const auto x = numbers({1, 2, 3}), y = numbers({2, 4, 7});
  const auto result =
      value_and_grad<double>([&](const Line& p) { return ops::square(ops::sub(ops::add(ops::mul(p.slope, x), p.start), y)); }, Line{});
  CHECK(result.value == Approx(1 + 1 + 4));  // residuals -1, -1, -2
  CHECK(result.grads.slope.item() == Approx(2 * (-1 - 2 - 6)));
  CHECK(result.grads.start.item() == Approx(2 * (-1 - 1 - 2)));
}

TEST_CASE("a parameter used twice gets both gradients, and one not used gets zeros") {
  const auto r = value_and_grad<double>([](const Line& p) { return ops::mul(p.slope, ops::square(p.slope)); }, Line{});
  CHECK(r.grads.slope.item() == Approx(12));
  CHECK(r.grads.start.item() == 0);
  CHECK(value_and_grad<double>([](const Line& p) { return p.slope; }, Line{}).grads.slope.item() == 1);
  CHECK(value_and_grad<double>([](const Line&) { return numbers({5}); }, Line{}).value == 5);
}

TEST_CASE("untracked inputs record nothing; an escaped tensor becomes a constant") {
  Tensor64 escaped;
  const auto r = value_and_grad<double>(
      [&](const Line& p) {
        CHECK(p.slope.tracked());
        CHECK_FALSE(ops::exp(p.slope.detach()).tracked());
        escaped = ops::exp(p.slope);
        CHECK(escaped.tracked());
        return escaped;
      },
      Line{});
  CHECK_FALSE(escaped.tracked());
  CHECK(escaped.item() == Approx(r.value));
  CHECK_FALSE(ops::square(escaped).tracked());
  escaped.mutable_data()[0] = 0;  // a plain value again
}

TEST_CASE("misuse is a StateError") {
  Line line;
  CHECK_THROWS_AS(
      value_and_grad<double>(
          [&](const Line& outer) {
            return Tensor64::scalar(value_and_grad<double>([&](const Line& inner) { return ops::mul(inner.slope, outer.slope); }, line).value);
          },
          line),
      StateError);
  CHECK_THROWS_AS(value_and_grad<double>(
                      [&](const Line& p) {
                        Tensor64 t = p.slope;
                        t.mutable_data()[0] = 1;
                        return t;
                      },
                      line),
                  StateError);
  GradAccumulator<double, Line> acc(line);
  acc.finish();
  CHECK_THROWS_AS(acc.finish(), StateError);
}

TEST_CASE("an exception in f closes the tape and changes nothing") {
  Tensor64 kept;
  CHECK_THROWS_AS(value_and_grad<double>(
                      [&](const Line& p) -> Tensor64 {
                        kept = ops::exp(p.slope);
                        throw std::runtime_error("user");
                      },
                      Line{}),
                  std::runtime_error);
  CHECK_FALSE(kept.tracked());
}

TEST_CASE("a long chain neither recurses nor keeps its buffers") {
  const auto r = value_and_grad<double>(
      [](const Line& p) {
        Tensor64 x = p.slope;
        for (int i = 0; i < 200000; ++i) x = ops::affine(x, 1.0, 0.0);
        return x;
      },
      Line{});
  CHECK(r.grads.slope.item() == 1);
}

TEST_CASE("cutting a step into micro-batches does not change a bit") {
  struct Net {
    Tensor w = Tensor::full({5, 3}, 0.3f), b = Tensor::full({5}, 0.1f);
    void visit(const std::function<void(std::string, Tensor&)>& f) {
      f("w", w);
      f("b", b);
    }
    void visit(const std::function<void(std::string, const Tensor&)>& f) const {
      f("w", w);
      f("b", b);
    }
  } net;
  for (int i = 0; i < 15; ++i) net.w.mutable_data()[i] = 0.1f * static_cast<float>(i % 7) - 0.33f;
  std::vector<float> data(21);
  for (int i = 0; i < 21; ++i) data[static_cast<std::size_t>(i)] = 0.37f * static_cast<float>(i % 5) - 0.7f;
  const auto grads = [&](std::vector<int> cuts) {
    GradAccumulator<float, Net> acc(net);
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      const auto x = Tensor::from(
          {cuts[i + 1] - cuts[i], 3},
          std::span<const float>(data).subspan(static_cast<std::size_t>(3 * cuts[i]), static_cast<std::size_t>(3 * (cuts[i + 1] - cuts[i]))));
      acc.add([](const Net& p, const Tensor& rows) { return ops::square(ops::linear(rows, p.w, p.b, Activation::kTanh)); }, x);
    }
    return acc.finish();
  };
  const auto whole = grads({0, 7});
  for (const auto& cuts : {std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}, {0, 2, 4, 6, 7}, {0, 5, 7}}) {
    const auto part = grads(cuts);
    CHECK(part.value == whole.value);
    CHECK(std::equal(part.grads.w.span().begin(), part.grads.w.span().end(), whole.grads.w.span().begin()));
    CHECK(std::equal(part.grads.b.span().begin(), part.grads.b.span().end(), whole.grads.b.span().begin()));
  }
}
