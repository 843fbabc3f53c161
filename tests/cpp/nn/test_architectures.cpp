// What must hold for every architecture that a configuration can ask for.
#include <cmath>
#include <set>

#include "../architectures.hpp"
#include "../catch.hpp"
#include "decoding.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/nn/generate.hpp"

using namespace tutelage;

namespace {

nn::TransformerConfig drawn(std::uint32_t number, std::int64_t vocab = 51, std::int64_t widest = 12) {
  Rng rng(31, Purpose::kUser, number);
  nn::TransformerConfig c;
  c.vocab_size = vocab, c.max_positions = 70;
  c.num_heads = 1 + static_cast<std::int64_t>(rng.below(6));
  c.hidden_size = c.num_heads * (1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(widest))));
  c.num_layers = 1 + static_cast<std::int64_t>(rng.below(3));
  c.intermediate_size = 1 + static_cast<std::int64_t>(rng.below(60));
  c.init_std = 0.4;
  draw_architecture(c, rng);
  return c;
}

/// Biases and gains at random too.
template <class T> void shake(nn::BasicTransformer<T>& model) {
  Rng rng(8, Purpose::kUser);
  model.visit([&](const std::string& name, BasicTensor<T>& t) {
    if (!name.ends_with("gain") && !name.ends_with("bias")) return;
    for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = t.data()[i] + static_cast<T>(0.2 * rng.normal());
  });
}

}  // namespace

TEST_CASE("every architecture samples what scoring says, bit for bit, in any company") {
  for (std::uint32_t number = 0; number < 40; ++number) {
    nn::Transformer model(drawn(number), number);
    shake(model);
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
    }
    set_num_threads(0);
    for (std::size_t i = 0; i < prompts.size(); ++i)
      CHECK(
          same_bytes(answers[i].logprobs, model.logprobs(batch_of({joined(prompts[i], answers[i].ids)}), 0.9).span().subspan(prompts[i].size() - 1)));
  }
}

