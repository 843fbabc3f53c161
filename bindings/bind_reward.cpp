#include "checkpoints.hpp"
#include "tutelage/reward/features.hpp"
#include "tutelage/train/alarms.hpp"
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
      .def("member_scores", &L::member_scores, py::arg("rows"), py::call_guard<py::gil_scoped_release>(),
           "Each member's scores, normalised: members x rows.")
      .def("logits", &L::logits, py::arg("rows"), py::call_guard<py::gil_scoped_release>(),
           "w . x of each member, on the scale of the judgements: (members, rows), for acquisition functions.")
      .def(
          "probabilities",
          [](const L& l, const S& rows, const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) { return l.probabilities(rows, pairs); },
          py::arg("rows"), py::arg("pairs"), py::call_guard<py::gil_scoped_release>(), "P(first better than second) of each pair of row numbers.")
      .def_readonly("width", &L::width)
      .def_readonly("members", &L::members)
      .def_property_readonly(
          "weights",
          [](const L& l) {
            return Tensor64::from({l.width, l.members}, l.weights);
          },
          "(width, members)");
  using C = train::LinearRewardConfig;
  ConfigClass<C>(m, "LinearRewardConfig", "Bradley-Terry on features that stay as they are.")
      .field("members", &C::members, "the first is the minimum")
      .field("ensemble", &C::ensemble, "how others differ: resample (of the choices), or posterior (drawn by the covariance, for few columns)")
      .field("l2", &C::l2, "inverse variance of the prior of a weight; of several, that with the least loss on held-out choices")
      .field("held_out_share", &C::held_out_share, "of choices, to choose l2 by")
      .field("scale_columns", &C::scale_columns, "as if each column had been divided by its standard deviation over rows")
      .field("max_iterations", &C::max_iterations, "Newton steps")
      .field("tolerance", &C::tolerance, "of the gradient's norm, as a share of that at weights 0")
      .field("seed", &C::seed, "")
      .done();
  using F = train::LinearRewardFit;
  py::class_<F>(m, "LinearRewardFit")
      .def_readonly("model", &F::model)
      .def_readonly("covariance", &F::covariance, "(C, C) of an ensemble \"posterior\": of the weights, at the minimum (Laplace).")
      .def_readonly("l2", &F::l2)
      .def_readonly("held_out_losses", &F::held_out_losses)
      .def_readonly("converged", &F::converged);
  using Places = std::vector<std::pair<std::int64_t, std::int64_t>>;
  using Numbers = std::vector<double>;
  m.def(
      "fit_linear_reward",
      [](const S& rows, const Places& pairs, const C& config, const Numbers& probabilities, const Numbers& weights, const Numbers& error_rates,
         py::object progress, py::object should_stop) {
        std::vector<train::Choice> choices;
        for (const auto& [first, second] : pairs) choices.push_back({first, second});
        const auto set = [&](double train::Choice::*field, const Numbers& numbers) {
          if (!numbers.empty() && numbers.size() != pairs.size())
            detail::fail<ShapeError>("fit_linear_reward", "not one number a pair", detail::str(numbers.size()), detail::str(pairs.size()));
          for (std::size_t i = 0; i < numbers.size(); ++i) choices[i].*field = numbers[i];
        };
        set(&train::Choice::probability, probabilities);
        set(&train::Choice::weight, weights);
        set(&train::Choice::error_rate, error_rates);
        const auto run = run_options(progress, should_stop);
        py::gil_scoped_release release;
        return train::fit_linear_reward(rows, choices, config, run);
      },
      py::arg("rows"), py::arg("pairs"), py::arg("config") = C(), py::arg("probabilities") = Numbers(), py::arg("weights") = Numbers(),
      py::arg("error_rates") = Numbers(), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
      "The Bradley-Terry minimum on features: pairs of row numbers; of each, the probability that the first is the better one (1), its weight (1) "
      "and "
      "the error rate of who judged (0).");
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
  using reward::RewardModel;
  py::class_<RewardModel>(m, "RewardModel",
                          "A transformer with one output: the score of a sequence is the head at its last token, times gain plus bias.")
      .def(py::init<const nn::Transformer&, std::uint64_t>(), py::arg("trunk"), py::arg("seed") = 0,
           "The trunk starts from a language model, the head from N(0, 1 / sqrt(C + 1)).")
      .def(
          "score", [](const RewardModel& r, const Sequences& s) { return r.score(to_batch(s)); }, py::arg("sequences"),
          "One score a sequence of token ids.", py::call_guard<py::gil_scoped_release>())
      .def(
          "calibrated",
          [](RewardModel r, const Sequences& s) {
            r.calibrate(to_batch(s));
            return r;
          },
          py::arg("sequences"), "This model with gain and bias so that `sequences` score with mean 0 and variance 1.")
      .def_property_readonly("trunk", [](const RewardModel& r) { return r.net.trunk; })
      .def_property_readonly("head_weight", [](const RewardModel& r) { return r.net.head.weight; })
      .def_property_readonly("head_bias", [](const RewardModel& r) { return r.net.head.bias; })
      .def(
          "with_head",
          [](RewardModel r, const Tensor& weight, const Tensor& bias) {
            const auto check = [](const char* name, const Tensor& got, const Tensor& now) {
              if (!(got.shape() == now.shape()))
                detail::fail<ShapeError>("RewardModel.with_head", std::string(name) + " has the wrong shape", got.shape().str(), now.shape().str());
            };
            check("weight", weight, r.net.head.weight), check("bias", bias, r.net.head.bias);
            r.net.head.weight = weight, r.net.head.bias = bias;
            return r;
          },
          py::arg("weight"), py::arg("bias"), "The same trunk with another head: weight (1, C), bias (1).")
      .def(
          "save",
          [](const RewardModel& r, const std::string& folder) {
            io::Checkpoint c;
            io::put(c, "kind", std::string("reward model"));
            io::put(c, "trunk", r.net.trunk), io::put(c, "head", r.net.head), io::put(c, "gain", r.gain), io::put(c, "bias", r.bias);
            io::save_checkpoint(folder, c);
          },
          py::arg("folder"), py::call_guard<py::gil_scoped_release>(), "Writes a checkpoint, whole or not at all.")
      .def_static(
          "load",
          [](const std::string& folder) {
            const auto c = io::load_checkpoint(folder);
            std::string kind;
            io::get(c, "kind", kind);
            if (kind != "reward model") detail::fail<IoError>("RewardModel.load", folder + " holds something else", kind, "reward model");
            RewardModel r;
            io::get(c, "trunk", r.net.trunk), io::get(c, "head", r.net.head), io::get(c, "gain", r.gain), io::get(c, "bias", r.bias);
            return r;
          },
          py::arg("folder"), py::call_guard<py::gil_scoped_release>())
      .def_readwrite("gain", &RewardModel::gain)
      .def_readwrite("bias", &RewardModel::bias);
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

