#include "exchange.hpp"
#include "tutelage/prefs/questions.hpp"
#include "tutelage/reward/report.hpp"
#include "tutelage/train/state_reward.hpp"

using namespace tutelage;

namespace {

using Ids = std::vector<std::int64_t>;

void bind_model(py::module_& m) {
  using B = reward::Behaviours;
  py::class_<B>(m, "Behaviours", "Behaviours end to end: trajectories, fragments of them, or single items with given features.")
      .def(py::init([](const Tensor& inputs, const Ids& offsets) {
             B b{inputs, offsets};
             b.check("Behaviours");
             return b;
           }),
           py::arg("inputs"), py::arg("offsets"),
           "inputs (steps, C): what each step's reward is computed from; behaviour i is steps [offsets[i], offsets[i + 1]).")
      .def_static(
          "items", [](const Tensor& features) { return B::items(features); }, py::arg("features"), "Of one step each: a row of features an item.")
      .def_readonly("inputs", &B::inputs)
      .def_readonly("offsets", &B::offsets)
      .def("__len__", &B::count)
      .def(
          "subset", [](const B& b, const Ids& ids) { return b.subset(ids); }, py::arg("ids"), "Those numbered, in that order.");
  m.def(
      "step_inputs",
      [](const Tensor& states, const Tensor& actions, const Tensor& next_states, const Tensor& dones, bool state, bool action, bool next_state,
         bool done) {
        return reward::step_inputs(states, actions, next_states, dones, {state, action, next_state, done});
      },
      py::arg("states"), py::arg("actions") = Tensor(), py::arg("next_states") = Tensor(), py::arg("dones") = Tensor(), py::arg("state") = true,
      py::arg("action") = true, py::arg("next_state") = false, py::arg("done") = false,
      "The inputs of steps: of states (M, S), actions (M, A), next_states (M, S) and dones (M) those asked for, side by side in this order.");
  using C = reward::StateRewardConfig;
  ConfigClass<C>(m, "StateRewardConfig", "A small network that gives a step its reward, or an ensemble of them.")
      .field("input_size", &C::input_size, "C")
      .field("hidden_sizes", &C::hidden_sizes, "none: linear in the inputs")
      .field("activation", &C::activation, "tanh, relu or silu")
      .field("members", &C::members, "an ensemble where more than one")
      .field("per_step", &C::per_step, "a behaviour counts the mean of its steps' rewards; else their sum")
      .done();
  using M = reward::StateRewardModel;
  py::class_<M>(m, "StateRewardModel", "Rewards of steps by one small network, or by an ensemble that is computed and trained in one batched pass.")
      .def(py::init<const C&, std::uint64_t>(), py::arg("config"), py::arg("seed") = 0)
      .def_readonly("config", &M::config)
      .def_readonly("net", &M::net)
      .def(
          "with_net",
          [](M model, const nn::MLP& net) {
            if (!(net.config == model.net.config))
              detail::fail<ConfigError>("StateRewardModel.with_net", "the net has another shape", "another MLPConfig", "that of model.net");
            model.net = net;
            return model;
          },
          py::arg("net"), "This model with other weights; calibrate it anew.")
      .def_readonly("gain", &M::gain)
      .def_readonly("bias", &M::bias)
      .def(
          "returns", [](const M& model, const B& behaviours) { return model.returns(behaviours); }, py::arg("behaviours"),
          py::call_guard<py::gil_scoped_release>(), "What the members say of each behaviour before gain and bias: (behaviours, members).")
      .def("reward", &M::reward, py::arg("inputs"), py::call_guard<py::gil_scoped_release>(),
           "The reward of each step of inputs (M, C): the mean over members, each normalised first.")
      .def("calibrate", &M::calibrate, py::arg("inputs"), py::call_guard<py::gil_scoped_release>(),
           "Sets gain and bias so that each member's rewards of these steps have mean 0 and variance 1.")
      .def(
          "probabilities", [](const M& model, const B& b, const Ids& first, const Ids& second) { return model.probabilities(b, first, second); },
          py::arg("behaviours"), py::arg("first"), py::arg("second"), py::call_guard<py::gil_scoped_release>(),
          "P(first better than second) of each pair, the members' mean.");
}

void bind_fit(py::module_& m) {
  using C = train::StateRewardFitConfig;
  ConfigClass<C>(m, "StateRewardFitConfig", "How a StateRewardModel is fitted to judgements.")
      .field("epochs", &C::epochs, "")
      .field("batch_size", &C::batch_size, "judgements a step")
      .field("optimizer", &C::optimizer, "an AdamWConfig; max_grad_norm would join the members of an ensemble, hence 0")
      .field("choice_likelihood", &C::choice_likelihood, "bradley_terry, rao_kupper or davidson")
      .field("tie_parameter", &C::tie_parameter, "theta of rao_kupper, nu of davidson")
      .field("ranking_likelihood", &C::ranking_likelihood, "plackett_luce, all_pairs or best_of_n")
      .field("error_form", &C::error_form, "what a choice's error_rate means: mixture, smoothing or unbiased")
      .field("center_coef", &C::center_coef, "")
      .field("bootstrap", &C::bootstrap, "each member of an ensemble weighs a judgement by how often a resample drew it")
      .field("held_out_share", &C::held_out_share, "of judgements; above 0, the weight decay is adapted to their loss")
      .field("ratio_low", &C::ratio_low, "held-out loss / training loss below which the decay falls")
      .field("ratio_high", &C::ratio_high, "and above which it rises")
      .field("decay_step", &C::decay_step, "by this factor")
      .field("least_decay", &C::least_decay, "")
      .field("most_decay", &C::most_decay, "")
      .field("seed", &C::seed, "")
      .done();
  using J = train::BehaviourJudgements;
  py::class_<J>(m, "BehaviourJudgements", "Judgements of behaviours, by number.")
      .def(py::init([](const Ids& first, const Ids& second, const std::vector<double>& probability, const std::vector<double>& weight,
                       const std::vector<double>& error_rate, const std::vector<reward::Ranking>& rankings,
                       const std::vector<double>& ranking_weight) {
             const auto fit = [&](const char* name, std::size_t got, std::size_t n, bool may_be_empty) {
               if (got != n && !(may_be_empty && got == 0))
                 detail::fail<ShapeError>("BehaviourJudgements", std::string(name) + " is not one a judgement", detail::str(got), detail::str(n));
             };
             fit("second", second.size(), first.size(), false);
             fit("probability", probability.size(), first.size(), true);
             fit("weight", weight.size(), first.size(), true);
             fit("error_rate", error_rate.size(), first.size(), true);
             fit("ranking_weight", ranking_weight.size(), rankings.size(), true);
             J j;
             for (std::size_t i = 0; i < first.size(); ++i)
               j.choices.push_back({first[i], second[i], probability.empty() ? 1.0 : probability[i], weight.empty() ? 1.0 : weight[i],
                                    error_rate.empty() ? 0.0 : error_rate[i]});
             for (std::size_t i = 0; i < rankings.size(); ++i) j.rankings.push_back({rankings[i], ranking_weight.empty() ? 1.0 : ranking_weight[i]});
             return j;
           }),
           py::arg("first") = Ids(), py::arg("second") = Ids(), py::arg("probability") = std::vector<double>(),
           py::arg("weight") = std::vector<double>(), py::arg("error_rate") = std::vector<double>(),
           py::arg("rankings") = std::vector<reward::Ranking>(), py::arg("ranking_weight") = std::vector<double>(),
           "Choices: first was preferred to second, with `probability` (default 1; 0.5: a tie), weight (1) and error rate of who judged (0). "
           "rankings: lists of tiers, best first.")
      .def("__len__", &J::count);
  py::class_<train::StateRewardEpoch>(m, "StateRewardEpoch")
      .def_readonly("loss", &train::StateRewardEpoch::loss)
      .def_readonly("held_out_loss", &train::StateRewardEpoch::held_out_loss)
      .def_readonly("weight_decay", &train::StateRewardEpoch::weight_decay);
  py::class_<train::StateRewardFit>(m, "StateRewardFit")
      .def_readonly("epochs", &train::StateRewardFit::epochs)
      .def_readonly("held_out", &train::StateRewardFit::held_out, "Numbers of judgements: choices, then rankings.");
  m.def(
      "fit_state_reward",
      [](reward::StateRewardModel& model, const reward::Behaviours& behaviours, const J& judgements, const C& config, py::object progress,
         py::object should_stop) {
        const auto run = run_options(progress, should_stop);
        auto fitted = model;
        train::StateRewardFit fit;
        {
          py::gil_scoped_release release;
          fit = train::fit_state_reward(fitted, behaviours, judgements, config, run);
        }
        model = std::move(fitted);
        return fit;
      },
      py::arg("model"), py::arg("behaviours"), py::arg("judgements"), py::arg("config") = C(), py::arg("progress") = py::none(),
      py::arg("should_stop") = py::none(),
      "Fits `model`, in place, to judgements of behaviours, all members in one batched pass; then calibrates it.");
  m.def("state_reward_loss", &train::state_reward_loss, py::arg("model"), py::arg("behaviours"), py::arg("judgements"), py::arg("config") = C(),
        py::call_guard<py::gil_scoped_release>(), "Mean loss of judgements under the model, over members.");
}

void bind_report(py::module_& m) {
  using R = reward::RewardReport;
  using A = reward::AnnotatorReport;
  py::class_<reward::ConfidenceBin>(m, "ConfidenceBin")
      .def_readonly("low", &reward::ConfidenceBin::low)
      .def_readonly("high", &reward::ConfidenceBin::high)
      .def_readonly("count", &reward::ConfidenceBin::count)
      .def_readonly("confidence", &reward::ConfidenceBin::confidence)
      .def_readonly("accuracy", &reward::ConfidenceBin::accuracy);
  py::class_<A>(m, "AnnotatorReport", "How far one annotator's answers go with a model's probabilities.")
      .def_readonly("annotator", &A::annotator)
      .def_readonly("judgements", &A::judgements)
      .def_readonly("reliability", &A::reliability)
      .def_readonly("standard_error", &A::standard_error);
  py::class_<R>(m, "RewardReport", "What a reward model is worth on judgements that it was not fitted to.")
      .def_readonly("judgements", &R::judgements)
      .def_readonly("accuracy", &R::accuracy)
      .def_readonly("loss", &R::loss)
      .def_readonly("calibration_error", &R::calibration_error)
      .def_readonly("by_confidence", &R::by_confidence)
      .def_readonly("length_rule", &R::length_rule)
      .def_readonly("annotators", &R::annotators);
  m.def(
      "reward_report",
      [](const std::vector<double>& p, const std::vector<double>& y, const Ids& first, const Ids& second, const Ids& annotators, std::int64_t bins) {
        return reward::reward_report(p, y, first, second, annotators, bins);
      },
      py::arg("probabilities"), py::arg("outcomes"), py::arg("first_lengths") = Ids(), py::arg("second_lengths") = Ids(),
      py::arg("annotators") = Ids(), py::arg("bins") = 10,
      "Accuracy, loss, accuracy by confidence, calibration error, the length rule and annotators' reliability on judgements not fitted to.");
}

void bind_questions(py::module_& m) {
  using C = prefs::QuestionConfig;
  ConfigClass<C>(m, "QuestionConfig", "How the next questions are chosen.")
      .field("acquisition", &C::acquisition, "a name of acquisition(), or random")
      .field("diversity", &C::diversity, "of a batch: none, k_center or determinantal")
      .field("width", &C::width, "of the determinantal kernel")
      .field("random_share", &C::random_share, "of a batch")
      .field("seed", &C::seed, "")
      .done();
  py::class_<prefs::Question>(m, "Question", "Which of two items is better? With the score it was chosen by.")
      .def_readonly("first", &prefs::Question::first)
      .def_readonly("second", &prefs::Question::second)
      .def_readonly("score", &prefs::Question::score)
      .def_readonly("random", &prefs::Question::random);
  using Q = prefs::QuestionChooser;
  py::class_<Q>(m, "QuestionChooser", "Chooses what to ask next; a question that was chosen or answered is never chosen again.")
      .def(py::init<C>(), py::arg("config") = C())
      .def_property_readonly("config", &Q::config)
      .def("know", &Q::know, py::arg("a"), py::arg("b"), "The answer to this question is known.")
      .def("known", &Q::known, py::arg("a"), py::arg("b"))
      .def(
          "choose",
          [](Q& q, const Tensor64& members, const std::vector<std::pair<std::int64_t, std::int64_t>>& candidates, std::int64_t size,
             const Tensor64& features) { return q.choose(members, candidates, size, features); },
          py::arg("members"), py::arg("candidates"), py::arg("size") = 1, py::arg("features") = Tensor64(),
          "At most `size` different open questions of the candidates (pairs of items). members (M, items): what each member of an ensemble says of "
          "each "
          "item, not normalised; features (items, C) where diversity asks for them.");
  m.def("question_schedule", &prefs::question_schedule, py::arg("name"), py::arg("budget"), py::arg("rounds"), py::arg("first_share") = 0.0,
        "How many questions to ask in each round, `budget` in all, exactly: constant, hyperbolic or inverse_quadratic.");
}

}  // namespace

void bind_behaviour(py::module_& m) {
  bind_report(m);
  bind_questions(m);
  bind_model(m);
  bind_fit(m);
}
