// Against PyTorch: tests/golden/make_transformer.py made the file.
#include <array>
#include <cstring>
#include <fstream>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/nn/generate.hpp"
#include "tutelage/optim/adamw.hpp"

using namespace tutelage;

namespace {

std::vector<float> floats(const nlohmann::json& base64) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : base64.get<std::string>()) {
    const auto digit = std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (digit == std::string::npos) break;  // padding
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((held += 6) >= 8) bytes.push_back(static_cast<char>(bits >> (held -= 8)));
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

const nlohmann::json& golden() {
  static const auto file = nlohmann::json::parse(std::ifstream(TUTELAGE_SOURCE_DIR "/tests/golden/transformer.json"));
  return file;
}

nn::Transformer golden_model() {
  const auto& c = golden().at("config");
  nn::TransformerConfig config;
  config.vocab_size = c.at("vocab_size"), config.max_positions = c.at("max_positions"), config.hidden_size = c.at("hidden_size");
  config.num_layers = c.at("num_layers"), config.num_heads = c.at("num_heads"), config.intermediate_size = c.at("intermediate_size");
  config.norm_eps = c.at("norm_eps");
  nn::Transformer model(config, 0);
  std::size_t named = 0;
  model.visit([&](const std::string& name, Tensor& t) {
    t = Tensor::from(t.shape(), floats(golden().at("weights").at(name)));
    ++named;
  });
  REQUIRE(named == golden().at("weights").size());
  return model;
}

std::vector<std::vector<std::int32_t>> golden_sequences() { return golden().at("sequences"); }

nn::TokenBatch golden_batch() {
  nn::TokenBatch batch;
  for (const auto& s : golden_sequences()) batch.add(s);
  return batch;
}

/// Mean over all next tokens of -log p.
ValueAndGrad<float, nn::Transformer> loss_and_gradients(const nn::Transformer& model) {
  const auto batch = golden_batch();
  const double count = static_cast<double>(batch.tokens() - batch.sequences());
  return value_and_grad<float>([&](const nn::Transformer& m) { return ops::affine(m.logprobs(batch), -1.0 / count, 0); }, model);
}

/// Largest |got - expected| / max(1, |expected|).
double distance(const Tensor& got, const nlohmann::json& base64) {
  const auto expected = floats(base64);
  REQUIRE(static_cast<std::size_t>(got.size()) == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(got.data()[i]) - expected[i]) / std::max(1.0, std::abs(static_cast<double>(expected[i])));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

}  // namespace

TEST_CASE("logits, log-probs and loss are PyTorch's") {
  const auto model = golden_model();
  CHECK(distance(model.logits(golden_batch()), golden().at("logits")) < 1e-5);
  CHECK(distance(model.logprobs(golden_batch(), golden().at("temperature")), golden().at("logprobs")) < 1e-5);
  CHECK(loss_and_gradients(model).value == Approx(golden().at("loss").get<double>()).epsilon(1e-6));
}

TEST_CASE("every gradient is PyTorch's") {
  const auto result = loss_and_gradients(golden_model());
  result.grads.visit([&](const std::string& name, const Tensor& gradient) {
    INFO(name);
    CHECK(distance(gradient, golden().at("gradients").at(name)) < 1e-5);
  });
}

TEST_CASE("greedy decoding is PyTorch's") {
  const std::vector<std::int32_t> expected = golden().at("greedy");
  nn::GenerateOptions options;
  options.temperature = 0;
  options.max_new_tokens = static_cast<std::int64_t>(expected.size()) - 1;
  auto ids = nn::generate(golden_model(), {{expected[0]}}, options)[0].ids;
  ids.insert(ids.begin(), expected[0]);
  CHECK(ids == expected);
}

TEST_CASE("AdamW with clipping and decay takes PyTorch's steps") {
  const auto& g = golden().at("adamw");
  optim::AdamWConfig config;
  config.learning_rate = g.at("learning_rate"), config.beta1 = g.at("beta1"), config.beta2 = g.at("beta2"), config.eps = g.at("eps");
  config.weight_decay = g.at("weight_decay"), config.max_grad_norm = g.at("max_grad_norm");
  optim::AdamW<float, nn::Transformer> adam(config);
  auto model = golden_model();
  for (const double norm : g.at("norms")) CHECK(adam.step(model, loss_and_gradients(model).grads) == Approx(norm).epsilon(1e-5));
  model.visit([&](const std::string& name, const Tensor& t) {
    INFO(name);
    CHECK(distance(t, g.at("parameters").at(name)) < 2e-5);
  });
}
