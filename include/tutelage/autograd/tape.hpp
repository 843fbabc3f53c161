#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace autograd {

/// The gradient of a table of which a step touches a few rows: those rows, by the order of their first touch.
template <class T> class RowGradient {
 public:
  /// The slots of ids; new ones start as zeros. @throws nothing but std::bad_alloc
  std::vector<std::int32_t> slots(std::span<const std::int32_t> ids, const Shape& table);
  T* values() { return values_.mutable_data(); }  // (slots, C)
  /// to (V, C) += the rows.
  void add_to(T* to) const;
  bool used() const { return !rows_.empty(); }

 private:
  std::vector<std::int32_t> slot_;  // of each row of the table; -1: untouched
  std::vector<std::int32_t> rows_;  // of each slot
  BasicTensor<T> values_;
};

/// Where the gradients of a step's parameters are kept; `place` counts the uses of a parameter.
template <class T> class LeafGradients {
 public:
  /// nullptr where only_new is set and the place exists; set, its elements may come unset. Zeros where it is new and only_new is not set.
  virtual T* dense(int leaf, int place, bool only_new) = 0;
  virtual RowGradient<T>& rows(int leaf, int place) = 0;

 protected:
  ~LeafGradients() = default;
};

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
  /// Makes out_grad() the gradient of input i, where that is no parameter and has none yet; out_grad() is gone then.
  virtual bool pass_out_grad(int i) = 0;
  /// For gradients of a few rows: those of input i where it is a parameter, else nullptr.
  virtual RowGradient<T>* in_row_grad(int i) = 0;

  virtual ~Backward() = default;
};

/// Records ops on tracked tensors, in order. Scoped: GradAccumulator opens one per add and closes it when the gradients are out.
template <class T> class Tape : public std::enable_shared_from_this<Tape<T>> {
 public:
  using BackwardFn = std::function<void(Backward<T>&)>;
  explicit Tape(LeafGradients<T>& leaves) : leaves_(&leaves) {}  // which outlives the tape
  bool open() const { return open_; }
  /// Makes `value` a leaf (a parameter).
  BasicTensor<T> leaf(const BasicTensor<T>& value);
  /// Makes `out` depend on those of `inputs` that are tracked. Records nothing where none is.
  static BasicTensor<T> record(std::initializer_list<const BasicTensor<T>*> inputs, BasicTensor<T> out, BackwardFn backward);
  static BasicTensor<T> record(std::span<const BasicTensor<T>* const> inputs, BasicTensor<T> out, BackwardFn backward);
  /// Walks back from `root`, seeded with `seed` or with ones: the loss is then the sum of root's elements. Closes the tape.
  void backward(const BasicTensor<T>& root, const T* seed = nullptr);
  /// For an op that forms a parameter's gradient while it goes forward: the step of `leaf` alone, as its input 0; nullptr where it is none.
  std::unique_ptr<Backward<T>> early(const BasicTensor<T>& leaf);
  bool had_early() const { return had_early_; }
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
  LeafGradients<T>* leaves_;
  bool open_ = true, had_early_ = false;
};

}  // namespace autograd

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/autograd/tape.ipp"
#endif
