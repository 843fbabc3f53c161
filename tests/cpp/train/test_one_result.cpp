// Drawn shapes: what threads, cuts, batch mates and places do to a result. And that such a check can fail.
#include <cstring>

#include "../architectures.hpp"
#include "../catch.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/train/ppo.hpp"
#include "tutelage/train/reward.hpp"
#include "tutelage/train/sft.hpp"

using namespace tutelage;
using Ids = std::vector<std::int32_t>;

namespace {

struct Case {
  nn::Transformer model;
  std::vector<Ids> sequences;
};

Case draw(std::uint32_t number) {
  Rng rng(23, Purpose::kUser, number);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(rng.bits() % n); };
  nn::TransformerConfig c;
  c.num_heads = 1 + below(4);
  c.hidden_size = c.num_heads * (1 + below(24));
  c.num_layers = 1 + below(3);
  c.vocab_size = 5 + below(300);
  c.max_positions = 8 + below(40);
  c.intermediate_size = 1 + below(150);
  c.init_std = 0.3;
  if (number % 3) draw_architecture(c, rng);
  Case drawn{nn::Transformer(c, number), {}};
  for (std::int64_t i = 2 + below(12); i > 0; --i) {
    Ids ids(static_cast<std::size_t>(2 + below(static_cast<std::uint64_t>(c.max_positions - 5))));
    for (auto& id : ids) id = static_cast<std::int32_t>(below(static_cast<std::uint64_t>(c.vocab_size)));
    drawn.sequences.push_back(ids);
  }
  return drawn;
}

bool same(std::span<const float> a, std::span<const float> b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0; }

std::vector<float> parameters(const nn::Transformer& model) {
  std::vector<float> all;
  model.visit([&](const std::string&, const Tensor& t) { all.insert(all.end(), t.span().begin(), t.span().end()); });
  return all;
}

std::vector<float> after_two_steps(const Case& c, std::int64_t micro_batch_size) {
  train::SFTConfig config;
  config.micro_batch_size = micro_batch_size;
  config.optimizer.weight_decay = 0.1;
  train::SFTTrainer trainer(c.model, config);
  std::vector<text::Example> items;
  for (const auto& ids : c.sequences) items.push_back({ids, std::vector<std::uint8_t>(ids.size(), 1)});
  for (int i = 0; i < 2; ++i) trainer.step(items);
  return parameters(trainer.model());
}

struct Threads {
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

}  // namespace

TEST_CASE("drawn models train to the same bytes on any threads and with any cut") {
  for (std::uint32_t number = 0; number < 30; ++number) {
    const Case c = draw(number);
    INFO("case " << number);
    std::vector<float> whole;
    {
      const Threads one(1);
      whole = after_two_steps(c, 0);
    }
    Case recomputing = c;
    recomputing.model.recompute_blocks = true;
    CHECK(same(after_two_steps(recomputing, 2), whole));
    for (const int threads : {2, 3}) {
      const Threads some(threads);
      CHECK(same(after_two_steps(c, 0), whole));
      CHECK(same(after_two_steps(c, 1), whole));
      CHECK(same(after_two_steps(c, 3), whole));
    }
  }
}

TEST_CASE("a row's log-probs and samples do not know their batch") {
  for (std::uint32_t number = 0; number < 30; ++number) {
    const Case c = draw(100 + number);
    INFO("case " << number);
    nn::TokenBatch all;
    for (const auto& s : c.sequences) all.add(s);
    const Tensor together = c.model.logprobs(all, 0.7);
    std::int64_t at = 0;
    for (const auto& s : c.sequences) {
      nn::TokenBatch one;
      one.add(s);
      const Tensor alone = c.model.logprobs(one, 0.7);
      CHECK(same(alone.span(), together.span().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(alone.size()))));
      at += alone.size();
    }

    nn::GenerateOptions options;
    options.max_new_tokens = 4, options.temperature = 0.7, options.seed = number;
    options.top_k = number % 2 ? 3 : 0;
    const auto answers = nn::generate(c.model, c.sequences, options);
    for (const std::int64_t places : {1, 3}) {
      options.max_batch = places;
      const auto again = nn::generate(c.model, c.sequences, options);
      for (std::size_t i = 0; i < answers.size(); ++i) CHECK((again[i].ids == answers[i].ids && again[i].logprobs == answers[i].logprobs));
    }
    if (options.top_k) continue;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      nn::TokenBatch finished;
      Ids ids = c.sequences[i];
      ids.insert(ids.end(), answers[i].ids.begin(), answers[i].ids.end());
      finished.add(ids);
      CHECK(same(c.model.logprobs(finished, 0.7).span().last(answers[i].ids.size()), answers[i].logprobs));
    }
  }
}

TEST_CASE("the check can fail: another order of the items is another result") {
  Case c = draw(7);
  const auto before = after_two_steps(c, 0);
  std::reverse(c.sequences.begin(), c.sequences.end());
  const auto after = after_two_steps(c, 0);
  CHECK_FALSE(same(before, after));
  double difference = 0;
  for (std::size_t i = 0; i < before.size(); ++i) difference = std::max(difference, static_cast<double>(std::abs(before[i] - after[i])));
  CHECK(difference < 1e-2);  // by rounding alone, which AdamW's first steps stretch
}
