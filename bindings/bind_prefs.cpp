#include "casters.hpp"
#include "tutelage/prefs/annotator.hpp"
#include "tutelage/prefs/champion.hpp"
#include "tutelage/prefs/strengths.hpp"

using namespace tutelage;

namespace {

using Ids = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

// Lists of one length each; `first`: 1 where the winner was shown first, 0 where second; empty: unknown. Checked by prefs.py.
std::vector<prefs::Comparison> comparisons(const Ids& winners, const Ids& losers, const Numbers& weights, const Ids& first) {
  std::vector<prefs::Comparison> out;
  for (std::size_t i = 0; i < winners.size(); ++i) {
    prefs::Comparison c{winners.at(i), losers.at(i)};
    if (!weights.empty()) c.weight = weights.at(i);
    if (!first.empty()) c.side = first.at(i) ? prefs::Side::kFirst : prefs::Side::kSecond;
    out.push_back(c);
  }
  return out;
}

void bind_strengths(py::module_& m) {
  ConfigClass<prefs::AnnotatorFitConfig>(m, "AnnotatorFitConfig", "How fit_annotators fits.")
      .field("l2", &prefs::AnnotatorFitConfig::l2, "Of the strengths.")
      .field("prior_right", &prefs::AnnotatorFitConfig::prior_right, "Beta prior of a reliability, its honest side.")
      .field("prior_wrong", &prefs::AnnotatorFitConfig::prior_wrong, "Its other side, the smaller.")
      .field("start", &prefs::AnnotatorFitConfig::start, "Reliability at the start.")
      .field("one_sided_answers", &prefs::AnnotatorFitConfig::one_sided_answers, "Who gave so many, all to one side, is left out; 0: nobody is.")
      .field("max_iterations", &prefs::AnnotatorFitConfig::max_iterations, "Most iterations.")
      .field("tolerance", &prefs::AnnotatorFitConfig::tolerance, "Largest change of a strength or reliability at the end.")
      .done();
  py::module_ f = m.attr("formulas");
  f.def("fit_strengths", [](const Ids& winners, const Ids& losers, const Numbers& weights, std::int64_t n_items, double l2) {
    return prefs::fit_strengths(comparisons(winners, losers, weights, {}), n_items, l2);
  });
  f.def("fit_annotators", [](const Ids& winners, const Ids& losers, const Numbers& weights, const Ids& first, const Ids& annotators,
                             std::int64_t n_items, const prefs::AnnotatorFitConfig& config) {
    const auto fit = prefs::fit_annotators(comparisons(winners, losers, weights, first), annotators, n_items, config);
    return py::make_tuple(fit.strengths, fit.reliability, fit.left_out, fit.iterations, fit.converged, fit.objective);
  });
  f.def("calibrate_beta",
        [](const Numbers& differences, double right, double error_rate) { return prefs::calibrate_beta(differences, right, error_rate); });
}

void bind_annotator(py::module_& m) {
  using C = prefs::SimulatedAnnotatorConfig;
  ConfigClass<C>(m, "SimulatedAnnotatorConfig", "A person made of a formula (B-Pref, arXiv 2111.03026).")
      .field("beta", &C::beta, "P(first) = sigma(beta (R_1 - R_2)); 0 or less: always the higher.")
      .field("error_rate", &C::error_rate, "Chance that a choice is turned round at the end.")
      .field("skip_below", &C::skip_below, "Skips where both returns are below it; after scale_to in standard deviations from the mean.")
      .field("equal_within", &C::equal_within, "A tie where returns differ by less; after scale_to in standard deviations.")
      .field("gamma", &C::gamma, "Short sight: R = sum over t = 1..H of gamma^(H - t) r_t.")
      .field("per_step", &C::per_step, "R divided by the sum of its weights, for segments of unequal length.")
      .field("position_bias", &C::position_bias, "Chance of taking what is shown first without looking.")
      .field("drift", &C::drift, "Added to error_rate with each answer given.")
      .field("behaviour", &C::behaviour, "honest; contrary: prefers the lower; random: a coin.")
      .done();
  using A = prefs::SimulatedAnnotator;
  py::class_<A>(m, "SimulatedAnnotator", "In B-Pref's order: skip, tie, short sight, rational choice, mistake; then the biases of the config.")
      .def(py::init([](const std::optional<C>& config, std::uint64_t seed) { return A(config.value_or(C{}), seed); }), py::arg("config") = py::none(),
           py::arg("seed") = 0)
      .def(
          "scale_to", [](A& a, const Numbers& returns) { a.scale_to(returns); }, py::arg("returns"),
          "Thresholds count from now on in standard deviations of these returns, from their mean.")
      .def(
          "seen_return", [](const A& a, const Numbers& rewards) { return a.seen_return(rewards); }, py::arg("rewards"))
      .def(
          "answer",
          [](const A& a, double first, double second, std::uint32_t item, std::uint32_t step) {
            return prefs::name(a.answer(first, second, item, step));
          },
          py::arg("first"), py::arg("second"), py::arg("item") = 0, py::arg("step") = 0)
      .def(
          "answer",
          [](const A& a, const Numbers& first, const Numbers& second, std::uint32_t item, std::uint32_t step) {
            return prefs::name(a.answer(std::span<const double>(first), std::span<const double>(second), item, step));
          },
          py::arg("first"), py::arg("second"), py::arg("item") = 0, py::arg("step") = 0,
          "'a' for the first, 'b', 'tie' or 'skip', of two returns or two segments' rewards. Depends on (seed, item, step) and the question alone.")
      .def_property_readonly("config", &A::config);
}

void bind_champion(py::module_& m) {
  using C = prefs::ChampionTestConfig;
  ConfigClass<C>(m, "ChampionTestConfig", "Error bounds of a ChampionTest.")
      .field("alpha", &C::alpha, "Chance, at most, to replace a champion who is no worse.")
      .field("give_up", &C::give_up, "Chance, at most, to send away a challenger who is no worse.")
      .field("error_rate", &C::error_rate, "Share of judgements that are turned round by mistake.")
      .field("max_judgements", &C::max_judgements, "Then the champion stays.")
      .done();
  using A = prefs::ChampionTest;
  const auto verdict = [](prefs::ChampionVerdict v) {
    return v == prefs::ChampionVerdict::kReplace ? "replace" : v == prefs::ChampionVerdict::kKeep ? "keep" : "undecided";
  };
  py::class_<A>(m, "ChampionTest", "A challenger against the best so far, by a sequential test with bounded errors; it may be looked at at any time.")
      .def(py::init([](const std::optional<C>& config, std::uint64_t seed) { return A(config.value_or(C{}), seed); }), py::arg("config") = py::none(),
           py::arg("seed") = 0)
      .def_property_readonly("challenger_first", &A::challenger_first, "Whether the challenger is to be shown first in the next question.")
      .def(
          "add",
          [verdict](A& a, const std::string& answer, std::optional<double> error_rate) {
            if (const auto kind = prefs::kind_named(answer)) return verdict(a.add(*kind, error_rate));
            detail::fail<ValueError>("ChampionTest.add", "unknown answer", answer, "a, b, tie or skip");
          },
          py::arg("answer"), py::arg("error_rate") = py::none(),
          "'a' for what was shown first, 'b', 'tie' or 'skip', by one who errs at error_rate (default: the config's). Returns the verdict.")
      .def_property_readonly(
          "verdict", [verdict](const A& a) { return verdict(a.verdict()); }, "'replace', 'keep' or 'undecided'.")
      .def_property_readonly("evidence", &A::evidence, "For the challenger; 1 / alpha replaces the champion.")
      .def_property_readonly("judgements", &A::judgements, "Answers that were no skips.")
      .def_property_readonly("config", &A::config);
}

}  // namespace

void bind_prefs(py::module_& m) {
  bind_strengths(m);
  bind_annotator(m);
  bind_champion(m);
}
