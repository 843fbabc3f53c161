#include "casters.hpp"
#include "tutelage/reward/features.hpp"
#include "tutelage/train/linear_reward.hpp"
#include "tutelage/train/reward.hpp"

using namespace tutelage;

namespace {
void bind_linear(py::module_& m) {
  using S = reward::SparseRows;
  py::class_<S>(m, "SparseRows", "A matrix of which only what is not 0 is kept: one row of features a text.")
      .def_static("dense", &S::dense, py::arg("features"), "Of (N, C), such as text_features gives.")
      .def("beside", &S::beside, py::arg("other"), "Both side by side.")
      .def("__len__", &S::rows)
      .def_readonly("width", &S::width);
  using N = reward::NgramConfig;
  ConfigClass<N>(m, "NgramConfig", "What a text is made of, counted without a vocabulary.")
      .field("words", &N::words, "runs of up to so many words; 0: none")
      .field("least_letters", &N::least_letters, "runs of letters inside a word")
      .field("most_letters", &N::most_letters, "0: none")
      .field("lengths", &N::lengths, "two more columns: log(1 + bytes), log(1 + words)")
      .field("bits", &N::bits, "2^bits columns, by a hash")
      .done();
  m.def(
      "ngram_features", [](const std::vector<std::string>& texts, const N& config) { return reward::ngram_features(texts, config); },
      py::arg("texts"), py::arg("config") = N(), py::call_guard<py::gil_scoped_release>(),
      "One row a text: 1 + log(count) of each run of words and of letters.");
  using L = reward::LinearReward;
  py::class_<L>(m, "LinearReward", "score = w . x, or an ensemble of them.")
      .def("score", &L::score, py::arg("rows"), py::call_guard<py::gil_scoped_release>(), "The members' mean of each row, each normalised first.")
      .def("member_scores", &L::member_scores, py::arg("rows"), py::call_guard<py::gil_scoped_release>(), "Each member's scores: members x rows.")
      .def(
          "probabilities",
          [](const L& l, const S& rows, const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) { return l.probabilities(rows, pairs); },
          py::arg("rows"), py::arg("pairs"), py::call_guard<py::gil_scoped_release>(), "P(first better than second) of each pair of row numbers.")
      .def_readonly("width", &L::width)
      .def_readonly("members", &L::members);
  using C = train::LinearRewardConfig;
  ConfigClass<C>(m, "LinearRewardConfig", "Bradley-Terry on features that stay as they are.")
      .field("members", &C::members, "the first sees every pair, each other one its own resample")
      .field("l2", &C::l2, "of several, that with the least loss on held-out pairs")
      .field("held_out_share", &C::held_out_share, "of pairs, to choose l2 by")
      .field("scale_columns", &C::scale_columns, "as if each column had been divided by its standard deviation over rows")
      .field("max_iterations", &C::max_iterations, "Newton steps")
      .field("tolerance", &C::tolerance, "of the gradient's norm, as a share of that at weights 0")
      .field("seed", &C::seed, "")
      .done();
  using F = train::LinearRewardFit;
  py::class_<F>(m, "LinearRewardFit")
      .def_readonly("model", &F::model)
      .def_readonly("l2", &F::l2)
      .def_readonly("held_out_losses", &F::held_out_losses)
      .def_readonly("converged", &F::converged);
  using Places = std::vector<std::pair<std::int64_t, std::int64_t>>;
  m.def(
      "fit_linear_reward",
      [](const S& rows, const Places& pairs, const C& config, const std::vector<double>& probabilities, const std::vector<double>& weights,
         py::object progress, py::object should_stop) {
        for (const auto* list : {&probabilities, &weights})
          if (!list->empty() && list->size() != pairs.size())
            detail::fail<ShapeError>("fit_linear_reward", "not one number a pair", detail::str(list->size()), detail::str(pairs.size()));
        std::vector<train::RowPair> all;
        for (std::size_t i = 0; i < pairs.size(); ++i)
          all.push_back({pairs[i].first, pairs[i].second, probabilities.empty() ? 1.0 : probabilities[i], weights.empty() ? 1.0 : weights[i]});
        const auto run = run_options(progress, should_stop);
        py::gil_scoped_release release;
        return train::fit_linear_reward(rows, all, config, run);
      },
      py::arg("rows"), py::arg("pairs"), py::arg("config") = C(), py::arg("probabilities") = std::vector<double>(),
      py::arg("weights") = std::vector<double>(), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
      "The Bradley-Terry minimum on features: pairs of row numbers (chosen, rejected); probabilities that the first is the better one; weights.");
}
}  // namespace

void bind_reward(py::module_& m) {
  bind_linear(m);
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
      "text_features",
      [](const nn::Transformer& trunk, const Sequences& texts, const F& config) { return reward::text_features(trunk, to_batch(texts), config); },
      py::arg("trunk"), py::arg("texts"), py::arg("config") = F(),
      "One row a text (a list of token ids), (texts, layers * C), to be computed once and kept.", py::call_guard<py::gil_scoped_release>());
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
