#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tutelage/autograd/tape.hpp"

TUTELAGE_BEGIN

template <class T, class Params> struct ValueAndGrad {
  double value = 0;  // the loss: the sum of all terms that f returned, in item order, in double
  Params grads;      // of the parameters' own type
};

namespace autograd {
/// The accumulators of a step, one a parameter and place of use, without the parameters' type. GradAccumulator is its typed face.
template <class T> class Accumulators : private LeafGradients<T> {
 public:
  explicit Accumulators(std::vector<Shape> shapes);
  /// Runs f on leaves of a new tape and walks back, continuing the chains. Returns nothing: terms and gradients are kept here.
  void add(std::span<const BasicTensor<T>> params, const std::function<BasicTensor<T>(std::span<const BasicTensor<T>>)>& f);
  /// Joins the places (last used first) and returns the gradients; value() is ready. Later add() is a StateError.
  std::vector<BasicTensor<T>> finish();
  double value() const { return value_; }

 private:
  struct Place {
    BasicTensor<T> dense;
    RowGradient<T> rows;
  };
  void check_whole(const char* function) const;
  Place& place(int leaf, int place);
  T* dense(int leaf, int place, bool only_new) override;
  RowGradient<T>& rows(int leaf, int place) override;

  std::vector<Shape> shapes_;
  std::vector<std::vector<Place>> places_;  // of each parameter
  std::vector<T> terms_;
  double value_ = 0;
  bool finished_ = false, spoiled_ = false;  // spoiled: an add failed after it had changed gradients
};
}  // namespace autograd

/// Collects a parameter struct's tensors, in visit order. Params has `template <class F> void visit(F&& f)` (and const) that calls
/// f(name, tensor) for each field.
template <class T, class Params> std::vector<BasicTensor<T>> parameter_list(const Params& params) {
  std::vector<BasicTensor<T>> list;
  params.visit([&](const std::string&, const BasicTensor<T>& t) { list.push_back(t); });
  return list;
}
template <class T, class Params> Params with_parameters(Params params, std::span<const BasicTensor<T>> list) {
  std::size_t i = 0;
  params.visit([&](const std::string&, BasicTensor<T>& t) { t = list[i++]; });
  return params;
}

/// The gradient of a step that is cut into micro-batches: add(f, items) continues every chain, so the cut does not show in the result.
/// f(params, items) returns the loss's terms (any shape; the loss is their sum), each already divided by the step's count.
template <class T, class Params> class GradAccumulator {
 public:
  explicit GradAccumulator(const Params& params) : params_(params), list_(parameter_list<T>(params)), acc_(shapes(list_)) {}
  template <class F, class Items> void add(F&& f, const Items& items) {
    acc_.add(list_, [&](std::span<const BasicTensor<T>> leaves) { return f(with_parameters<T>(params_, leaves), items); });
  }
  ValueAndGrad<T, Params> finish() {
    auto grads = acc_.finish();
    list_.clear();  // so that an optimiser which comes next is the parameters' sole owner, and writes in place
    return {acc_.value(), with_parameters<T>(std::move(params_), std::span<const BasicTensor<T>>(grads))};
  }

 private:
  static std::vector<Shape> shapes(const std::vector<BasicTensor<T>>& list) {
    std::vector<Shape> s;
    for (const auto& t : list) s.push_back(t.shape());
    return s;
  }
  Params params_;
  std::vector<BasicTensor<T>> list_;
  autograd::Accumulators<T> acc_;
};

/// Value and gradient of f(params) by params: one add and finish.
template <class T = float, class F, class Params> ValueAndGrad<T, Params> value_and_grad(F&& f, const Params& params) {
  GradAccumulator<T, Params> acc(params);
  acc.add([&](const Params& p, int) { return f(p); }, 0);
  return acc.finish();
}

struct GradcheckResult {
  bool ok = false;
  double worst = 0;   // largest |analytic - numeric| / max(1, |numeric|)
  std::string where;  // "input 1, element 7: analytic 0.5, numeric 0.25"
};
/// Compares the gradient of f by each input with central differences, in double.
GradcheckResult gradcheck(const std::function<Tensor64(std::span<const Tensor64>)>& f, std::span<const Tensor64> inputs, double step = 1e-5,
                          double tolerance = 1e-6);

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/autograd/grad.ipp"
#endif
