// A stranger's program: builds a small transformer, samples from it, scores the samples, walks one gradient step downhill.
// Prints a hash of all numbers, which must be the same for every way of building.
#include <tutelage/tutelage.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "consumer.hpp"

#ifndef CONSUMER_MAIN
#define CONSUMER_MAIN main
#endif

namespace {
void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "consumer: not so: %s\n", what);
  std::exit(1);
}

/// Value and gradient of every element-wise function and row reduction, on numbers that reach their branches.
std::uint64_t hash_functions(std::uint64_t hash) {
  using namespace tutelage;
  struct Params {
    Tensor x;
    void visit(const std::function<void(const std::string&, Tensor&)>& f) { f("x", x); }
    void visit(const std::function<void(const std::string&, const Tensor&)>& f) const { f("x", x); }
  };
  Rng rng(11, Purpose::kUser);
  std::vector<float> numbers(7 * 53);
  for (float& x : numbers) x = static_cast<float>(4 * rng.normal());
  const Params params{Tensor::from({7, 53}, numbers)};
  using Function = Tensor (*)(const Tensor&);
  const Function functions[] = {ops::exp<float>,
                                ops::tanh<float>,
                                ops::sigmoid<float>,
                                ops::softplus<float>,
                                ops::relu<float>,
                                ops::gelu<float>,
                                ops::silu<float>,
                                ops::square<float>,
                                ops::abs<float>,
                                ops::softmax<float>,
                                ops::log_softmax<float>,
                                ops::logsumexp<float>,
                                ops::mean<float>,
                                ops::sum_last<float>,
                                ops::sum_first<float>,
                                [](const Tensor& x) { return ops::log(ops::affine(ops::square(x), 0.7, 0.1)); },
                                [](const Tensor& x) { return ops::sqrt(ops::affine(ops::square(x), 0.7, 0.1)); },
                                [](const Tensor& x) { return ops::div(ops::mul(x, x), ops::affine(ops::exp(x), 1.0, 1.0)); }};
  for (const Function function : functions) {
    const auto result = value_and_grad([&](const Params& p) { return ops::square(function(p.x)); }, params);
    hash = hash_bytes(&result.value, 8, hash);
    hash = hash_bytes(result.grads.x.data(), result.grads.x.size() * 4, hash);
  }
  return hash;
}
}  // namespace

int CONSUMER_MAIN() {
  using namespace tutelage;
  nn::TransformerConfig config;
  config.vocab_size = 50;
  config.max_positions = 32;
  config.hidden_size = 32;
  config.num_layers = 2;
  config.num_heads = 2;
  config.init_std = 0.3;
  const nn::Transformer model(config, 7);
  const std::int64_t c = 32, block = 4 * c + (3 * c * c + 3 * c) + (c * c + c) + (4 * c * c + 4 * c) + (4 * c * c + c);
  require(count_parameters(model) == 50 * c + 32 * c + 2 * block + 2 * c, "the number of parameters");

  nn::GenerateOptions options;
  options.max_new_tokens = 12;
  options.seed = 3;
  const std::vector<std::vector<std::int32_t>> prompts = {{1, 2, 3}, {4}, {5, 6, 7, 8, 9}};
  const auto answers = nn::generate(model, prompts, options);
  require(answers.size() == 3, "an answer to each prompt");

  nn::TokenBatch batch;
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> predicting;  // positions whose next token was sampled
  std::vector<float> sampled;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    std::vector<std::int32_t> sequence = prompts[i];
    for (const std::int32_t id : answers[i].ids) {
      require(id >= 0 && id < 50, "ids inside the vocabulary");
      predicting.push_back(batch.tokens() + static_cast<std::int64_t>(sequence.size()) - 1);
      targets.push_back(id);
      sequence.push_back(id);
    }
    sampled.insert(sampled.end(), answers[i].logprobs.begin(), answers[i].logprobs.end());
    batch.add(sequence);
  }
  const auto loss_terms = [&](const nn::Transformer& m) {
    const Tensor logprobs = ops::token_logprobs(ops::rows(m.logits(batch), predicting), targets);
    return ops::affine(logprobs, -1.0 / static_cast<double>(targets.size()), 0.0);
  };
  const Tensor scored = ops::token_logprobs(ops::rows(model.logits(batch), predicting), targets);
  require(scored.size() == static_cast<std::int64_t>(sampled.size()), "a log-prob for each sampled token");
  for (std::int64_t i = 0; i < scored.size(); ++i)
    require(scored.data()[i] == sampled[static_cast<std::size_t>(i)], "scoring gives the sampler's own log-probs, bit for bit");

  const auto before = value_and_grad(loss_terms, model);
  nn::Transformer moved = model;
  std::vector<Tensor> grads = parameter_list<float>(before.grads);
  std::size_t i = 0;
  double slope = 0;
  moved.visit([&](const std::string&, Tensor& t) {
    const Tensor& g = grads[i++];
    float* p = t.mutable_data();
    for (std::int64_t k = 0; k < t.size(); ++k) {
      p[k] = std::fma(-1e-3f, g.data()[k], p[k]);  // said outright, or the user's flags would decide
      slope += static_cast<double>(g.data()[k]) * g.data()[k];
    }
  });
  const auto after = value_and_grad(loss_terms, moved);
  const double gained = (before.value - after.value) / (1e-3 * slope);
  require(slope > 0 && gained > 0.9 && gained < 1.1, "a small step downhill gains what the gradient says");
  require(loss_terms(model).size() == scored.size() && hash_parameters(moved, 1) != hash_parameters(model, 1),
          "the model did not move with its copy");

  bool caught = false;
  try {
    nn::generate(model, {{}}, options);
  } catch (const ValueError&) { caught = true; }
  require(caught, "an empty prompt is a ValueError");

  std::uint64_t hash = hash_bytes(sampled.data(), static_cast<std::int64_t>(sampled.size() * 4), 14695981039346656037u);
  hash = hash_bytes(targets.data(), static_cast<std::int64_t>(targets.size() * 4), hash);
  hash = hash_parameters(before.grads, hash_parameters(moved, hash));
  hash = hash_bytes(&after.value, 8, hash);
  hash = hash_functions(hash);
  std::printf("digest %016llx loss %.6f -> %.6f\n", static_cast<unsigned long long>(hash), before.value, after.value);
  return 0;
}
