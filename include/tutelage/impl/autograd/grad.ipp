#pragma once
#include <algorithm>
#include <cmath>

#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/base/team.hpp"
#include "tutelage/impl/kernels/launch.hpp"

TUTELAGE_BEGIN

namespace autograd {

template <class T> Accumulators<T>::Accumulators(std::vector<Shape> shapes) : shapes_(std::move(shapes)), places_(shapes_.size()) {}

template <class T>
void Accumulators<T>::add(std::span<const BasicTensor<T>> params, const std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)>& f) {
  const FpStateGuard guard;
  if (finished_) detail::fail<StateError>("GradAccumulator::add", "the step is finished", "add after finish", "a new accumulator");
  check_whole("GradAccumulator::add");
  auto tape = std::make_shared<Tape<T>>(static_cast<LeafGradients<T>&>(*this));
  bool walking = false;
  try {
    std::vector<BasicTensor<T>> leaves;
    leaves.reserve(params.size());
    for (const auto& p : params) leaves.push_back(tape->leaf(p));
    with_threads([&] {
      const BasicTensor<T> terms = f(leaves);
      const auto values = terms.span();
      terms_.insert(terms_.end(), values.begin(), values.end());
      walking = true;
      tape->backward(terms);
    });
  } catch (...) {  // which must not leave the tape open
    spoiled_ = walking || tape->had_early();
    tape->close();
    throw;
  }
}

template <class T> void Accumulators<T>::check_whole(const char* function) const {
  if (spoiled_) detail::fail<StateError>(function, "an earlier add failed halfway", "gradients that are half done", "a new accumulator");
}

template <class T> auto Accumulators<T>::place(int leaf, int place) -> Place& {
  auto& list = places_[static_cast<std::size_t>(leaf)];
  if (static_cast<int>(list.size()) <= place) list.resize(static_cast<std::size_t>(place) + 1);
  return list[static_cast<std::size_t>(place)];
}

template <class T> T* Accumulators<T>::dense(int leaf, int k, bool only_new) {
  auto& grad = place(leaf, k).dense;
  if (grad.storage()) return only_new ? nullptr : grad.mutable_data();
  const Shape& shape = shapes_[static_cast<std::size_t>(leaf)];
  grad = only_new ? BasicTensor<T>::uninitialized(shape) : BasicTensor<T>(shape);
  return grad.mutable_data();
}

template <class T> RowGradient<T>& Accumulators<T>::rows(int leaf, int k) { return place(leaf, k).rows; }

template <class T> std::vector<BasicTensor<T>> Accumulators<T>::finish() {
  const FpStateGuard guard;
  if (finished_) detail::fail<StateError>("GradAccumulator::finish", "already finished", "a second finish", "one");
  check_whole("GradAccumulator::finish");
  finished_ = true;
  value_ = kernels::sum16_double(terms_.data(), static_cast<std::int64_t>(terms_.size()));
  std::vector<BasicTensor<T>> grads;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    BasicTensor<T> grad;
    for (auto place = places_[i].rbegin(); place != places_[i].rend(); ++place) {
      if (place->dense.storage() && !grad.storage())
        grad = std::move(place->dense);
      else if (place->dense.storage())
        kernels::add_scaled(T(1), static_cast<const T*>(place->dense.data()), grad.mutable_data(), grad.size());
      if (!place->rows.used()) continue;
      if (!grad.storage()) grad = BasicTensor<T>(shapes_[i]);
      place->rows.add_to(grad.mutable_data());
    }
    places_[i].clear();
    grads.push_back(grad.storage() ? std::move(grad) : BasicTensor<T>(shapes_[i]));
  }
  return grads;
}

}  // namespace autograd

TUTELAGE_INLINE GradcheckResult gradcheck(const std::function<Tensor64(std::span<const Tensor64>)>& f, std::span<const Tensor64> inputs, double step,
                                          double tolerance) {
  const FpStateGuard guard;
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
