// What is drawn, beside a plain reference in double; and that sharing work changes no answer.
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "../catch.hpp"
#include "decoding.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"

using namespace tutelage;

namespace {

struct Drawn {
  int id;
  double logprob;
};

/// Hugging Face's order and definitions: repetition penalty, temperature, top-k, min-p; then the draw by rising ids.
Drawn reference(std::vector<double> z, const Ids& before, const nn::GenerateOptions& o, double u) {
  std::vector<bool> seen(z.size(), false);
  for (const auto id : before) seen[static_cast<std::size_t>(id)] = true;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (seen[i]) z[i] = z[i] < 0 ? z[i] * o.repetition_penalty : z[i] / o.repetition_penalty;
  std::vector<std::size_t> order(z.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return z[a] > z[b]; });
  const double best = z[order[0]], temperature = o.temperature > 0 ? o.temperature : 1;
  const auto weight = [&](std::size_t i) { return std::exp((z[i] - best) / temperature); };
  if (o.temperature > 0) {
    if (o.top_k > 0 && static_cast<std::size_t>(o.top_k) < z.size()) order.resize(static_cast<std::size_t>(o.top_k));
    order.erase(std::remove_if(order.begin(), order.end(), [&](auto i) { return weight(i) < o.min_p; }), order.end());
  }
  double total = 0, sum = 0;
  for (const auto i : order) total += weight(i);
  std::size_t pick = order[0];
  if (o.temperature > 0) {
    std::sort(order.begin(), order.end());
    for (std::size_t k = 0; sum <= u * total && k < order.size(); ++k) sum += weight(pick = order[k]);
  }
  return {static_cast<int>(pick), std::log(weight(pick) / total)};
}

void check_draws(const nn::Transformer& model, const std::vector<Ids>& prompts, const nn::GenerateOptions& o) {
  const auto answers = nn::generate(model, prompts, o);
  const auto n = static_cast<std::size_t>(o.num_samples);
  REQUIRE(answers.size() == prompts.size() * n);
  for (std::size_t a = 0; a < answers.size(); ++a) {
    auto ids = prompts[a / n];
    for (std::size_t t = 0; t < answers[a].ids.size(); ++t) {
      const auto item = o.first_item + (o.seeds.empty() ? static_cast<std::uint32_t>(a / n) : 0);
      Rng rng(o.seeds.empty() ? o.seed : o.seeds[a / n], Purpose::kSample, item, o.step, o.sample + static_cast<std::uint32_t>(a % n),
              static_cast<std::uint32_t>(t));
      const auto expected = reference(last_logits(model, ids), ids, o, rng.uniform());
      REQUIRE(answers[a].ids[t] == expected.id);
      CHECK(answers[a].logprobs[t] == Approx(expected.logprob).margin(3e-5));
      ids.push_back(answers[a].ids[t]);
    }
  }
}

/// A few beginnings of several lengths, and prompts that go on from them or are the same.
std::vector<Ids> related_prompts() {
  Rng rng(5, Purpose::kUser);
  const auto more = [&](Ids ids, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) ids.push_back(static_cast<std::int32_t>(rng.below(203)));
    return ids;
  };
  std::vector<Ids> all;
  for (const std::uint64_t n : {1, 2, 20, 40}) {
    const auto beginning = more({}, n);
    for (const std::uint64_t rest : {0, 0, 1, 3, 12}) all.push_back(more(beginning, rest));
  }
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[rng.below(i)]);
  return all;
}

}  // namespace

TEST_CASE("each draw is the written one: penalty, top-k and min-p as Hugging Face has them, cumulative weights by rising ids") {
  for (const std::int64_t vocab : {203, 700})
    for (const double init_std : {0.02, 0.8}) {  // nearly flat and peaked
      const auto model = uneven(init_std, vocab);
      const auto prompts = prompts_of(5, static_cast<std::uint64_t>(vocab), 5);
      for (const double temperature : {0.7, 1.3, 0.0})
        for (const std::int64_t top_k : {0, 1, 33, 203})
          for (const double min_p : {0.0, 0.05, 0.97, 1.0})
            for (const double penalty : {1.0, 1.7, 0.6}) {
              nn::GenerateOptions o;
              o.max_new_tokens = 3, o.temperature = temperature, o.seed = 21, o.first_item = 100, o.step = 5, o.sample = 2, o.num_samples = 2;
              o.top_k = top_k, o.min_p = min_p, o.repetition_penalty = penalty;
              INFO(vocab << " " << init_std << " " << temperature << " " << top_k << " " << min_p << " " << penalty);
              check_draws(model, prompts, o);
            }
    }
}

TEST_CASE("a repetition penalty keeps greedy answers from repeating, whatever the signs") {
  const auto model = uneven(0.8);
  nn::GenerateOptions o;
  o.max_new_tokens = 30, o.temperature = 0, o.repetition_penalty = 1e6;
  for (const auto& g : nn::generate(model, prompts_of(4, 203, 3), o)) {
    auto ids = g.ids;
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  }
}

