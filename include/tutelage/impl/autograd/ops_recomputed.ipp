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
  T* dense(int leaf, int, bool only_new) override { return only_new ? step_.new_in_grad(input(leaf)) : step_.in_grad(input(leaf)); }
  autograd::RowGradient<T>& rows(int leaf, int) override {
    auto* rows = step_.in_row_grad(input(leaf));
    if (!rows)
      detail::fail<StateError>("ops::recomputed", "an embedding's table is no parameter", "a computed table", "a parameter among the inputs");
    return *rows;
  }
  void add_leaf(int input) { inputs_.push_back(input); }

 private:
  int input(int leaf) const { return inputs_[static_cast<std::size_t>(leaf)]; }
  autograd::Backward<T>& step_;
  std::vector<int> inputs_;  // of each leaf
};

}  // namespace detail_

template <class T>
BasicTensor<T> recomputed(std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)> f, std::span<const BasicTensor<T>> inputs) {
  std::vector<const BasicTensor<T>*> pointers;
  std::vector<BasicTensor<T>> saved;
  std::vector<std::uint8_t> tracked;
  for (const auto& x : inputs) {
    pointers.push_back(&x);
    saved.push_back(x.detach());
    tracked.push_back(x.tracked());
  }
  BasicTensor<T> y = f(saved);
  if (y.tracked()) detail::fail<StateError>("ops::recomputed", "f uses a tracked tensor that is no input", "a tensor from outside", "inputs alone");
  return autograd::Tape<T>::record(std::span<const BasicTensor<T>* const>(pointers), std::move(y),
                                   [f = std::move(f), saved = std::move(saved), tracked = std::move(tracked)](autograd::Backward<T>& step) {
                                     detail_::InputGradients<T> gradients(step);
                                     auto tape = std::make_shared<autograd::Tape<T>>(gradients);
                                     std::vector<BasicTensor<T>> own = saved;
                                     for (std::size_t i = 0; i < own.size(); ++i) {
                                       if (!tracked[i]) continue;  // frozen: nothing is computed for it
                                       own[i] = tape->leaf(saved[i]);
                                       gradients.add_leaf(static_cast<int>(i));
                                     }
                                     tape->backward(f(own), step.out_grad());
                                   });
}

}  // namespace ops

TUTELAGE_END
