#pragma once
#include "tutelage/autograd/ops.hpp"
#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"

TUTELAGE_BEGIN

namespace ops {

namespace detail_ {

/// The leaves of a tape inside a backward step: their gradients are those of the step's inputs.
template <class T> class InputGradients final : public autograd::LeafGradients<T> {
 public:
  explicit InputGradients(autograd::Backward<T>& step) : step_(step) {}
  T* dense(int leaf, int, bool only_new) override {
    T* grad = only_new ? step_.new_in_grad(leaf) : step_.in_grad(leaf);
    if (grad || only_new) return grad;
    nobody_ = BasicTensor<T>(sizes_[static_cast<std::size_t>(leaf)]);
    return nobody_.mutable_data();
  }
  autograd::RowGradient<T>& rows(int leaf, int) override {
    auto* rows = step_.in_row_grad(leaf);
    if (!rows)
      detail::fail<StateError>("ops::recomputed", "an embedding's table is no parameter", "a computed table", "a parameter among the inputs");
    return *rows;
  }
  void set_size(Shape shape) { sizes_.push_back(shape); }

 private:
  autograd::Backward<T>& step_;
  std::vector<Shape> sizes_;
  BasicTensor<T> nobody_;  // takes the gradient of an input that needs none
};

}  // namespace detail_

template <class T>
BasicTensor<T> recomputed(std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)> f, std::span<const BasicTensor<T>> inputs) {
  std::vector<const BasicTensor<T>*> pointers;
  std::vector<BasicTensor<T>> saved;
  for (const auto& x : inputs) {
    pointers.push_back(&x);
    saved.push_back(x.detach());
  }
  BasicTensor<T> y = f(saved);
  if (y.tracked()) detail::fail<StateError>("ops::recomputed", "f uses a tracked tensor that is no input", "a tensor from outside", "inputs alone");
  return autograd::Tape<T>::record(std::span<const BasicTensor<T>* const>(pointers), std::move(y),
                                   [f = std::move(f), saved = std::move(saved)](autograd::Backward<T>& step) {
                                     detail_::InputGradients<T> gradients(step);
                                     auto tape = std::make_shared<autograd::Tape<T>>(gradients);
                                     std::vector<BasicTensor<T>> leaves;
                                     for (const auto& x : saved) {
                                       leaves.push_back(tape->leaf(x));
                                       gradients.set_size(x.shape());
                                     }
                                     tape->backward(f(leaves), step.out_grad());
                                   });
}

}  // namespace ops

TUTELAGE_END
