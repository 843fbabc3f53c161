#pragma once
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/train/lesson.ipp"
#include "tutelage/impl/train/sft.ipp"
#include "tutelage/text/augment.hpp"
#include "tutelage/train/chatbot.hpp"

TUTELAGE_BEGIN

namespace train {

TUTELAGE_INLINE void ChatbotConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("ChatbotConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(epochs >= 1, "epochs", static_cast<double>(epochs), "1 or more");
  need(batch_size >= 1, "batch_size", static_cast<double>(batch_size), "1 or more");
  need(learning_rate > 0, "learning_rate", learning_rate, "more than 0");
  need(weight_decay >= 0, "weight_decay", weight_decay, "0 or more");
}

TUTELAGE_INLINE io::ChatModel train_chatbot(std::span<const text::Conversation> conversations, const ChatbotConfig& config, const RunOptions& run) {
  const FpStateGuard guard;
  config.validate();
  io::ChatModel model;
  model.tokenizer = text::train_chat_tokenizer(conversations, config.vocab_size);
  const auto room = static_cast<std::size_t>(config.max_positions);
  for (const auto& c : conversations)
    if (text::render_example(model.tokenizer, c).ids.size() <= room) model.conversations.push_back(c);
  if (model.conversations.empty())
    detail::fail<ValueError>("train_chatbot", "no conversation fits", detail::str(conversations.size()) + " conversations",
                             "one of at most " + detail::str(config.max_positions) + " tokens");

  nn::TransformerConfig shape;
  shape.vocab_size = model.tokenizer.vocab_size();
  shape.max_positions = config.max_positions;
  shape.hidden_size = config.hidden_size;
  shape.num_layers = config.num_layers;
  shape.num_heads = config.num_heads;
  SFTConfig sft;
  sft.optimizer.learning_rate = config.learning_rate;
  sft.optimizer.weight_decay = config.weight_decay;
  sft.optimizer.beta2 = 0.99;
  SFTTrainer trainer(nn::Transformer(shape, config.seed), sft);
  const auto questions = detail_::by_question(model.conversations);
  const auto n = static_cast<std::int64_t>(questions.size());
  const std::int64_t steps = (n * config.epochs + config.batch_size - 1) / config.batch_size;
  const optim::Schedule schedule{optim::Schedule::Kind::kCosine, steps / 20 + 1, steps, 0.02};
  const text::Augmenter reword(model.conversations);
  std::vector<std::int64_t> order;
  std::int64_t seen = 0;
  for (std::int64_t step = 0; step < steps && !run.stop_requested(); ++step) {
    std::vector<text::Example> items;
    for (std::int64_t i = 0; i < config.batch_size; ++i, ++seen) {
      const std::int64_t epoch = seen / n;
      if (seen % n == 0) order = shuffled(n, config.seed, epoch);
      const auto at = static_cast<std::size_t>(order[static_cast<std::size_t>(seen % n)]);
      const auto& exchange = model.conversations[questions[at][static_cast<std::size_t>(epoch) % questions[at].size()]];
      Rng rng(config.seed, Purpose::kUser, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(epoch));
      auto example = text::render_example(model.tokenizer, reword(exchange, rng));
      items.push_back(example.ids.size() > room ? text::render_example(model.tokenizer, exchange) : std::move(example));
    }
    const auto stats = trainer.step(items, schedule.factor(step));
    run.report({"learning to talk", step + 1, steps, {{"loss", stats.loss}}});
  }
  model.transformer = trainer.model();
  return model;
}

}  // namespace train

TUTELAGE_END