TEST_CASE("what sequences share is computed once, and no answer changes") {
  const auto model = uneven();
  const auto prompts = related_prompts();
  nn::GenerateOptions o;
  o.max_new_tokens = 9, o.temperature = 0.9, o.seed = 8, o.sample = 4, o.num_samples = 3, o.stop_ids = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const double penalty : {1.0, 1.2}) {
    o.repetition_penalty = penalty, o.num_samples = 3, o.sample = 4, o.first_item = 0, o.max_batch = 32;
    auto together = nn::generate(model, prompts, o);
    for (const std::int64_t max_batch : {1, 2, 5, 100})
      for (const int threads : {1, 3}) {
        set_num_threads(threads);
        o.max_batch = max_batch;
        const auto again = nn::generate(model, prompts, o);
        for (std::size_t a = 0; a < again.size(); ++a) {
          CHECK(again[a].ids == together[a].ids);
          CHECK(same_bytes(again[a].logprobs, together[a].logprobs));
        }
      }
    set_num_threads(0);
    o.num_samples = 1, o.max_batch = 1;
    for (std::size_t a = 0; a < together.size(); ++a) {
      o.first_item = static_cast<std::uint32_t>(a / 3), o.sample = 4 + static_cast<std::uint32_t>(a % 3);
      const auto alone = nn::generate(model, {prompts[a / 3]}, o)[0];
      CHECK(alone.ids == together[a].ids);
      CHECK(same_bytes(alone.logprobs, together[a].logprobs));
    }
  }
}

TEST_CASE("a prompt is fed once for all its samples") {
  nn::TransformerConfig c;
  c.vocab_size = 11, c.max_positions = 3100, c.hidden_size = 8, c.num_layers = 1, c.num_heads = 1;
  const nn::Transformer model(c, 1);
  const Ids prompt(3000, 4);  // long enough to take several steps
  nn::GenerateOptions o;
  o.max_new_tokens = 5;
  int steps = 0;
  RunOptions run;
  run.should_stop = [&] { return ++steps < 0; };
  const auto count = [&](std::int64_t num_samples, std::int64_t max_batch) {
    o.num_samples = num_samples, o.max_batch = max_batch, steps = 0;
    nn::generate(model, {prompt}, o, {}, run);
    return steps;
  };
  const int one = count(1, 1);
  CHECK(one > 8);
  CHECK(count(4, 1) == one + 3 * 5);  // the other samples begin at the prompt's last token
  CHECK(count(4, 4) == one + 1);      // they wait for the prompt, then go on together
  CHECK(count(3, 2) == one + 5);
}

TEST_CASE("a request with its own seed has the same answer wherever it stands") {
  const auto model = uneven();
  const auto prompts = prompts_of(6, 203, 8);
  nn::GenerateOptions o;
  o.max_new_tokens = 10, o.max_batch = 4, o.num_samples = 2, o.first_item = 7;
  o.seeds = {3, 3, 50, std::uint64_t{1} << 60, 0, 9};
  check_draws(model, prompts, o);
  const auto all = nn::generate(model, prompts, o);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    auto alone = o;
    alone.seeds = {}, alone.seed = o.seeds[i];
    const auto answers = nn::generate(model, {prompts[i]}, alone);
    for (std::size_t s = 0; s < 2; ++s) CHECK(answers[s].ids == all[2 * i + s].ids);
    CHECK(answers[0].ids != answers[1].ids);
  }
  o.seeds.pop_back();
  CHECK_THROWS_AS(nn::generate(model, prompts, o), ShapeError);
}

TEST_CASE("another thread's flag stops a call, and a callback's error ends it") {
  const auto model = uneven();
  nn::GenerateOptions o;
  o.num_samples = 20000;
  std::atomic<bool> begun{false}, stop{false};
  RunOptions run;
  run.should_stop = [&] { return stop.load(); };
  std::thread other([&] {
    while (!begun) std::this_thread::yield();
    stop = true;
  });
  std::int64_t tokens = 0;
  const auto on_token = [&](std::int64_t, std::int32_t, float) {
    begun = true;
    ++tokens;
  };
  CHECK_THROWS_AS(nn::generate(model, {{1, 2}}, o, on_token, run), Stopped);
  other.join();
  CHECK((tokens > 0 && tokens < 20000 * 64));
  o.num_samples = 2;
  CHECK_THROWS_AS(nn::generate(model, {{1, 2}}, o, [](std::int64_t, std::int32_t, float) { throw std::runtime_error("mine"); }), std::runtime_error);
  CHECK(nn::generate(model, {{1, 2}}, o).size() == 2);
}

TEST_CASE("callbacks name the answer") {
  const auto model = uneven();
  nn::GenerateOptions o;
  o.max_new_tokens = 6, o.max_batch = 3, o.num_samples = 2;
  std::vector<Ids> seen(10);
  const auto answers = nn::generate(model, prompts_of(5, 203, 8), o,
                                    [&](std::int64_t answer, std::int32_t id, float) { seen[static_cast<std::size_t>(answer)].push_back(id); });
  for (std::size_t a = 0; a < 10; ++a) CHECK(seen[a] == answers[a].ids);
}

TEST_CASE("sampling options out of range are named") {
  const auto model = uneven();
  const auto refused = [&](auto change) {
    nn::GenerateOptions o;
    o.max_new_tokens = 4;
    change(o);
    CHECK_THROWS_AS(nn::generate(model, {{1}}, o), ConfigError);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-0.1, 1.1, nan}) refused([&](auto& o) { o.min_p = bad; });
  for (const double bad : {0.0, -1.0, 1e9, nan}) refused([&](auto& o) { o.repetition_penalty = bad; });
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, (std::int64_t{1} << 24) + 1}) refused([&](auto& o) { o.num_samples = bad; });
  refused([](auto& o) { o.sample = (1u << 24) - 1, o.num_samples = 2; });
  auto odd = model;
  odd.blocks[1].up_bias = Tensor({49});
  CHECK_THROWS_AS(nn::generate(odd, {{1}}, {}), ShapeError);
  odd = model;
  odd.config.num_heads = 3;
  CHECK_THROWS_AS(nn::generate(odd, {{1}}, {}), ConfigError);
  odd = model;
  odd.head_weight = odd.token_embedding;  // its config says that embeddings are tied
  CHECK_THROWS_AS(nn::generate(odd, {{1}}, {}), ShapeError);
}