TEST_CASE("every architecture's gradient agrees with central differences, and recomputing gives its bytes") {
  std::set<std::string> seen;
  for (std::uint32_t number = 0; number < 24; ++number) {
    auto config = drawn(number, 9, 5);
    config.head_size = std::min<std::int64_t>(config.head_size, 6);
    config.intermediate_size = std::min<std::int64_t>(config.intermediate_size, 7);
    if (config.activation == "relu") config.activation = "silu";  // no kink may be near
    if (config.positions == "rotary" && config.rotary_fraction < 1) config.rotary_fraction = 1;
    if (config.head_width() % 2 || config.head_width() < 4) config.positions = "learned", config.rope_scaling = {};
    INFO("case " << number);
    nn::BasicTransformer<double> model(config, number);
    shake(model);
    model.visit([&](const std::string& name, const Tensor64&) { seen.insert(name.substr(name.rfind('.') + 1)); });
    const auto batch = batch_of({{1, 2, 3, 4, 5, 6, 7, 8, 3, 1}, {4}, {2, 2, 5}});
    const auto list = parameter_list<double>(model);
    const auto of = [&](const nn::BasicTransformer<double>& m) {
      return gradcheck([&](std::span<const Tensor64> p) { return ops::neg(with_parameters<double>(m, p).logprobs(batch)); }, list, 1e-5, 1e-6);
    };
    const auto result = of(model);
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
  CHECK(seen.size() == 21);  // every parameter there is was there once
}

TEST_CASE("a window hides what is before it, layer by layer") {
  nn::TransformerConfig c;
  c.vocab_size = 30, c.max_positions = 60, c.hidden_size = 16, c.num_heads = 2, c.num_layers = 2, c.init_std = 0.5, c.positions = "rotary";
  c.sliding_window = 4;
  std::vector<std::int32_t> ids(40, 5), other = ids;
  for (std::size_t i = 0; i < ids.size(); ++i) other[i] = ids[i] = static_cast<std::int32_t>(i * 7 % 30);
  other[10] = 3;
  const auto reach = [&] {  // the last row that token 10 changes
    const nn::Transformer model(c, 4);
    const Tensor a = model.hidden(batch_of({ids})), b = model.hidden(batch_of({other}));
    std::int64_t last = -1;
    for (std::int64_t i = 0; i < a.size(); ++i)
      if (a.data()[i] != b.data()[i]) last = i / 16;
    return last;
  };
  CHECK(reach() == 10 + 3 + 3);
  c.sliding_layers = {1, 0};
  CHECK(reach() == 39);
  c.sliding_layers = {0, 0};
  CHECK(reach() == 39);
  c.sliding_layers = {}, c.sliding_window = 40;
  const nn::Transformer wide(c, 4);
  c.sliding_window = 0;
  CHECK(same_bytes(wide.logits(batch_of({ids})).span(), nn::Transformer(c, 4).logits(batch_of({ids})).span()));
}

TEST_CASE("rotary positions are relative, scalings change them, and dynamic scaling does so only beyond its length") {
  nn::TransformerConfig c;
  c.vocab_size = 30, c.max_positions = 60, c.hidden_size = 16, c.num_heads = 1, c.num_layers = 1, c.init_std = 0.5, c.positions = "rotary";
  const std::vector<std::int32_t> ids{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto last = [&](const nn::TransformerConfig& config, std::size_t n) {
    const Tensor z = nn::Transformer(config, 3).logits(batch_of({{ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n)}}));
    return std::vector<float>(z.span().end() - 30, z.span().end());
  };
  const auto base = last(c, 12);
  for (const char* type : {"linear", "dynamic", "yarn", "llama3"}) {
    INFO(type);
    auto scaled = c;
    scaled.rope_scaling.type = type, scaled.rope_scaling.factor = 4, scaled.rope_scaling.original_max_positions = 8;
    CHECK(last(scaled, 12) != base);
    if (type == std::string("dynamic")) CHECK(last(scaled, 8) == last(c, 8));
  }
  // The same tokens further on: a window of 3 sees the same distances.
  c.sliding_window = 3;
  const nn::Transformer model(c, 3);
  const Tensor z = model.logits(batch_of({{9, 1, 2, 3, 4, 4, 4, 1, 2, 3}}));
  for (std::int64_t v = 0; v < 30; ++v) CHECK(z.data()[3 * 30 + v] == Approx(z.data()[9 * 30 + v]).margin(1e-4));
}

TEST_CASE("architectures that make no sense are named") {
  const auto refused = [](auto change, const std::string& what) {
    nn::TransformerConfig c;
    c.vocab_size = 30, c.num_heads = 4, c.hidden_size = 24, c.positions = "rotary";
    change(c);
    std::string message = "none";
    try {
      c.validate();
    } catch (const ConfigError& e) { message = e.what(); }
    INFO(message);
    CHECK(message.find(what) != std::string::npos);
  };
  refused([](auto& c) { c.num_kv_heads = 3; }, "num_kv_heads is out of range: got 3, expected 0 (num_heads) or a divisor of num_heads 4");
  refused([](auto& c) { c.num_kv_heads = 8; }, "num_kv_heads");
  refused([](auto& c) { c.num_kv_heads = -1; }, "num_kv_heads");
  refused([](auto& c) { c.num_heads = 5; }, "num_heads");
  refused([](auto& c) { c.num_heads = 0, c.head_size = 8; }, "num_heads");
  refused([](auto& c) { c.head_size = -2; }, "head_size");
  refused([](auto& c) { c.head_size = 7; }, "rotary_fraction");
  refused([](auto& c) { c.norm = "batch"; }, "norm is unknown: got batch, expected one of layer, rms");
  refused([](auto& c) { c.positions = "alibi"; }, "positions is unknown");
  refused([](auto& c) { c.activation = "swish"; }, "activation is unknown");
  for (const double bad : {0.0, -1.0, 1.5, std::nan("")}) refused([&](auto& c) { c.rotary_fraction = bad; }, "rotary_fraction");
  for (const double bad : {0.0, 1.0, -5.0, std::nan("")}) refused([&](auto& c) { c.rope_theta = bad; }, "rope_theta");
  refused([](auto& c) { c.rope_scaling.type = "longrope"; }, "rope_scaling.type is unknown: got longrope");
  refused([](auto& c) { c.rope_scaling.type = "linear", c.rope_scaling.factor = 0.5; }, "rope_scaling.factor");
  refused([](auto& c) { c.rope_scaling.type = "llama3", c.rope_scaling.high_freq_factor = 1; }, "high_freq_factor");
  refused([](auto& c) { c.rope_scaling.type = "yarn", c.rope_scaling.beta_slow = 40; }, "beta_fast");
  refused([](auto& c) { c.rope_scaling.type = "dynamic", c.rotary_fraction = 0.4; }, "dynamic");
  refused([](auto& c) { c.positions = "learned", c.rope_scaling.type = "linear"; }, "rope_scaling needs rotary positions");
  refused([](auto& c) { c.sliding_window = -1; }, "sliding_window");
  refused([](auto& c) { c.sliding_layers = {1, 0}; }, "sliding_layers is not one a layer");
}
