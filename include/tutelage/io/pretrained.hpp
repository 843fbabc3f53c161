#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tutelage/nn/head.hpp"

TUTELAGE_BEGIN

namespace io {

/// The ids at which generation begins and ends, as generation_config.json, config.json or a GGUF file has them; -1: none.
struct TokenIds {
  std::int32_t bos = -1, pad = -1;
  std::vector<std::int32_t> eos;  // generation stops at any of them
  bool operator==(const TokenIds&) const = default;
};

/// What README.md says of a saved model, for those who find it. Empty fields are left out.
struct ModelCard {
  std::string base;      // the model it started from, as "HuggingFaceTB/SmolLM2-135M-Instruct"
  std::string license;   // of the base and hence of this, as "apache-2.0"
  std::string training;  // how it was trained, in Markdown
};

/// A model from elsewhere: a language model, or with a head a sequence classifier of one label (a reward or value model).
struct Pretrained {
  nn::Transformer transformer;
  std::optional<nn::ScalarHead<float>> head;  // transformers' `score`, which has no bias: it is 0
  TokenIds ids;
  std::string model_type;  // "gpt2", "gpt_neox", "llama", "mistral", "qwen2" or "qwen3"; empty: save chooses
};

/// Reads a model with float32 weights, from one of
///  - a folder with config.json, model.safetensors (or its shards and model.safetensors.index.json) and perhaps generation_config.json, as
///    transformers 5 writes it: GPT2LMHeadModel, GPTNeoXForCausalLM, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, and
///    ...ForSequenceClassification of them with one label; float32, float16 or bfloat16;
///  - a file *.gguf, version 2 or 3: architectures llama, gpt2, gptneox, qwen2, qwen3; F32, F16, BF16, Q8_0, Q4_0, Q4_1, dequantised as the `gguf`
///    package does; q and k of llama are put back into the order of Hugging Face's rotation;
///  - a file *.bin of llama2.c, version 0.
/// Fields of config.json that transformers ignores are ignored; what would change the mathematics and is not supported is refused by name. Of a
/// folder that save_model wrote only the transformer is read.
/// @throws IoError naming the file and the key, tensor or offset; ConfigError for an architecture, rope type, activation or other feature that is
/// not supported, by name
/// Cost: one pass over the files, by all threads: a 135M-parameter GGUF file of Q4_1 in under a second. Memory: 4 bytes a parameter; the files are
/// mapped, and their pages belong to the system's cache.
/// Checked by: test_pretrained.cpp, test_gguf.cpp, compare/test_folders.py, compare/test_gguf.py
Pretrained load_pretrained(const std::string& path);

/// Writes a folder that transformers loads as it is: config.json, generation_config.json, README.md where the card says something, and
/// model.safetensors (float32) last; it names the configuration that it belongs to, so that a folder half written is refused. Other files stay.
/// The architecture is model.model_type, or the first of gpt2, gpt_neox, qwen3, qwen2, llama, mistral that can hold the configuration.
/// @throws ConfigError where no architecture can, or the head has a bias other than 0; IoError
/// Checked by: test_pretrained.cpp, compare/test_folders.py
void save_pretrained(const std::string& folder, const Pretrained& model, const ModelCard& card = {});

/// load_pretrained without a head. @throws also ConfigError for a classifier
nn::Transformer load_transformer(const std::string& path);

/// save_pretrained without ids, head and model_type. A tokenizer in the folder stays as it is.
void save_transformer(const std::string& folder, const nn::Transformer& model, const ModelCard& card = {});

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/pretrained.ipp"
#endif
