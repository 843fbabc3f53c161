#include "../catch.hpp"
#include "batches.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/nn/generate.hpp"
#include "tutelage/nn/transformer.hpp"
#include "tutelage/optim/adamw.hpp"

using namespace tutelage;

namespace {

nn::TransformerConfig small(std::int64_t vocab = 61) {
  nn::TransformerConfig c;
  c.vocab_size = vocab;
  c.max_positions = 40;
  c.hidden_size = 24;
  c.num_layers = 2;
  c.num_heads = 3;
  c.init_std = 0.2;
  return c;
}

std::vector<std::vector<std::int32_t>> sequences(int n, std::int64_t vocab, std::uint32_t item = 0) {
  Rng rng(3, Purpose::kUser, item);
  std::vector<std::vector<std::int32_t>> all;
  for (int i = 0; i < n; ++i) {
    std::vector<std::int32_t> s(1 + rng.below(12));
    for (auto& id : s) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(vocab)));
    all.push_back(s);
  }
  return all;
}

/// Terms of the language-modelling loss over a run of sequences, weighted by the step's count.
Tensor terms(const nn::Transformer& m, std::span<const std::vector<std::int32_t>> items, double weight) {
  nn::TokenBatch b;
  for (const auto& s : items) b.add(s);
  return ops::affine(m.logprobs(b), -weight, 0);
}

}  // namespace

TEST_CASE("a row's outputs do not depend on its batch mates") {
  const nn::Transformer model(small(), 1);
  const auto all = sequences(9, 61);
  const Tensor together = model.logits(batch_of(all));
  std::int64_t at = 0;
  for (const auto& s : all) {
    const Tensor alone = model.logits(batch_of({s}));
    const auto n = static_cast<std::size_t>(alone.size());
    CHECK(same_bytes(alone.span(), together.span().subspan(static_cast<std::size_t>(at), n)));
    at += alone.size();
  }
}

TEST_CASE("the sampler's log-probs are those of scoring, bit for bit, whatever the batch") {
  const nn::Transformer model(small(), 2);
  const auto prompts = sequences(11, 61);
  for (double temperature : {1.0, 0.7, 1.6}) {
    nn::GenerateOptions o;
    o.max_new_tokens = 17;
    o.temperature = temperature;
    o.stop_ids = {5, 9};
    o.seed = 4;
    const auto first = nn::generate(model, prompts, o);
    for (std::int64_t max_batch : {1, 2, 3, 32}) {
      o.max_batch = max_batch;
      const auto again = nn::generate(model, prompts, o);
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        CHECK(again[i].ids == first[i].ids);
        CHECK(same_bytes(again[i].logprobs, first[i].logprobs));
      }
    }
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      auto whole = prompts[i];
      whole.insert(whole.end(), first[i].ids.begin(), first[i].ids.end());
      const Tensor scored = model.logprobs(batch_of({whole}), temperature);
      CHECK(same_bytes(first[i].logprobs, scored.span().subspan(prompts[i].size() - 1)));
      const bool stopped = first[i].ids.back() == 5 || first[i].ids.back() == 9;
      CHECK((first[i].stop_reason == nn::StopReason::kStopId) == stopped);
      CHECK((stopped || first[i].ids.size() == 17));
    }
  }
}

TEST_CASE("a prompt's sample is its own: alone with its number it is the same") {
  const nn::Transformer model(small(), 2);
  const auto prompts = sequences(6, 61);
  nn::GenerateOptions o;
  o.max_new_tokens = 8;
  const auto all = nn::generate(model, prompts, o);
  o.first_item = 4;
  CHECK(nn::generate(model, {prompts[4]}, o)[0].ids == all[4].ids);
  o.sample = 1;
  CHECK(nn::generate(model, {prompts[4]}, o)[0].ids != all[4].ids);
}

TEST_CASE("greedy takes the likeliest token, top_k 1 as well, and top_k renormalises") {
  const nn::Transformer model(small(), 3);
  const std::vector<std::vector<std::int32_t>> prompts{{1, 2, 3}};
  nn::GenerateOptions o;
  o.max_new_tokens = 10;
  o.temperature = 0;
  const auto greedy = nn::generate(model, prompts, o)[0];
  auto whole = prompts[0];
  for (std::size_t t = 0; t < greedy.ids.size(); ++t) {
    const Tensor z = model.logits(batch_of({whole}));
    const float* last = z.data() + (z.dim(0) - 1) * 61;
    CHECK(std::max_element(last, last + 61) - last == greedy.ids[t]);
    whole.push_back(greedy.ids[t]);
  }
  o.temperature = 0.8;
  o.top_k = 1;
  const auto one = nn::generate(model, prompts, o)[0];
  CHECK(one.ids == greedy.ids);
  for (float lp : one.logprobs) CHECK(lp == 0.0f);
}

