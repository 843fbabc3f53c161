// Adapters: what they compute, that they alone learn, and that sampling, scoring and recomputing agree to the bit.
#include <cmath>

#include "../architectures.hpp"
#include "../catch.hpp"
#include "decoding.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"

using namespace tutelage;

namespace {

nn::TransformerConfig drawn(std::uint32_t number, std::int64_t vocab, std::int64_t widest) {
  Rng rng(41, Purpose::kUser, number);
  nn::TransformerConfig c;
  c.vocab_size = vocab, c.max_positions = 70;
  c.num_heads = 1 + static_cast<std::int64_t>(rng.below(4));
  c.hidden_size = c.num_heads * (1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(widest))));
  c.num_layers = 1 + static_cast<std::int64_t>(rng.below(3));
  c.intermediate_size = 1 + static_cast<std::int64_t>(rng.below(40));
  c.init_std = 0.4;
  draw_architecture(c, rng);
  return c;
}

/// Every third adapter has all targets; others some, fused or not.
nn::LoraConfig drawn_lora(std::uint32_t number, const nn::TransformerConfig& c) {
  Rng rng(42, Purpose::kUser, number);
  nn::LoraConfig lora;
  lora.rank = 1 + static_cast<std::int64_t>(rng.below(5));
  lora.alpha = 0.5 + static_cast<double>(rng.below(9));
  lora.use_rslora = rng.below(2) == 0;
  lora.seed = number;
  if (number % 3 == 0) return lora;
  const bool fused = rng.below(2) == 0;
  const std::vector<std::string> all =
      fused ? std::vector<std::string>{"qkv", "out", "gate", "up", "down"} : std::vector<std::string>{"v", "k", "q", "out", "gate", "up", "down"};
  for (const auto& name : all)
    if (rng.below(2) && (name != "gate" || c.gated_mlp)) lora.target_modules.push_back(name);
  if (lora.target_modules.empty()) lora.target_modules = {"v"};
  return lora;
}

/// B at random too, so that the adapter does something.
template <class T> nn::BasicTransformer<T> shaken(nn::BasicTransformer<T> model) {
  Rng rng(8, Purpose::kUser);
  model.adapter.visit([&](const std::string&, BasicTensor<T>& t) {
    for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<T>(0.3 * rng.normal());
  });
  return model;
}

double distance(const Tensor64& a, const Tensor64& b) {
  double worst = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]));
  return worst;
}

}  // namespace

TEST_CASE("a fresh adapter changes nothing and shares the weights; merged, a trained one is the same function") {
  for (std::uint32_t number = 0; number < 30; ++number) {
    INFO("case " << number);
    const auto config = drawn(number, 51, 10);
    const auto batch = batch_of({{1, 2, 3, 4, 5, 6, 7, 8, 3, 1}, {4}, {2, 2, 5}});
    const nn::Transformer base(config, number);
    const auto fresh = base.with_lora(drawn_lora(number, config));
    CHECK(same_bytes(fresh.logits(batch).span(), base.logits(batch).span()));
    CHECK(fresh.token_embedding.storage() == base.token_embedding.storage());
    const auto adapted = shaken(fresh);
    CHECK_FALSE(same_bytes(adapted.logits(batch).span(), base.logits(batch).span()));
    CHECK(same_bytes(adapted.without_adapter().logits(batch).span(), base.logits(batch).span()));
    std::int64_t count = base.num_parameters();
    adapted.visit([&](const std::string& name, const Tensor& t) {
      CHECK(name.starts_with("adapter.blocks."));
      count += t.size();
    });
    CHECK(adapted.num_parameters() == count);

    const auto twin = shaken(nn::BasicTransformer<double>(config, number).with_lora(drawn_lora(number, config)));
    const auto merged = twin.merged();
    CHECK(merged.adapter.empty());
    CHECK(distance(merged.logits(batch), twin.logits(batch)) < 1e-10);
    CHECK(distance(merged.logits(batch), twin.without_adapter().logits(batch)) > 1e-3);
  }
}

