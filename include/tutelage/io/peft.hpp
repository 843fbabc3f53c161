#pragma once
#include <string>

#include "tutelage/nn/transformer.hpp"

TUTELAGE_BEGIN

namespace io {

/// Writes a model's adapter as PEFT keeps it: adapter_config.json, then adapter_model.safetensors, float32, with the names of the Hugging Face
/// architecture that the configuration has: GPT-2 with learned positions, GPT-NeoX with layer norms, else Llama, whose names Mistral and Qwen share.
/// base: the model's name or folder, for those who load the adapter; may be empty.
/// @throws StateError for a model without adapter; ConfigError for "q", "k" or "v" where that architecture keeps them in one matrix, or "qkv" where
/// it does not; IoError
/// Checked by: test_peft.cpp, compare/test_lora.py
void save_adapter(const std::string& folder, const nn::Transformer& model, const std::string& base = "");

/// The model with the adapter of such a folder in place of the one that it may have. Targets are names of the architecture's linear maps, as
/// "q_proj" or "attn.c_proj", or suffixes of them, as PEFT reads a list. Dropout starts from seed 0.
/// @throws IoError naming the file, key or tensor; ConfigError for what would change the mathematics and is not supported, by name: other methods
/// than LoRA, DoRA, rank_pattern, bias other than "none", modules_to_save, a target that is unknown or an expression Checked by: test_peft.cpp,
/// compare/test_lora.py
nn::Transformer load_adapter(const std::string& folder, const nn::Transformer& model);

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/peft.ipp"
#endif
