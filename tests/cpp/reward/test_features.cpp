#include "../catch.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/reward/features.hpp"

using namespace tutelage;
using reward::FeatureConfig;
using reward::text_features;

namespace {
nn::Transformer trunk() {
  nn::TransformerConfig config;
  config.vocab_size = 11;
  config.hidden_size = 8;
  config.num_layers = 3;
  config.num_heads = 2;
  return {config, 5};
}
nn::TokenBatch texts() {
  nn::TokenBatch batch;
  for (const auto& t : std::vector<std::vector<std::int32_t>>{{1, 2, 3}, {4}, {5, 6, 7, 8, 9}, {1, 2}}) batch.add(t);
  return batch;
}
}  // namespace

TEST_CASE("hidden: what leaves a layer, from one pass") {
  const auto model = trunk();
  const auto batch = texts();
  const std::vector<std::int64_t> layers{3, 0, 3, 1};
  const auto states = model.hidden(batch, layers);
  REQUIRE(states.size() == 4);
  const auto norm = ops::layer_norm(states[0], model.norm_gain, model.norm_bias, model.config.norm_eps);
  const auto last = model.hidden(batch);
  for (std::int64_t i = 0; i < last.size(); ++i) {
    CHECK(norm.data()[i] == last.data()[i]);
    CHECK(states[2].data()[i] == states[0].data()[i]);
    CHECK(states[3].data()[i] != states[0].data()[i]);
  }
  const auto from_one = model.hidden_from(1, states[3], batch), from_last = model.hidden_from(3, states[0], batch);
  for (std::int64_t i = 0; i < last.size(); ++i) CHECK((from_one.data()[i] == last.data()[i] && from_last.data()[i] == last.data()[i]));
  for (std::int64_t k = 0; k < 8; ++k)  // text 1 is token 4 at position 0
    CHECK(states[1].data()[3 * 8 + k] == model.token_embedding.data()[4 * 8 + k] + model.position_embedding.data()[k]);
  const std::vector<std::int64_t> none, high{4}, low{-1};
  CHECK_THROWS_AS(model.hidden(batch, none), ValueError);
  CHECK_THROWS_AS(model.hidden(batch, high), IndexError);
  CHECK_THROWS_AS(model.hidden(batch, low), IndexError);
  CHECK_THROWS_AS(model.hidden_from(4, states[0], batch), IndexError);
  CHECK_THROWS_AS(model.hidden_from(1, Tensor({2, 8}), batch), ShapeError);
}

TEST_CASE("text_features: means and last tokens, the same bits for any cut and number of threads") {
  const auto model = trunk();
  const auto batch = texts();
  FeatureConfig config;
  config.layers = {1, 2};
  const auto states = model.hidden(batch, config.layers);
  const auto mean = text_features(model, batch, config);
  CHECK(mean.shape() == Shape{4, 16});
  for (std::int64_t k = 0; k < 8; ++k) {
    double sum = 0;
    for (std::int64_t t = 4; t < 9; ++t) sum += static_cast<double>(states[1].data()[t * 8 + k]);
    CHECK(mean.data()[2 * 16 + 8 + k] == static_cast<float>(sum / 5));
    CHECK(mean.data()[1 * 16 + k] == states[0].data()[3 * 8 + k]);
  }
  config.pooling = "last";
  const auto last = text_features(model, batch, config);
  for (std::int64_t k = 0; k < 8; ++k) CHECK(last.data()[2 * 16 + k] == states[0].data()[8 * 8 + k]);
  config.pooling = "mean";
  for (const std::int64_t tokens : {1, 4, 100}) {
    config.batch_tokens = tokens;
    const auto again = text_features(model, batch, config);
    for (std::int64_t i = 0; i < mean.size(); ++i) CHECK(again.data()[i] == mean.data()[i]);
  }
  const auto middle = text_features(model, batch);
  CHECK(middle.shape() == Shape{4, 8});
  for (std::int64_t k = 0; k < 8; ++k) CHECK(middle.data()[k] == mean.data()[k]);  // layer 3 / 2 = 1

  config.pooling = "first";
  CHECK_THROWS_AS(text_features(model, batch, config), ConfigError);
  CHECK_THROWS_AS(text_features(model, nn::TokenBatch()), ValueError);
  config.pooling = "mean", config.layers = {9};
  CHECK_THROWS_AS(text_features(model, batch, config), IndexError);
}
