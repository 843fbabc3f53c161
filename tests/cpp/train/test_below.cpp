// What lies below an adapter is computed once, and what is not taught can be kept: to the bit, and in fact.
#include "tiny_ppo.hpp"
#include "tutelage/impl/train/below.hpp"
#include "tutelage/train/rloo.hpp"
#include "tutelage/train/sft.hpp"

using namespace tiny;

namespace {

nn::Transformer llama() {
  nn::TransformerConfig c;
  c.vocab_size = 13, c.max_positions = 24, c.hidden_size = 32, c.num_layers = 3, c.num_heads = 4, c.num_kv_heads = 2, c.intermediate_size = 40;
  c.norm = "rms", c.positions = "rotary", c.gated_mlp = true, c.activation = "silu", c.qkv_bias = c.out_bias = c.mlp_bias = false, c.init_std = 0.2;
  return nn::Transformer(c, 1);
}

nn::Transformer adapted_last() {
  nn::LoraConfig lora;
  lora.rank = 4, lora.alpha = 16, lora.layers_to_transform = {2};
  return llama().with_lora(lora);
}

/// The same numbers in memory of its own, so that nothing is known to be shared.
nn::Transformer elsewhere(nn::Transformer model) {
  model.visit_all([](const std::string&, Tensor& t) {
    if (t.size()) t = Tensor::from(t.shape(), t.span());
  });
  return model;
}

nn::TokenBatch batch_of(const std::vector<Ids>& sequences) {
  nn::TokenBatch batch;
  for (const auto& s : sequences) batch.add(s);
  return batch;
}

}  // namespace

TEST_CASE("hidden states go on from what enters a layer, to the bit") {
  const auto model = adapted_last();
  CHECK(model.frozen_layers() == 2);
  CHECK(llama().frozen_layers() == 0);
  const auto batch = batch_of(prompts(4));
  const Tensor whole = model.hidden(batch);
  for (std::int64_t layer = 0; layer <= 3; ++layer) {
    const Tensor on = model.hidden_from(layer, model.hidden(batch, std::span(&layer, 1))[0], batch);
    CHECK(std::equal(whole.span().begin(), whole.span().end(), on.span().begin()));
  }
  CHECK(train::detail_::Below(model).at(batch).size() == whole.size());  // it is used
  CHECK(train::detail_::same_below(model, model.without_adapter(), 2));
  CHECK_FALSE(train::detail_::same_below(model, elsewhere(model), 2));
  CHECK_THROWS_AS(model.hidden_from(4, whole, batch), IndexError);
  CHECK_THROWS_AS(model.hidden_from(1, Tensor({1, 32}), batch), ShapeError);
}

TEST_CASE("PPO gives the same bytes whether or not the reference shares what lies below the adapter") {
  auto c = config();
  c.kl_coef = 0.1;
  const auto policy = adapted_last();
  const auto asked = prompts(6);
  std::vector<std::string> ends;
  for (const auto& reference : {policy, policy.without_adapter(), elsewhere(policy)})
    for (const std::int64_t micro : {0, 2}) {
      c.micro_batch_size = micro;
      PPOTrainer trainer(policy, reference, c);
      for (int i = 0; i < 3; ++i) {
        const auto answers = trainer.generate(asked);
        trainer.step(asked, answers, scores_of(answers));
      }
      ends.push_back(state(trainer));
    }
  CHECK(ends == std::vector<std::string>(ends.size(), ends[0]));
}

TEST_CASE("what is kept stays nearer, adds nothing at the start, and cuts do not show") {
  const auto model = adapted_last();
  const auto data = examples(3);
  const auto other = examples(12);
  const std::span<const text::Example> kept(other.begin() + 6, other.end());
  const auto drift = [&](const nn::Transformer& after) {  // of log-probs
    std::vector<Ids> sequences;
    for (const auto& e : kept) sequences.push_back(e.ids);
    const Tensor a = after.logprobs(batch_of(sequences)), b = model.logprobs(batch_of(sequences));
    double sum = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) sum += std::abs(a.data()[i] - b.data()[i]);
    return sum / static_cast<double>(a.size());
  };
  const auto trained = [&](double kl_coef, std::int64_t micro) {
    train::SFTConfig c;
    c.optimizer.learning_rate = 1e-2, c.micro_batch_size = micro;
    train::SFTTrainer trainer(model, c);
    CHECK(trainer.step(data, 1.0, {&model, kl_coef > 0 ? kept : kept.first(0), kl_coef}).loss == Approx(train::sft_loss(model, data)).margin(1e-6));
    for (int i = 0; i < 30; ++i) trainer.step(data, 1.0, {&model, kl_coef > 0 ? kept : kept.first(0), kl_coef});
    CHECK(train::sft_loss(trainer.model(), data) < train::sft_loss(model, data) - 0.2);
    return trainer.model();
  };
  const auto held = trained(5.0, 0);
  CHECK(drift(held) < 0.6 * drift(trained(0.0, 0)));
  CHECK(bytes(trained(5.0, 1)) == bytes(held));
  train::SFTTrainer trainer(model, {});
  CHECK_THROWS_AS(trainer.step(data, 1.0, {nullptr, kept, 1.0}), ValueError);
}

TEST_CASE("a critic on the same weights as the policy's, all of them learning, learns below the policy's adapter too") {
  auto c = config();
  c.num_epochs = 1;
  const auto policy = adapted_last();
  PPOTrainer trainer(policy, policy, c, reward::RewardModel(policy.without_adapter(), 3));
  const auto answers = trainer.generate(prompts(6));
  trainer.step(prompts(6), answers, scores_of(answers));
  CHECK(bytes(trainer.model().critic.blocks[0]) != bytes(policy.blocks[0]));
  CHECK(bytes(trainer.policy().blocks[0]) == bytes(policy.blocks[0]));
}
