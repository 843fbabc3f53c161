#include <cmath>
#include <limits>

#include "tiny.hpp"
#include "tutelage/train/dpo.hpp"
#include "tutelage/train/kto.hpp"

using namespace tiny;
using train::DPOConfig;
using train::DPOTrainer;
using train::KTOConfig;
using train::KTOTrainer;
using train::Labelled;
using train::Preference;

namespace {
std::vector<Preference> pairs(std::uint32_t n) {  // the chosen answer ends with 7
  std::vector<Preference> all;
  for (std::uint32_t i = 0; i < n; ++i) {
    Preference p{random_ids(3 * i, 1, 5), random_ids(3 * i + 1, 1, 5), random_ids(3 * i + 2, 1, 6)};
    p.chosen.push_back(7);
    all.push_back(p);
  }
  return all;
}

std::vector<Labelled> labelled(std::uint32_t n) {
  std::vector<Labelled> all;
  for (const auto& p : pairs(n)) {
    all.push_back({p.prompt, p.chosen, true});
    all.push_back({p.prompt, p.rejected, false});
  }
  return all;
}

std::string state_bytes(const train::PreferenceState& s) {
  std::string all = bytes(s.policy) + std::to_string(s.optimizer.step);
  for (const auto* list : {&s.optimizer.m, &s.optimizer.v})
    for (const auto& x : *list) all.append(reinterpret_cast<const char*>(x.data()), static_cast<std::size_t>(x.size()) * 4);
  return digest(all);
}

/// The same bytes for any cut and for a run that is stopped and gone on with; learns; a state's policy with an adapter trains that.
template <class Trainer, class Config, class Items> void check_trainer(const Items& items) {
  Config c;
  c.epochs = 3, c.batch_size = 4, c.seed = 2, c.optimizer.learning_rate = 3e-3, c.schedule = "linear", c.warmup_steps = 2;
  const auto learn = [&](std::int64_t micro, std::int64_t stop) {
    auto own = c;
    own.micro_batch_size = micro;
    Trainer trainer(model(), own);
    if (stop >= 0) {
      std::int64_t done = 0;
      RunOptions run;
      run.progress = [&](const Progress& p) { done = p.done; };
      run.should_stop = [&] { return done == stop; };
      trainer.train(items, run);
      CHECK(trainer.state().position == stop);
      trainer = Trainer(trainer.state(), own);
    }
    trainer.train(items);
    CHECK(trainer.state().position == 0);
    return state_bytes(trainer.state());
  };
  const auto whole = learn(0, -1);
  for (const std::int64_t micro : {1, 3}) CHECK(learn(micro, -1) == whole);
  for (const std::int64_t stop : {0, 1, 5}) CHECK(learn(0, stop) == whole);
  same_for_any_threads([&] { return learn(2, 2); });

  c.epochs = 20;
  Trainer trainer(model(), c);
  const auto before = trainer.evaluate(items);
  trainer.train(items);
  const auto after = trainer.evaluate(items);
  CHECK(after.loss < before.loss - 0.05);
  CHECK(after.rewards_margins > before.rewards_margins + 0.1);

  const auto adapted = model().with_lora({});
  Trainer adapting(adapted, c);
  adapting.train(items);
  CHECK(bytes(adapting.policy()) != bytes(adapted));
  CHECK(bytes(adapting.policy().without_adapter()) == bytes(model()));

  auto broken = model();
  broken.norm_gain.mutable_data()[0] = std::numeric_limits<float>::infinity();
  Trainer spoilt(broken, model(), c);
  const auto was = state_bytes(spoilt.state());
  try {
    spoilt.step(items);
    FAIL("a model with infinity learnt");
  } catch (const NumericError& e) { CHECK(std::string(e.what()).find("norm_gain") != std::string::npos); }
  CHECK(state_bytes(spoilt.state()) == was);
}
}  // namespace

TEST_CASE("DPO learns, to the same bytes for any cut, stop and threads") { check_trainer<DPOTrainer, DPOConfig>(pairs(10)); }
TEST_CASE("KTO learns, to the same bytes for any cut, stop and threads") { check_trainer<KTOTrainer, KTOConfig>(labelled(6)); }

