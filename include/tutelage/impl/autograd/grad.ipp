#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/launch.hpp"

TUTELAGE_BEGIN

namespace autograd {

template <class T> Accumulators<T>::Accumulators(std::vector<Shape> shapes) : shapes_(std::move(shapes)), places_(shapes_.size()) {}

template <class T>
void Accumulators<T>::add(std::span<const BasicTensor<T>> params, const std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)>& f) {
  if (finished_) detail::fail<StateError>("GradAccumulator::add", "the step is finished", "add after finish", "a new accumulator");
  auto tape = std::make_shared<Tape<T>>();
  struct Closer {  // an exception of f must not leave the tape open
    Tape<T>& tape;
    ~Closer() { tape.close(); }
  } closer{*tape};
  std::vector<BasicTensor<T>> leaves;
  leaves.reserve(params.size());
  for (const auto& p : params) leaves.push_back(tape->leaf(p));
  const BasicTensor<T> terms = f(leaves);
  const auto values = terms.span();
  terms_.insert(terms_.end(), values.begin(), values.end());
  tape->backward(terms, [this](int leaf, int place, bool only_new) -> T* {
    auto& list = places_[static_cast<std::size_t>(leaf)];
    if (static_cast<int>(list.size()) <= place) list.resize(static_cast<std::size_t>(place) + 1);
    auto& grad = list[static_cast<std::size_t>(place)];
    if (grad.storage() && only_new) return nullptr;
    const Shape& shape = shapes_[static_cast<std::size_t>(leaf)];
    if (!grad.storage()) grad = only_new ? BasicTensor<T>::uninitialized(shape) : BasicTensor<T>(shape);
    return grad.mutable_data();
  });
}

template <class T> std::vector<BasicTensor<T>> Accumulators<T>::finish() {
  if (finished_) detail::fail<StateError>("GradAccumulator::finish", "already finished", "a second finish", "one");
  finished_ = true;
  value_ = kernels::sum16_double(terms_.data(), static_cast<std::int64_t>(terms_.size()));
  std::vector<BasicTensor<T>> grads;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    auto& list = places_[i];
    while (!list.empty() && !list.back().storage()) list.pop_back();  // a use that no gradient reached
    if (list.empty()) {
      grads.emplace_back(shapes_[i]);
      continue;
    }
    BasicTensor<T> g = std::move(list.back());
    for (std::size_t k = list.size() - 1; k-- > 0;)
      if (list[k].storage()) kernels::add_scaled(T(1), list[k].data(), g.mutable_data(), g.size());
    list.clear();
    grads.push_back(std::move(g));
  }
  return grads;
}

}  // namespace autograd

TUTELAGE_INLINE GradcheckResult gradcheck(const std::function<Tensor64(std::span<const Tensor64>)>& f, std::span<const Tensor64> inputs, double step,
                                          double tolerance) {
  std::vector<Shape> shapes;
  for (const auto& t : inputs) shapes.push_back(t.shape());
  autograd::Accumulators<double> acc(shapes);
  acc.add(inputs, f);
  const auto grads = acc.finish();

  const auto loss = [&](std::span<const Tensor64> at) {
    const Tensor64 y = f(at);
    return kernels::sum16_double(y.data(), y.size());
  };
  GradcheckResult result;
  std::vector<Tensor64> moved(inputs.begin(), inputs.end());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::int64_t j = 0; j < inputs[i].size(); ++j) {
      const double x = inputs[i].data()[j];
      moved[i].mutable_data()[j] = x + step;
      const double up = loss(moved);
      moved[i].mutable_data()[j] = x - step;
      const double down = loss(moved);
      moved[i].mutable_data()[j] = x;
      const double numeric = (up - down) / (2 * step);
      const double analytic = grads[i].data()[j];
      const double error = std::abs(analytic - numeric) / std::max(1.0, std::abs(numeric));
      if (!(error <= result.worst)) {
        result.worst = error;
        result.where =
            "input " + detail::str(i) + ", element " + detail::str(j) + ": analytic " + detail::str(analytic) + ", numeric " + detail::str(numeric);
      }
      if (!(error == error)) return result;  // NaN: nothing later may cover it up
    }
  }
  result.ok = result.worst <= tolerance;
  return result;
}

TUTELAGE_END
