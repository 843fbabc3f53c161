// Training of adapters: the base stays, threads and cuts do not show, and one frozen model serves all.
#include "tiny_ppo.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/train/reward.hpp"

using namespace tiny;

namespace {

nn::Transformer llama(std::uint64_t seed = 1) {
  nn::TransformerConfig c;
  c.vocab_size = 13, c.max_positions = 24, c.hidden_size = 32, c.num_layers = 2, c.num_heads = 4, c.num_kv_heads = 2, c.intermediate_size = 40;
  c.norm = "rms", c.positions = "rotary", c.gated_mlp = true, c.activation = "silu", c.qkv_bias = c.out_bias = c.mlp_bias = false, c.init_std = 0.2;
  return nn::Transformer(c, seed);
}

nn::Transformer adapted(double dropout) {
  nn::LoraConfig lora;
  lora.rank = 4, lora.alpha = 16, lora.dropout = dropout;
  return llama().with_lora(lora);
}

std::string base_bytes(const nn::Transformer& model) { return bytes(model.without_adapter()); }

}  // namespace

TEST_CASE("SFT of an adapter: the base stays, the loss falls, threads, cuts and recomputing do not show") {
  const auto data = examples(9);
  for (const double dropout : {0.0, 0.2}) {
    const auto trained = [&](std::int64_t micro, bool recompute) {
      train::SFTConfig config;
      config.micro_batch_size = micro, config.batch_size = 5, config.epochs = 3, config.optimizer.learning_rate = 1e-2;
      auto model = adapted(dropout);
      model.recompute_blocks = recompute;
      train::SFTTrainer trainer(model, config);
      trainer.train(data);
      CHECK(base_bytes(trainer.model()) == base_bytes(model));
      CHECK(trainer.model().token_embedding.storage() == model.token_embedding.storage());
      CHECK(train::sft_loss(trainer.model(), data) < train::sft_loss(model, data) - 0.1);
      return bytes(trainer.model());
    };
    const auto whole = trained(0, false);
    CHECK(trained(1, false) == whole);
    CHECK(trained(2, true) == whole);
    same_for_any_threads([&] { return trained(3, false); });
  }
}

TEST_CASE("dropout changes what is learnt, from step to step") {
  const auto data = examples(4);
  const auto after = [&](double dropout, int steps) {
    train::SFTTrainer trainer(adapted(dropout), {});
    for (int i = 0; i < steps; ++i) trainer.step(data);
    return trainer.model();
  };
  CHECK(bytes(after(0.2, 1)) != bytes(after(0.0, 1)));
  nn::TokenBatch batch;
  batch.add(data[0].ids);
  auto model = after(0.2, 1);
  batch.training = nn::TrainingStep{0, 0};
  const auto first = model.logits(batch);
  batch.training->step = 1;
  const auto second = model.logits(batch);
  CHECK_FALSE(std::equal(first.span().begin(), first.span().end(), second.span().begin()));
}

TEST_CASE("PPO of an adapter: first ratio exactly 1, the reference is the base, the reward rises, nothing shows") {
  const auto all = prompts(6);
  const auto trained = [&](std::int64_t micro, bool recompute) {
    auto c = config();
    c.micro_batch_size = micro, c.mini_batch_size = 4, c.kl_coef = 0.01, c.optimizer.learning_rate = 1e-2;
    auto policy = adapted(0.3);  // which PPO leaves out
    policy.recompute_blocks = recompute;
    PPOTrainer trainer(policy, c);
    double first = 0, last = 0;
    for (int i = 0; i < 8; ++i) {
      const auto stats = trainer.train(all, sevens, 1);
      CHECK((stats.first_ratio_min == 1.0 && stats.first_ratio_max == 1.0));
      if (i == 0) {
        first = stats.reward;
        CHECK(stats.kl == 0);
      }
      last = stats.reward;
    }
    CHECK(last > first + 0.2);
    CHECK(base_bytes(trainer.policy()) == base_bytes(policy));
    CHECK(trainer.policy().token_embedding.storage() == policy.token_embedding.storage());
    CHECK(trainer.reference().token_embedding.storage() == policy.token_embedding.storage());
    CHECK(bytes(trainer.reference()) == bytes(policy));
    return state(trainer);
  };
  const auto whole = trained(0, false);
  CHECK(trained(1, true) == whole);
  same_for_any_threads([&] { return trained(3, false); });
}

TEST_CASE("a reward model of an adapter and a head learns to tell pairs apart, on any threads and with any cut") {
  std::vector<train::Pair> pairs;
  for (std::uint32_t i = 0; i < 12; ++i) {
    auto chosen = random_ids(i, 3, 9), rejected = random_ids(100 + i, 3, 9);
    chosen.back() = 7, rejected.back() = 5;
    pairs.push_back({chosen, rejected, 1.0, 1.0});
  }
  const auto trained = [&](std::int64_t micro) {
    train::RewardConfig config;
    config.micro_batch_size = micro, config.batch_size = 5, config.epochs = 10, config.optimizer.learning_rate = 1e-2;
    const auto trunk = adapted(0.1);
    train::RewardTrainer trainer(reward::RewardModel(trunk, 3), config);
    trainer.train(pairs);
    CHECK(base_bytes(trainer.model().net.trunk) == base_bytes(trunk));
    CHECK(train::pair_accuracy({{trainer.model()}}, pairs) > 0.95);
    return bytes(trainer.model().net);
  };
  const auto whole = trained(0);
  CHECK(trained(1) == whole);
  same_for_any_threads([&] { return trained(2); });
}

TEST_CASE("a frozen weight takes no memory for gradients") {
  nn::TransformerConfig c = llama().config;
  c.vocab_size = 6000, c.hidden_size = 128, c.num_layers = 3, c.intermediate_size = 512, c.max_positions = 24;
  const nn::Transformer base(c, 1);
  train::SFTTrainer trainer(base.with_lora({}), {});
  const auto data = examples(2);
  trainer.step(data);
  detail::pool_reset_peak();
  const auto before = detail::pool_stats().in_use;
  trainer.step(data);
  CHECK(detail::pool_stats().peak - before < base.num_parameters() * 4 / 2);
}
