#include <cmath>
#include <limits>
#include <numeric>

#include "../catch.hpp"
#include "decoding.hpp"
#include "tutelage/autograd/grad.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/nn/generate.hpp"

using namespace tutelage;

TEST_CASE("long prompts, ragged refills and threads leave every row's bits") {
  for (const std::int64_t layers : {1, 3}) {
    const auto model = uneven(0.3, 203, layers);
    const auto prompts = prompts_of(13, 203, 60);
    nn::GenerateOptions o;
    o.max_new_tokens = 30, o.temperature = 0.7, o.stop_ids = {1, 2, 3, 4, 5, 6}, o.seed = 3;
    const auto together = nn::generate(model, prompts, o);
    std::size_t lengths = 0;
    for (const int threads : {1, 2, 3}) {
      set_num_threads(threads);
      o.max_batch = 4;
      const auto few = nn::generate(model, prompts, o);
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        CHECK(few[i].ids == together[i].ids);
        CHECK(same_bytes(few[i].logprobs, together[i].logprobs));
      }
    }
    set_num_threads(0);
    // One batch of all finished sequences scores each as sampling did.
    std::vector<Ids> whole;
    for (std::size_t i = 0; i < prompts.size(); ++i) whole.push_back(joined(prompts[i], together[i].ids));
    const Tensor scored = model.logprobs(batch_of(whole), 0.7);
    std::size_t at = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const std::size_t n = together[i].ids.size();
      CHECK(same_bytes(together[i].logprobs, scored.span().subspan(at + prompts[i].size() - 1, n)));
      at += whole[i].size() - 1;
      lengths += n != 30;
    }
    CHECK(lengths > 2);  // some did stop early, so that their places were refilled
  }
}

TEST_CASE("the order of prompts does not change their answers") {
  const auto model = uneven();
  auto prompts = prompts_of(7, 203, 20);
  nn::GenerateOptions o;
  o.max_new_tokens = 12, o.temperature = 0, o.max_batch = 3;  // greedy: no random numbers, which go by the prompt's number
  const auto forward = nn::generate(model, prompts, o);
  std::reverse(prompts.begin(), prompts.end());
  const auto backward = nn::generate(model, prompts, o);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(forward[i].ids == backward[6 - i].ids);
    CHECK(same_bytes(forward[i].logprobs, backward[6 - i].logprobs));
  }
}

TEST_CASE("greedy log-probs are scoring's at temperature 1") {
  const auto model = uneven();
  nn::GenerateOptions o;
  o.max_new_tokens = 9, o.temperature = 0;
  const auto answer = nn::generate(model, {{5, 6, 7}}, o)[0];
  CHECK(same_bytes(answer.logprobs, model.logprobs(batch_of({joined({5, 6, 7}, answer.ids)})).span().subspan(2)));
}

TEST_CASE("equal logits go to the lower id") {
  auto model = uneven();
  model.token_embedding = Tensor::full(model.token_embedding.shape(), 0.25f);  // all logits are the same
  nn::GenerateOptions o;
  o.max_new_tokens = 4, o.temperature = 0;
  CHECK(nn::generate(model, {{9}}, o)[0].ids == Ids{0, 0, 0, 0});
  o.temperature = 1, o.top_k = 2, o.max_new_tokens = 60;
  int seen[2] = {0, 0};
  const auto answer = nn::generate(model, {{9}}, o)[0];
  for (const auto id : answer.ids) {
    REQUIRE(id < 2);
    ++seen[id];
  }
  CHECK((seen[0] > 10 && seen[1] > 10));
  for (const float lp : answer.logprobs) CHECK(lp == Approx(std::log(0.5)));
}

TEST_CASE("callbacks see each token once, on the way") {
  const auto model = uneven();
  const auto prompts = prompts_of(5, 203, 8);
  nn::GenerateOptions o;
  o.max_new_tokens = 6, o.max_batch = 2;
  std::vector<Ids> seen(5);
  std::vector<std::int64_t> done;
  RunOptions run;
  run.progress = [&](const Progress& p) {
    CHECK(p.total == 5);
    done.push_back(p.done);
  };
  const auto answers = nn::generate(
      model, prompts, o, [&](std::int64_t prompt, std::int32_t id, float) { seen[static_cast<std::size_t>(prompt)].push_back(id); }, run);
  for (std::size_t i = 0; i < 5; ++i) CHECK(seen[i] == answers[i].ids);
  CHECK(done == std::vector<std::int64_t>{2, 4, 5});
  int polls = 0;
  run.should_stop = [&] { return ++polls > 3; };
  CHECK_THROWS_AS(nn::generate(model, prompts, o, {}, run), Stopped);
  CHECK(polls == 4);
}

TEST_CASE("sampling inside a loss is not recorded") {
  const auto model = uneven();
  nn::GenerateOptions o;
  o.max_new_tokens = 5;
  const auto outside = nn::generate(model, {{1, 2}}, o)[0];
  const auto result = value_and_grad<float>(
      [&](const nn::Transformer& m) {
        const auto before = detail::pool_stats().in_use;
        const auto inside = nn::generate(m, {{1, 2}}, o)[0];
        CHECK(detail::pool_stats().in_use == before);  // a record would hold what the backward pass needs
        CHECK(inside.ids == outside.ids);
        return m.logprobs(batch_of({joined({1, 2}, inside.ids)}));
      },
      model);
  const Tensor scored = model.logprobs(batch_of({joined({1, 2}, outside.ids)}));
  CHECK(result.value == Approx(std::accumulate(scored.span().begin(), scored.span().end(), 0.0)));
}

TEST_CASE("options, ids and parameters out of range are named") {
  const auto model = uneven();
  const auto refused = [&](auto change) {
    nn::GenerateOptions o;
    o.max_new_tokens = 4;
    change(o);
    CHECK_THROWS_AS(nn::generate(model, {{1}}, o), ConfigError);
  };
  refused([](auto& o) { o.max_new_tokens = 0; });
  refused([](auto& o) { o.temperature = std::numeric_limits<double>::quiet_NaN(); });
  refused([](auto& o) { o.temperature = 1e-9; });
  refused([](auto& o) { o.top_k = -1; });
  refused([](auto& o) { o.max_batch = 0; });
  refused([](auto& o) { o.sample = 1u << 24; });
  nn::GenerateOptions o;
  o.max_new_tokens = std::numeric_limits<std::int64_t>::max();
  CHECK_THROWS_AS(nn::generate(model, {{1}}, o), ShapeError);
  o.max_new_tokens = 4;
  CHECK_THROWS_AS(nn::generate(model, {{1}, {-1}}, o), IndexError);
  o.stop_ids = {203};
  CHECK_THROWS_AS(nn::generate(model, {{1}}, o), IndexError);
  o.stop_ids = {};
  auto broken = model;
  broken.blocks[1].down_bias.mutable_data()[3] = std::numeric_limits<float>::quiet_NaN();
  for (const double temperature : {0.0, 1.0}) {
    o.temperature = temperature;
    CHECK_THROWS_AS(nn::generate(broken, {{1}}, o), NumericError);
  }
  auto cut = model;
  cut.blocks.pop_back();
  CHECK_THROWS_AS(nn::generate(cut, {{1}}, o), ShapeError);
}