void bind_alarms(py::module_& m) {
  using C = train::AlarmConfig;
  ConfigClass<C>(m, "AlarmConfig", "When to doubt that a learned reward still says what people want.")
      .field("significance", &C::significance, "standard errors by which the learned reward counts as risen, and held-out accuracy as fallen")
      .field("disagreement", &C::disagreement, "times the members' spread at the start")
      .field("same_answer", &C::same_answer, "share of different prompts that get one and the same answer")
      .field("least_prompts", &C::least_prompts, "different ones, for same_answer")
      .field("calibration", &C::calibration, "judgements with a claim by which the learned reward is put on the judges' scale")
      .field("claim_evidence", &C::claim_evidence, "odds at which a claim is given up")
      .field("duel", &C::duel, "a ChampionTestConfig")
      .done();
  using A = train::Alarm;
  py::class_<A>(m, "Alarm", "What speaks against the learned reward.")
      .def_readonly("kind", &A::kind, "duel, claim, accuracy, disagreement or same_answer")
      .def_readonly("iteration", &A::iteration)
      .def_readonly("value", &A::value)
      .def_readonly("limit", &A::limit)
      .def_readonly("message", &A::message)
      .def("__repr__", [](const A& a) { return "Alarm(" + a.kind + ", iteration " + std::to_string(a.iteration) + ": " + a.message + ")"; });
  using W = train::Alarms;
  using Lists = std::vector<std::vector<std::int32_t>>;
  py::class_<W>(m, "Alarms",
                "Watches a loop that follows a learned reward: a duel lost, held-out accuracy that falls, members that disagree, one answer for all.")
      .def(py::init([](const std::optional<C>& config, std::uint64_t seed) { return W(config.value_or(C{}), seed); }), py::arg("config") = py::none(),
           py::arg("seed") = 0)
      .def(
          "observe",
          [](W& w, const std::vector<double>& scores, const std::vector<std::vector<double>>& members, const Lists& prompts, const Lists& responses) {
            return w.observe({scores, members, prompts, responses});
          },
          py::arg("scores"), py::arg("member_scores") = std::vector<std::vector<double>>(), py::arg("prompts") = Lists(),
          py::arg("responses") = Lists(),
          "One iteration: the learned reward of each answer, of each member (members x answers), and the token ids. Returns the alarms it rings; the "
          "first iteration is what later ones are compared with.")
      .def_property_readonly("challenger_first", &W::challenger_first, "Whether the policy's answer is to be shown before the champion's.")
      .def(
          "judged",
          [](W& w, const std::string& answer, std::optional<double> claim, std::optional<double> error_rate) {
            const auto kind = prefs::kind_named(answer);
            if (!kind) detail::fail<ValueError>("Alarms.judged", "unknown answer", answer, "a, b, tie or skip");
            const auto v = w.judged(*kind, claim, error_rate);
            return v == prefs::ChampionVerdict::kReplace ? "replace" : v == prefs::ChampionVerdict::kKeep ? "keep" : "undecided";
          },
          py::arg("answer"), py::arg("claim") = py::none(), py::arg("error_rate") = py::none(),
          "'a' for what was shown first, 'b', 'tie' or 'skip'; claim: the learned reward of the policy's answer minus the champion's. 'replace': the "
          "policy of now is the champion from here on, and a new duel begins.")
      .def("held_out", &W::held_out, py::arg("right"), py::arg("total"),
           "Judgements not fitted to that the learned reward orders rightly, and how many.")
      .def_property_readonly("iterations", &W::iterations);
}
