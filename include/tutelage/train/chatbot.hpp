#pragma once
#include <cstdint>
#include <span>

#include "tutelage/base/progress.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/train/sft.hpp"

TUTELAGE_BEGIN

namespace train {

/// A small chatbot from nothing but conversations.
struct ChatbotConfig {
  std::int64_t vocab_size = 1024;   // tokens, at most
  std::int64_t max_positions = 96;  // tokens of question and answer; longer conversations are left out
  std::int64_t hidden_size = 128;
  std::int64_t num_layers = 2;
  std::int64_t num_heads = 4;
  std::int64_t epochs = 34;      // over the different questions; one with rival answers gets them in turn
  std::int64_t batch_size = 32;  // exchanges a step
  double learning_rate = 2e-3;
  double weight_decay = 0.1;
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

/// Trains a tokenizer and a model; questions are reworded at random each time they are seen. A requested stop ends it early.
/// @throws ValueError where no conversation fits
io::ChatModel train_chatbot(std::span<const text::Conversation> conversations, const ChatbotConfig& config, const RunOptions& run = {});

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/chatbot.ipp"
#endif