TEST_CASE("the definition: W x + scale B A x, row by row") {
  nn::TransformerConfig c;
  c.vocab_size = 7, c.hidden_size = 6, c.num_heads = 2, c.num_layers = 1, c.norm = "rms", c.gated_mlp = true, c.num_kv_heads = 1;
  for (const bool rs : {false, true}) {
    nn::LoraConfig lora;
    lora.rank = 4, lora.alpha = 6, lora.use_rslora = rs, lora.target_modules = {"k"};
    CHECK(lora.scale() == (rs ? 3.0 : 1.5));
    const auto adapted = shaken(nn::BasicTransformer<double>(c, 3).with_lora(lora));
    const auto& pair = adapted.adapter.blocks[0].pairs[1];
    const auto &before = adapted.blocks[0].qkv_weight, after = adapted.merged().blocks[0].qkv_weight;
    for (std::int64_t row = 0; row < 12; ++row)  // 6 of queries, 3 of keys, 3 of values
      for (std::int64_t k = 0; k < 6; ++k) {
        double sum = 0;
        for (std::int64_t r = 0; row >= 6 && row < 9 && r < 4; ++r) sum += pair.b.data()[(row - 6) * 4 + r] * pair.a.data()[r * 6 + k];
        CHECK(after.data()[row * 6 + k] == Approx(before.data()[row * 6 + k] + lora.scale() * sum).margin(1e-12));
      }
  }
}

TEST_CASE("an adapter's gradient agrees with central differences, with dropout too, and recomputing gives its bytes") {
  for (std::uint32_t number = 0; number < 30; ++number) {
    auto config = drawn(number, 9, 4);
    config.head_size = std::min<std::int64_t>(config.head_size, 6);
    config.intermediate_size = std::min<std::int64_t>(config.intermediate_size, 7);
    if (config.activation == "relu") config.activation = "silu";  // no kink may be near
    if (config.positions == "rotary" && config.rotary_fraction < 1) config.rotary_fraction = 1;
    if (config.head_width() % 2 || config.head_width() < 4) config.positions = "learned", config.rope_scaling = {};
    auto lora = drawn_lora(number, config);
    lora.dropout = number % 2 ? 0.3 : 0;
    INFO("case " << number);
    const auto model = shaken(nn::BasicTransformer<double>(config, number).with_lora(lora));
    auto batch = batch_of({{1, 2, 3, 4, 5, 6, 7, 8, 3, 1}, {4}, {2, 2, 5}});
    batch.training = nn::TrainingStep{3, 5};
    const auto list = parameter_list<double>(model);
    const auto result =
        gradcheck([&](std::span<const Tensor64> p) { return ops::neg(with_parameters<double>(model, p).logprobs(batch)); }, list, 2e-6, 1e-6);
    INFO(result.where);
    CHECK(result.ok);
    const auto gradient = [&](bool recompute) {
      auto m = model;
      m.recompute_blocks = recompute;
      return value_and_grad<double>([&](const auto& p) { return p.logprobs(batch); }, m);
    };
    const auto plain = gradient(false), recomputed = gradient(true);
    CHECK(plain.value == recomputed.value);
    const auto a = parameter_list<double>(plain.grads), b = parameter_list<double>(recomputed.grads);
    REQUIRE(a.size() == list.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::equal(a[i].span().begin(), a[i].span().end(), b[i].span().begin()));
  }
}

TEST_CASE("adapted models sample what scoring says, bit for bit, in any company and on any threads") {
  for (std::uint32_t number = 0; number < 40; ++number) {
    const auto config = drawn(number, 51, 12);
    const auto model = shaken(nn::Transformer(config, number).with_lora(drawn_lora(number, config)));
    INFO("case " << number);
    const auto prompts = prompts_of(7, 51, 40);
    nn::GenerateOptions o;
    o.max_new_tokens = 25, o.temperature = 0.9, o.seed = number, o.stop_ids = {1, 2};
    const auto answers = nn::generate(model, prompts, o);
    for (const int threads : {1, 2}) {
      set_num_threads(threads);
      o.max_batch = threads == 1 ? 1 : 3;
      const auto again = nn::generate(model, prompts, o);
      for (std::size_t i = 0; i < prompts.size(); ++i) CHECK((again[i].ids == answers[i].ids && same_bytes(again[i].logprobs, answers[i].logprobs)));
      for (std::size_t i = 0; i < prompts.size(); ++i)
        CHECK(same_bytes(answers[i].logprobs,
                         model.logprobs(batch_of({joined(prompts[i], answers[i].ids)}), 0.9).span().subspan(prompts[i].size() - 1)));
    }
    set_num_threads(0);
  }
}

