#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace io {

/// How one parameter of nn::Transformer stands in a Hugging Face model's file. From the file's tensors to ours, in this order:
///   1. each tensor of `names` is read; its shape is that of `shapes`;
///   2. `transposed` (GPT-2's Conv1D keeps (in, out)): each is transposed, so that it is (out, in);
///   3. they are joined along their first dimension, in the order of `names` (Llama's q_proj, k_proj, v_proj -> qkv_weight);
///   4. `interleaved_heads` = H > 0 (GPT-NeoX's query_key_value): the first dimension, which runs over (head, part, number) with parts query, key and
///      value, is set in order of (part, head, number): row (p H + h) D + d of ours is row (3 h + p) D + d of the file.
/// The way back is 4 to 1 turned round. Both are copies: no number changes.
struct HfParameter {
  std::string ours;                // name in nn::Transformer::visit, as "blocks.0.qkv_weight"
  Shape shape;                     // of ours
  std::vector<std::string> names;  // in the file, as "model.layers.0.self_attn.q_proj.weight"
  std::vector<Shape> shapes;       // in the file, one a name
  bool transposed = false;
  std::int64_t interleaved_heads = 0;
};

/// The parameters of a model of this configuration, in visit order, as a file of `model_type` has them: "gpt2", "gpt_neox", "llama", "mistral",
/// "qwen2" or "qwen3". Names are those of the causal language model's file (transformers 5); those of the trunk start with hf_prefix(model_type),
/// which files of a bare trunk lack. The output matrix is listed only where embeddings are not tied.
/// @throws ConfigError for another model_type, or where the architecture has no place for what the configuration asks for
/// Checked by: test_hf_names.cpp, test_architectures.py
std::vector<HfParameter> hf_parameters(const std::string& model_type, const nn::TransformerConfig& config);

/// "transformer.", "gpt_neox." or "model.".
std::string hf_prefix(const std::string& model_type);

/// Whether a tensor of a file is no parameter but a constant that old files carry: causal masks and rotary frequencies.
bool hf_constant(std::string_view name);

/// Ours from the file's tensors, one for each of `names`. @throws ShapeError
Tensor from_hf(const HfParameter& p, std::span<const Tensor> tensors);
/// The file's tensors, one for each of `names`, from ours. @throws ShapeError
std::vector<Tensor> to_hf(const HfParameter& p, const Tensor& ours);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/hf_names.ipp"
#endif
