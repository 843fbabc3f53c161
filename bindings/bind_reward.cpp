#include "casters.hpp"
#include "tutelage/reward/features.hpp"
#include "tutelage/train/reward.hpp"

using namespace tutelage;

void bind_reward(py::module_& m) {
  using Sequences = std::vector<std::vector<std::int32_t>>;
  py::class_<train::Pair>(m, "Pair", "Two answers to one prompt, whole sequences of token ids; `probability` that the first is the better one.")
      .def(py::init([](std::vector<std::int32_t> chosen, std::vector<std::int32_t> rejected, double probability, double weight) {
             return train::Pair{std::move(chosen), std::move(rejected), probability, weight};
           }),
           py::arg("chosen"), py::arg("rejected"), py::arg("probability") = 1.0, py::arg("weight") = 1.0)
      .def_readonly("chosen", &train::Pair::chosen)
      .def_readonly("rejected", &train::Pair::rejected)
      .def_readonly("probability", &train::Pair::probability)
      .def_readonly("weight", &train::Pair::weight);
  using F = reward::FeatureConfig;
  ConfigClass<F>(m, "FeatureConfig", "What is read off a frozen trunk.")
      .field("layers", &F::layers, "0 (the embedding) to L, put side by side; empty: L / 2 alone")
      .field("pooling", &F::pooling, "mean over a text's tokens, or last: its last token")
      .field("batch_tokens", &F::batch_tokens, "about so many are computed at once; does not change the result")
      .done();
  m.def(
      "text_features", [](const nn::Transformer& trunk, const Sequences& texts, const F& config) { return reward::text_features(trunk, to_batch(texts), config); },
      py::arg("trunk"), py::arg("texts"), py::arg("config") = F(), "One row a text (a list of token ids), (texts, layers * C), to be computed once and kept.",
      py::call_guard<py::gil_scoped_release>());
  using reward::RewardEnsemble;
  py::class_<RewardEnsemble>(m, "RewardEnsemble",
                             "Reward models that saw different resamples of the same judgements; where they differ, nobody knows yet.")
      .def(
          "score", [](const RewardEnsemble& e, const Sequences& s) { return e.score(to_batch(s)); }, py::arg("sequences"),
          "The members' mean score of each sequence of token ids; mean 0 and variance 1 on the pairs it was fitted to.",
          py::call_guard<py::gil_scoped_release>())
      .def(
          "member_scores", [](const RewardEnsemble& e, const Sequences& s) { return e.member_scores(to_batch(s)); }, py::arg("sequences"),
          "Each member's scores: members x sequences.", py::call_guard<py::gil_scoped_release>());
  m.def(
      "fit_ensemble",
      [](const nn::Transformer& trunk, const std::vector<train::Pair>& pairs, std::int64_t members, const train::RewardConfig& config,
         py::object progress, py::object should_stop) {
        const auto run = run_options(progress, should_stop);
        py::gil_scoped_release release;
        return train::fit_ensemble(trunk, pairs, members, config, run);
      },
      py::arg("trunk"), py::arg("pairs"), py::arg("members") = 3, py::arg("config") = train::RewardConfig(), py::arg("progress") = py::none(),
      py::arg("should_stop") = py::none(), "Bradley-Terry reward models from one trunk, each with its own head and its own resample of the pairs.");
  m.def(
      "pair_accuracy", [](const RewardEnsemble& e, const std::vector<train::Pair>& pairs) { return train::pair_accuracy(e, pairs); },
      py::arg("ensemble"), py::arg("pairs"), "Share of pairs whose chosen sequence scores higher; equal scores count one half.",
      py::call_guard<py::gil_scoped_release>());
}
