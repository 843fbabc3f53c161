#include <cmath>
#include <limits>

#include "tiny.hpp"
#include "tutelage/train/sft.hpp"

using namespace tiny;
using train::SFTConfig;
using train::SFTTrainer;

namespace {

SFTConfig config(std::int64_t micro_batch_size = 0) {
  SFTConfig c;
  c.optimizer.learning_rate = 1e-2;
  c.epochs = 3, c.batch_size = 5, c.micro_batch_size = micro_batch_size, c.warmup_steps = 2;
  return c;
}

template <class E, class F> void refused_unchanged(SFTTrainer& trainer, const F& call) {
  const std::string before = bytes(trainer.model());
  CHECK_THROWS_AS(call(), E);
  CHECK(bytes(trainer.model()) == before);
}

}  // namespace

TEST_CASE("the loss is the mean over answer tokens alone") {
  const auto m = model();
  const auto all = examples(5);
  double sum = 0, count = 0;
  for (const auto& e : all) {
    nn::TokenBatch b;
    b.add(e.ids);
    const Tensor lp = m.logprobs(b);
    for (std::size_t t = 1; t < e.ids.size(); ++t)
      if (e.mask[t]) sum -= static_cast<double>(lp.data()[t - 1]), ++count;
  }
  CHECK(train::sft_loss(m, all) == Approx(sum / count).epsilon(1e-6));
  CHECK(static_cast<double>(train::answer_tokens(all)) == count);
}

TEST_CASE("training lowers the loss to what can be learnt by heart") {
  const auto all = examples(6);
  auto c = config();
  c.epochs = 60;
  SFTTrainer trainer(model(), c);
  const double before = train::sft_loss(trainer.model(), all);
  trainer.train(all);
  CHECK(before > 2.3);
  CHECK(train::sft_loss(trainer.model(), all) < 0.3);
}

TEST_CASE("what comes before an answer or after it is not trained") {
  // One answer token, at place 2: places from 2 on, and tokens that come only there, have no say.
  const text::Example e{{3, 4, 5, 6, 7}, {0, 0, 1, 0, 0}};
  SFTTrainer trainer(model(), config());
  const auto before = trainer.model();
  text::Example other = e;
  other.ids[3] = 9, other.ids[4] = 10;
  CHECK(train::sft_loss(before, std::vector{e}) == train::sft_loss(before, std::vector{other}));
  trainer.step(std::vector{e});
  const Tensor &old_places = before.position_embedding, &places = trainer.model().position_embedding;
  for (std::int64_t i = 0; i < places.size(); ++i) CHECK((places.data()[i] != old_places.data()[i]) == (i / places.dim(1) < 2));
  // A first token marked as answer has nothing before it that could predict it.
  CHECK(train::answer_tokens(std::vector{text::Example{{3, 4}, {1, 0}}}) == 0);
}

TEST_CASE("micro-batches of 1, 2 or all give the same bytes") {
  const auto all = examples(7);
  const auto trained = [&](std::int64_t micro) {
    SFTTrainer trainer(model(), config(micro));
    double losses = 0;
    for (int k = 0; k < 3; ++k) losses += trainer.step(all).loss;
    return bytes(trainer.model()) + std::to_string(losses);
  };
  const auto whole = trained(0);
  for (const std::int64_t micro : {1, 2, 7, 100}) CHECK(trained(micro) == whole);
}

TEST_CASE("threads do not change what is learnt") {
  same_for_any_threads([] {
    SFTTrainer trainer(model(1, 300, 64), config());
    trainer.train(examples(20, 300));
    return bytes(trainer.model());
  });
}

TEST_CASE("the seed orders the examples, the factor scales the step") {
  const auto trained = [&](std::uint64_t seed) {
    auto c = config();
    c.seed = seed;
    SFTTrainer trainer(model(), c);
    trainer.train(examples(12));
    return bytes(trainer.model());
  };
  CHECK(trained(4) == trained(4));
  CHECK(trained(4) != trained(5));
  SFTTrainer trainer(model(), config());
  trainer.step(examples(3), 0.0);
  CHECK(bytes(trainer.model()) == bytes(model()));
}

TEST_CASE("progress is told, a wish to stop is heard between steps") {
  SFTTrainer trainer(model(), config());
  std::vector<std::int64_t> done;
  RunOptions run;
  run.progress = [&](const Progress& p) {
    CHECK(p.total == 9);  // three epochs of three steps
    done.push_back(p.done);
  };
  run.should_stop = [&] { return done.size() == 4; };
  trainer.train(examples(12), run);
  CHECK(done == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("bad examples are refused and change nothing") {
  SFTTrainer trainer(model(), config());
  auto all = examples(12);
  const auto with = [&](text::Example e) {
    auto list = all;
    list.push_back(e);
    return list;
  };
  refused_unchanged<ValueError>(trainer, [&] { trainer.step({}); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.train({}); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.step(std::vector{text::Example{{1, 2}, {0, 0}}}); });
  for (const text::Example& e : {text::Example{{1, 2, 3}, {0, 1}}, {{1, 2}, {0, 1, 1}}}) {
    refused_unchanged<ShapeError>(trainer, [&] { trainer.step(with(e)); });
    refused_unchanged<ShapeError>(trainer, [&] { trainer.train(with(e)); });
    CHECK_THROWS_AS(train::sft_loss(trainer.model(), with(e)), ShapeError);
    CHECK_THROWS_AS(train::sft_terms(trainer.model(), with(e), 1.0), ShapeError);
  }
  for (const std::int32_t id : {-1, 13}) {
    refused_unchanged<IndexError>(trainer, [&] { trainer.step(with({{1, id}, {0, 1}})); });
    refused_unchanged<IndexError>(trainer, [&] { trainer.train(with({{1, id}, {0, 1}})); });
  }
  const text::Example long_one{Ids(25, 1), std::vector<std::uint8_t>(25, 1)};
  refused_unchanged<ShapeError>(trainer, [&] { trainer.step(with(long_one)); });
  refused_unchanged<ShapeError>(trainer, [&] { trainer.train(with(long_one)); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.step(with({})); });
  refused_unchanged<ValueError>(trainer, [&] { trainer.train(with({})); });
  CHECK_THROWS_AS(train::sft_loss(trainer.model(), {}), ValueError);

  auto broken = model();
  broken.norm_gain.mutable_data()[0] = std::numeric_limits<float>::quiet_NaN();
  SFTTrainer lost(broken, config());
  refused_unchanged<NumericError>(lost, [&] { lost.step(all); });
}

TEST_CASE("configurations of fine-tuning out of range are refused") {
  const auto refused = [](auto change) {
    SFTConfig c;
    change(c);
    CHECK_THROWS_AS(SFTTrainer(model(), c), ConfigError);
  };
  refused([](auto& c) { c.epochs = 0; });
  refused([](auto& c) { c.batch_size = 0; });
  refused([](auto& c) { c.micro_batch_size = -1; });
  refused([](auto& c) { c.warmup_steps = -1; });
  refused([](auto& c) { c.optimizer.learning_rate = std::nan(""); });
}
