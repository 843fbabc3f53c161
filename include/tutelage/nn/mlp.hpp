#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tutelage/autograd/ops.hpp"

TUTELAGE_BEGIN

namespace nn {

/// A stack of linear layers with an activation between them, none behind the last; or `members` of them that share their input.
struct MLPConfig {
  std::vector<std::int64_t> sizes;   // input, hidden ..., output: two or more; two are a linear map
  std::string activation = "tanh";   // "tanh", "relu" or "silu"
  std::string init = "orthogonal";   // "orthogonal" (Saxe et al. 2014), biases 0; or "uniform": weights and biases in +- 1 / sqrt(inputs)
  double gain = 1.4142135623730951;  // orthogonal: of every layer but the last
  double output_gain = 1.0;          // orthogonal: of the last; 0.01 is usual for a policy's actions
  std::int64_t members = 1;          // networks of this shape side by side, each with a start of its own
  bool operator==(const MLPConfig&) const = default;
  void validate() const;  // @throws ConfigError
};

/// One layer of all members: theirs stand below one another, (members * out, in).
template <class T> struct MLPLayer {
  BasicTensor<T> weight, bias;  // (members * out, in), (members * out)
};

/// The parameters of an MLP. All members are computed in one pass: the first layer is one product, each later one a product a member.
template <class T> struct BasicMLP {
  MLPConfig config;
  std::vector<MLPLayer<T>> layers;

  BasicMLP() = default;
  /// @throws ConfigError
  BasicMLP(const MLPConfig& config, std::uint64_t seed);
  /// x (N, inputs) -> (N, members * outputs), a member's outputs side by side. Differentiable by x and the parameters. Each row is the same bits
  /// whatever else is in the batch, each member the same bits whatever members are beside it. @throws ShapeError
  /// Cost: N members sum_l in_l out_l multiply-adds, twice as many back. Checked by: test_mlp.cpp, test_mlp.py.
  BasicTensor<T> operator()(const BasicTensor<T>& x) const;
  std::int64_t num_parameters() const;

  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    for (std::size_t i = 0; i < self.layers.size(); ++i) {
      const std::string p = "layers." + std::to_string(i) + ".";
      f(p + "weight", self.layers[i].weight);
      f(p + "bias", self.layers[i].bias);
    }
  }
};
using MLP = BasicMLP<float>;

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/mlp.ipp"
#endif