TEST_CASE("a step of DPO is that of train, and its numbers are those before it") {
  const auto p = pairs(6);
  for (const char* type : {"sigmoid", "cdpo", "robust", "hinge", "ipo", "ipo_sum", "simpo", "orpo"}) {
    INFO(type);
    DPOConfig c;
    c.batch_size = 6, c.loss_type = type, c.optimizer.learning_rate = 1e-2;
    DPOTrainer trained(model(), model(2), c), stepped(model(), model(2), c);
    const auto stats = trained.train(p);
    std::vector<Preference> order;
    for (const auto i : train::shuffled(6, 0, 0)) order.push_back(p[static_cast<std::size_t>(i)]);
    const auto expected = stepped.evaluate(order);
    CHECK(stepped.step(order).loss == stats.loss);
    CHECK(expected.loss == stats.loss);
    CHECK(expected.rewards_chosen == stats.rewards_chosen);
    CHECK(bytes(trained.policy()) == bytes(stepped.policy()));
    CHECK(bytes(trained.policy()) != bytes(model()));
  }
}

TEST_CASE("bad preferences and settings are refused, changing nothing") {
  DPOTrainer dpo(model(), DPOConfig());
  CHECK_THROWS_AS(dpo.step({}), ValueError);
  CHECK_THROWS_AS(dpo.step(std::vector<Preference>{{{}, {1}, {2}}}), ValueError);
  CHECK_THROWS_AS(dpo.step(std::vector<Preference>{{{1}, {}, {2}}}), ValueError);
  CHECK_THROWS_AS(dpo.step(std::vector<Preference>{{{1}, {13}, {2}}}), IndexError);
  CHECK_THROWS_AS(dpo.train(std::vector<Preference>{{{1}, Ids(24, 1), {2}}}), ShapeError);
  KTOTrainer kto(model(), KTOConfig());
  CHECK_THROWS_AS(kto.step(std::vector<Labelled>{{{1}, {2}, true}}), ValueError);
  CHECK(bytes(dpo.policy()) == bytes(model()));
  const auto refused = [](auto config, auto change) {
    change(config);
    CHECK_THROWS_AS(config.validate(), ConfigError);
  };
  refused(DPOConfig(), [](auto& c) { c.beta = 0; });
  refused(DPOConfig(), [](auto& c) { c.loss_type = "sigmoidal"; });
  refused(DPOConfig(), [](auto& c) { c.label_smoothing = 0.6; });
  refused(DPOConfig(), [](auto& c) { c.schedule = "step"; });
  refused(DPOConfig(), [](auto& c) { c.loss_type = "hinge", c.label_smoothing = 0.1; });
  refused(KTOConfig(), [](auto& c) { c.batch_size = 1; });
  refused(KTOConfig(), [](auto& c) { c.desirable_weight = -1; });
}

TEST_CASE("KTO takes answers of any length that fits, and its last step is the last that was taken") {
  const std::vector<Labelled> answers{{Ids(20, 1), {2, 3}, true}, {{4}, Ids(20, 5), false}, {{6}, {7}, true}};  // mismatched, some do not fit
  KTOConfig c;
  c.batch_size = 2, c.optimizer.learning_rate = 1e-2;
  KTOTrainer trainer(model(), c);
  CHECK(trainer.train(answers).loss > 0);  // two steps, of two answers and of one
  CHECK(bytes(trainer.policy()) != bytes(model()));
  CHECK_THROWS_AS(trainer.step(std::vector<Labelled>{{Ids(24, 1), {2}, true}, {{4}, {5}, false}}), ShapeError);
}

TEST_CASE("a reference of another vocabulary is refused") {
  CHECK_THROWS_AS(DPOTrainer(model(), model(1, 17), {}), ConfigError);
  CHECK_THROWS_AS(KTOTrainer(train::PreferenceState{model(), {}, {}}, {}), ConfigError);
}