TEST_CASE("a wide adapted model samples what scoring says") {  // many rows, and panels that threads share
  nn::TransformerConfig c;
  c.vocab_size = 300, c.max_positions = 200, c.hidden_size = 192, c.num_layers = 2, c.num_heads = 6, c.num_kv_heads = 2, c.intermediate_size = 500;
  c.norm = "rms", c.positions = "rotary", c.gated_mlp = true, c.activation = "silu", c.qkv_bias = c.out_bias = c.mlp_bias = false, c.init_std = 0.1;
  nn::LoraConfig lora;
  lora.rank = 16;
  const auto model = shaken(nn::Transformer(c, 1).with_lora(lora));
  const auto prompts = prompts_of(12, 300, 150);
  nn::GenerateOptions o;
  o.max_new_tokens = 30;
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    const auto answers = nn::generate(model, prompts, o);
    nn::TokenBatch all;
    for (std::size_t i = 0; i < prompts.size(); ++i) all.add(joined(prompts[i], answers[i].ids));
    const Tensor scored = model.logprobs(all);
    std::size_t at = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      at += prompts[i].size() - 1;
      CHECK(same_bytes(answers[i].logprobs, scored.span().subspan(at, answers[i].ids.size())));
      at += answers[i].ids.size();
    }
  }
  set_num_threads(0);
}

TEST_CASE("dropout: its rate, its scale, only in training, by item and step alone") {
  constexpr std::int64_t tokens = 200, width = 3000;
  ops::Dropout d{0.3, 5, 7, std::vector<std::uint32_t>(tokens, 2), {}};
  for (std::uint32_t t = 0; t < tokens; ++t) d.positions.push_back(t);
  const auto eye = [](std::int64_t n) {
    Tensor t({n, n});
    for (std::int64_t i = 0; i < n; ++i) t.mutable_data()[i * n + i] = 1;
    return t;
  };
  const auto mask = [&](const ops::Dropout& drop, std::uint32_t site) {
    ops::LowRank<float> low{eye(width), eye(width), 0, 1.0, std::make_shared<const ops::Dropout>(drop), site};
    return ops::linear<float>(Tensor::full({tokens, width}, 1.0f), Tensor({width, width}), Tensor(), Activation::kNone, {low});
  };
  const Tensor m = mask(d, 0);
  std::int64_t zeros = 0, rows_alike = 0;
  for (const float x : m.span()) {
    CHECK_FALSE((x != 0 && x != static_cast<float>(1.0 / 0.7)));
    zeros += x == 0;
  }
  const double n = tokens * width;
  CHECK(std::abs(static_cast<double>(zeros) - 0.3 * n) < 5 * std::sqrt(n * 0.21));
  for (std::int64_t t = 0; t + 1 < tokens; ++t)
    rows_alike +=
        same_bytes(m.span().subspan(static_cast<std::size_t>(t * width), width), m.span().subspan(static_cast<std::size_t>((t + 1) * width), width));
  CHECK(rows_alike == 0);
  CHECK(same_bytes(m.span(), mask(d, 0).span()));
  CHECK_FALSE(same_bytes(m.span(), mask(d, 1).span()));
  for (auto* field : {&d.items[100], &d.step}) {
    ++*field;
    CHECK_FALSE(same_bytes(m.span(), mask(d, 0).span()));
    --*field;
  }

  nn::LoraConfig lora;
  lora.dropout = 0.5;
  const auto model = shaken(uneven().with_lora(lora));
  auto batch = batch_of({{1, 2, 3, 4}, {5, 6}});
  const Tensor off = model.logits(batch);
  batch.training = nn::TrainingStep{1, 8};
  const Tensor on = model.logits(batch);
  CHECK_FALSE(same_bytes(on.span(), off.span()));
  auto second = batch_of({{5, 6}});
  second.training = nn::TrainingStep{1, 9};
  CHECK(same_bytes(model.logits(second).span(), on.span().last(2 * 203)));
}

TEST_CASE("bad adapters are refused by name") {
  const auto base = uneven();
  const auto refused = [&](auto&& change, const char* expected) {
    nn::LoraConfig lora;
    change(lora);
    CHECK_THROWS_WITH(base.with_lora(lora), says(expected));
    CHECK_THROWS_AS(base.with_lora(lora), ConfigError);
  };
  refused([](auto& l) { l.rank = 0; }, "rank");
  refused([](auto& l) { l.alpha = NAN; }, "alpha");
  refused([](auto& l) { l.dropout = 1; }, "dropout");
  refused([](auto& l) { l.target_modules = {"q", "query"}; }, "query");
  refused([](auto& l) { l.target_modules = {"q", "q"}; }, "twice");
  refused([](auto& l) { l.target_modules = {"qkv", "v"}; }, "qkv");
  refused([](auto& l) { l.target_modules = {"gate"}; }, "gate");
  auto broken = base.with_lora({});
  broken.adapter.blocks[1].pairs[4].a = Tensor({8, 3});
  CHECK_THROWS_WITH(broken.hidden(batch_of({{1}})), says("adapter.blocks.1.out"));
  CHECK_THROWS_AS(nn::generate(broken, {{1}}, {}), ShapeError);
}
