#pragma once
#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace nn {

/// One number a position: hidden (tokens, C) -> (tokens). For values and rewards.
template <class T> struct ScalarHead {
  BasicTensor<T> weight;  // (1, C)
  BasicTensor<T> bias;    // (1)
  ScalarHead() = default;
  explicit ScalarHead(std::int64_t hidden_size);                         // zeros
  ScalarHead(std::int64_t hidden_size, double std, std::uint64_t seed);  // N(0, std)
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }
  BasicTensor<T> operator()(const BasicTensor<T>& hidden) const;

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("weight", self.weight);
    f("bias", self.bias);
  }
};

/// A transformer and a scalar head on its hidden states; a critic or a reward model.
template <class T> struct TransformerWithHead {
  BasicTransformer<T> trunk;
  ScalarHead<T> head;
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    self.trunk.visit([&](const std::string& n, auto& t) { f("trunk." + n, t); });
    self.head.visit([&](const std::string& n, auto& t) { f("head." + n, t); });
  }
};

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/nn/head.ipp"
#endif
