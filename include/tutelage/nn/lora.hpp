#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/autograd/ops.hpp"

TUTELAGE_BEGIN

namespace nn {

struct TransformerConfig;

/// The linear maps of a block that an adapter may change. "qkv" is the query, key and value in one matrix, as GPT-2 and GPT-NeoX have it in files.
inline constexpr std::array<const char*, 8> kLoraModules{"q", "k", "v", "qkv", "out", "gate", "up", "down"};
enum LoraModule : std::size_t { kLoraQ, kLoraK, kLoraV, kLoraQkv, kLoraOut, kLoraGate, kLoraUp, kLoraDown };  // their places in it

/// Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685): a frozen weight W acts as W + scale B A, and only A (rank, in) and B (out, rank) learn.
struct LoraConfig {
  std::int64_t rank = 8;
  double alpha = 8;                         // scale = alpha / rank
  double dropout = 0;                       // of what A is given, in SFT and reward training; 0 to below 1
  std::vector<std::string> target_modules;  // of kLoraModules; empty: every linear map that a block has, with "q", "k", "v" where norms are "rms",
                                            // "qkv" where they are "layer", as the families' files go
  std::vector<std::int64_t> layers_to_transform;  // rising; empty: all. Nothing is differentiated below the first
  bool use_rslora = false;                        // scale = alpha / sqrt(rank) (Kalajdzievski 2023, arXiv 2312.03732)
  std::uint64_t seed = 0;                         // of A's start and of dropout
  double scale() const;
  bool operator==(const LoraConfig&) const = default;
  void validate() const;  // @throws ConfigError
};

/// Where a batch stands in training: its sequence i is item first_item + i of the step.
struct TrainingStep {
  std::uint32_t step = 0, first_item = 0;
};

template <class T> struct LoraPair {
  BasicTensor<T> a, b;  // (R, in), (out, R)
};

/// The adapter of one block: a pair for each of kLoraModules; empty tensors where a module is not adapted.
template <class T> struct LoraBlock { std::array<LoraPair<T>, kLoraModules.size()> pairs; };

/// An adapter: A and B of every adapted weight. No blocks: no adapter.
template <class T> struct Lora {
  LoraConfig config;
  std::vector<LoraBlock<T>> blocks;

  /// Fresh: A uniform in +- 1 / sqrt(in) (Kaiming's, as PEFT starts it), B zero, so that the model starts as its base. @throws ConfigError
  static Lora fresh(const TransformerConfig& model, const LoraConfig& config);
  /// An adapter whose tensors are `tensor(name, shape)`, asked for in visit order. @throws ConfigError
  template <class F> static Lora made_of(const TransformerConfig& model, const LoraConfig& config, F&& tensor);

  /// Does nothing where there is none. @throws ShapeError where a tensor is not what a model of this configuration needs
  void check(const char* function, const TransformerConfig& model) const;

  bool empty() const { return blocks.empty(); }
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    for (std::size_t l = 0; l < self.blocks.size(); ++l)
      for (std::size_t i = 0; i < kLoraModules.size(); ++i) {
        auto& pair = self.blocks[l].pairs[i];
        if (!pair.a.size()) continue;
        const std::string p = "adapter.blocks." + std::to_string(l) + "." + kLoraModules[i];
        f(p + ".a", pair.a);
        f(p + ".b", pair.b);
      }
  }
};

/// One adapted weight: its place and the shapes of A and B.
struct LoraPlace {
  std::size_t layer, module;  // module: of kLoraModules
  Shape a, b;
  std::string name() const { return "adapter.blocks." + std::to_string(layer) + "." + kLoraModules[module]; }
};

/// All that an adapter changes, in visit order. @throws ConfigError for a target that is unknown, or that a model of this configuration lacks
std::vector<LoraPlace> lora_places(const TransformerConfig& model, const LoraConfig& config);

}  // namespace nn

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/nn/transformer.hpp"
#endif
