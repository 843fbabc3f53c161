#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace autograd {

/// What a node's backward step sees.
template <class T> class Backward {
 public:
  /// Gradient of the loss by this node's output, size elements.
  virtual const T* out_grad() const = 0;
  /// Gradient buffer of input i to add to, or nullptr where that input needs none. Zeroed when new; a parameter's buffer holds
  /// the step's chain so far, which the kernel must continue in item order.
  virtual T* in_grad(int i) = 0;
  /// The same buffer where it is new: its elements are then still unset, and the caller writes all of them. Else nullptr, and nothing happened.
  virtual T* new_in_grad(int i) = 0;

 protected:
  ~Backward() = default;
};

/// Records ops on tracked tensors, in order. Scoped: GradAccumulator opens one per add and closes it when the gradients are out.
template <class T> class Tape : public std::enable_shared_from_this<Tape<T>> {
 public:
  using BackwardFn = std::function<void(Backward<T>&)>;
  bool open() const { return open_; }
  /// Makes `value` a leaf (a parameter).
  BasicTensor<T> leaf(const BasicTensor<T>& value);
  /// Makes `out` depend on those of `inputs` that are tracked. Records nothing where none is.
  static BasicTensor<T> record(std::initializer_list<const BasicTensor<T>*> inputs, BasicTensor<T> out, BackwardFn backward);
  static BasicTensor<T> record(std::span<const BasicTensor<T>* const> inputs, BasicTensor<T> out, BackwardFn backward);
  /// The accumulator of the k-th use of a leaf; only_new: nullptr where it exists already, else it may come with its elements unset.
  using LeafPlace = std::function<T*(int leaf, int place, bool only_new)>;
  /// Walks back from `root`, seeded with ones: the loss is the sum of root's elements. Closes the tape.
  void backward(const BasicTensor<T>& root, const LeafPlace& leaf_place);
  void close();

 private:
  struct Node {
    std::vector<std::int32_t> inputs;  // node ids, -1 where not tracked
    std::vector<std::int32_t> places;  // for inputs that are leaves: which use this is
    std::int64_t size = 0;
    std::int32_t leaf = -1;
    BackwardFn backward;
  };
  std::vector<Node> nodes_;
  std::vector<int> uses_;  // per leaf
  bool open_ = true;
};

}  // namespace autograd

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/autograd/tape.ipp"
#endif