TEST_CASE("samples follow the model's distribution") {
  const nn::Transformer model(small(7), 5);
  const std::vector<std::vector<std::int32_t>> prompts(4000, std::vector<std::int32_t>{3, 1});
  nn::GenerateOptions o;
  o.max_new_tokens = 1;
  std::vector<double> share(7, 0.0);
  for (const auto& g : nn::generate(model, prompts, o)) share[static_cast<std::size_t>(g.ids[0])] += 1.0 / 4000;
  const Tensor p = ops::softmax(ops::slice_rows(model.logits(batch_of({prompts[0]})), 1, 2));
  for (std::size_t i = 0; i < 7; ++i) CHECK(share[i] == Approx(p.data()[i]).margin(0.03));  // four standard deviations
}

TEST_CASE("the whole model's gradient agrees with central differences in double") {
  auto config = small(11);
  config.hidden_size = 6;
  config.num_heads = 2;
  nn::BasicTransformer<double> model(config, 7);
  nn::TokenBatch b;
  for (const auto& s : sequences(3, 11)) b.add(s);
  const auto list = parameter_list<double>(model);
  const auto result = gradcheck([&](std::span<const Tensor64> p) { return ops::neg(with_parameters<double>(model, p).logprobs(b)); }, list);
  INFO(result.where);
  CHECK(result.ok);
}

TEST_CASE("a step is the same bytes for any micro-batch and number of threads") {
  const nn::Transformer start(small(), 8);
  const auto items = sequences(7, 61, 5);
  const auto run = [&](std::size_t micro, int threads) {
    set_num_threads(threads);
    nn::Transformer model = start;
    optim::AdamW<float, nn::Transformer> adam(optim::AdamWConfig{});
    for (int k = 0; k < 5; ++k) {
      GradAccumulator<float, nn::Transformer> acc(model);
      for (std::size_t i = 0; i < items.size(); i += micro)
        acc.add([&](const nn::Transformer& m, std::span<const std::vector<std::int32_t>> part) { return terms(m, part, 0.02); },
                std::span(items).subspan(i, std::min(micro, items.size() - i)));
      const auto r = acc.finish();
      adam.step(model, r.grads);
    }
    set_num_threads(0);
    std::vector<float> bytes;
    model.visit([&](const std::string&, const Tensor& t) { bytes.insert(bytes.end(), t.span().begin(), t.span().end()); });
    return bytes;
  };
  const auto whole = run(7, 1);
  CHECK(same_bytes(run(1, 1), whole));
  CHECK(same_bytes(run(2, 2), whole));
  CHECK(same_bytes(run(3, 4), whole));
}

TEST_CASE("training memorises") {
  nn::Transformer model(small(), 9);
  const std::vector<std::vector<std::int32_t>> items{{1, 2, 3, 4, 5, 6}, {7, 2, 9, 4, 11, 6}};
  optim::AdamWConfig config;
  config.learning_rate = 0.01;
  optim::AdamW<float, nn::Transformer> adam(config);
  double last = 0;
  for (int k = 0; k < 150; ++k) {
    const auto r = value_and_grad<float>([&](const nn::Transformer& m) { return terms(m, items, 0.1); }, model);
    last = r.value;
    adam.step(model, r.grads);
  }
  CHECK(last < 0.2);  // the first token after 2 and 4 is known from what came before
  nn::GenerateOptions o;
  o.max_new_tokens = 4;
  o.temperature = 0;
  CHECK(nn::generate(model, {{7, 2}}, o)[0].ids == std::vector<std::int32_t>{9, 4, 11, 6});
}

TEST_CASE("bad input is named") {
  const nn::Transformer model(small(), 1);
  nn::GenerateOptions o;
  o.max_new_tokens = 4;
  CHECK_THROWS_AS(nn::generate(model, {}, o), ValueError);
  CHECK_THROWS_AS(nn::generate(model, {{}}, o), ValueError);
  CHECK_THROWS_AS(nn::generate(model, {{61}}, o), IndexError);
  CHECK_THROWS_AS(nn::generate(model, {std::vector<std::int32_t>(37, 1)}, o), ShapeError);
  o.temperature = -1;
  CHECK_THROWS_AS(nn::generate(model, {{1}}, o), ConfigError);
  CHECK_THROWS_AS(model.logits(nn::TokenBatch{}), ValueError);
  CHECK_THROWS_AS(model.logits(batch_of({{}})), ValueError);
  CHECK_THROWS_AS(model.logits(batch_of({std::vector<std::int32_t>(41, 1)})), ShapeError);
  for (const std::vector<std::int64_t>& offsets : {std::vector<std::int64_t>{}, {0}, {0, 2}, {0, 9}, {1, 3}, {0, 9, 3}}) {  // of three ids
    nn::TokenBatch bad;
    bad.ids = {1, 2, 3}, bad.offsets = offsets;
    CHECK_THROWS_AS(model.logits(bad), Error);
    CHECK_THROWS_AS(model.logprobs(bad), Error);
  }
  CHECK_THROWS_AS(model.logits(batch_of({{1, 61}})), IndexError);
  auto config = small();
  config.num_heads = 5;
  CHECK_THROWS_AS(nn::Transformer(config, 1), ConfigError);
  RunOptions run;
  run.should_stop = [] { return true; };
  o.temperature = 1;
  CHECK_THROWS_AS(nn::generate(model, {{1}}, o, {}, run), Stopped);
}
