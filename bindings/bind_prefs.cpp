#include "casters.hpp"
#include "tutelage/prefs/agreement.hpp"
#include "tutelage/prefs/annotator.hpp"
#include "tutelage/prefs/champion.hpp"
#include "tutelage/prefs/fits.hpp"
#include "tutelage/prefs/online.hpp"
#include "tutelage/prefs/strengths.hpp"

using namespace tutelage;

namespace {

using Numbers = std::vector<double>;

template <class T> using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;
template <class T> std::span<const T> span_of(const Array<T>& a) { return {a.data(), static_cast<std::size_t>(a.size())}; }

// Arrays of one length each, or empty for the default; `first`: 1 where the winner was shown first, 0 where second. Checked by prefs.py.
std::vector<prefs::Comparison> comparisons(const Array<std::int64_t>& pairs, const py::dict& more) {
  const auto n = static_cast<std::size_t>(pairs.size() / 2);
  std::vector<prefs::Comparison> out(n);
  const auto numbers = [&](const char* key, auto set) {
    if (!more.contains(key)) return;
    const auto a = py::cast<Array<double>>(more[key]);
    for (std::size_t i = 0; i < n; ++i) set(out[i], a.data()[i]);
  };
  for (std::size_t i = 0; i < n; ++i) out[i].winner = pairs.data()[2 * i], out[i].loser = pairs.data()[2 * i + 1];
  numbers("weights", [](auto& c, double x) { c.weight = x; });
  numbers("winner_first", [](auto& c, double x) { c.side = x != 0 ? prefs::Side::kFirst : prefs::Side::kSecond; });
  numbers("probability", [](auto& c, double x) { c.probability = x; });
  numbers("margin", [](auto& c, double x) { c.margin = x; });
  numbers("error_rate", [](auto& c, double x) { c.error_rate = x; });
  numbers("tie", [](auto& c, double x) { c.tie = x != 0; });
  return out;
}

void bind_strengths(py::module_& m) {
  using A = prefs::AnnotatorFitConfig;
  ConfigClass<A>(m, "AnnotatorFitConfig", "How fit_annotators fits.")
      .field("l2", &A::l2, "Of the strengths.")
      .field("prior_right", &A::prior_right, "Beta prior of a reliability, its honest side.")
      .field("prior_wrong", &A::prior_wrong, "Its other side, the smaller.")
      .field("start", &A::start, "Reliability at the start.")
      .field("one_sided_answers", &A::one_sided_answers, "Who gave so many, all to one side, is left out; 0: nobody is.")
      .field("one_sided_share", &A::one_sided_share, "All means so large a share of them.")
      .field("max_iterations", &A::max_iterations, "Most iterations.")
      .field("tolerance", &A::tolerance, "Largest change of a strength or reliability in the last step of Newton.")
      .done();
  using C = prefs::ItemFitConfig;
  ConfigClass<C>(m, "ItemFitConfig", "How fit_items fits.")
      .field("l2", &C::l2, "Of the strengths, and of the bar that verdicts compare with.")
      .field("ties", &C::ties, "half: as half a win each way; rao_kupper, davidson: with a parameter that is fitted.")
      .field("tie_l2", &C::tie_l2, "Of the log of that parameter.")
      .field("error_form", &C::error_form, "mixture, uniform, smoothing or unbiased: what an error_rate means.")
      .field("ranking", &C::ranking, "plackett_luce or all_pairs.")
      .field("max_iterations", &C::max_iterations, "Most iterations.")
      .field("tolerance", &C::tolerance, "Largest change in the last step of Newton.")
      .done();
  py::module_ f = m.attr("formulas");
  f.def("fit_items", [](const Array<std::int64_t>& pairs, const py::dict& more, const std::vector<std::vector<std::vector<std::int64_t>>>& rankings,
                        bool rest_unranked, const Numbers& ranking_weights, const Array<std::int64_t>& verdicts, const Numbers& verdict_weights,
                        const Numbers& verdict_errors, std::int64_t n_items, const C& config) {
    prefs::ItemJudgements said{comparisons(pairs, more), {}, {}};
    for (std::size_t i = 0; i < rankings.size(); ++i)
      said.rankings.push_back({rankings[i], rest_unranked, ranking_weights.empty() ? 1.0 : ranking_weights.at(i)});
    for (std::size_t i = 0; i < static_cast<std::size_t>(verdicts.size() / 2); ++i)
      said.verdicts.push_back({verdicts.data()[2 * i], verdicts.data()[2 * i + 1] != 0, verdict_weights.empty() ? 1.0 : verdict_weights.at(i),
                               verdict_errors.empty() ? 0.0 : verdict_errors.at(i)});
    prefs::ItemFit fit;
    {
      py::gil_scoped_release release;
      fit = prefs::fit_items(said, n_items, config);
    }
    return py::make_tuple(fit.strengths, fit.standard_errors, fit.covariance, fit.tie, fit.tie_error, fit.bar, fit.bar_error, fit.iterations,
                          fit.converged, fit.objective);
  });
  f.def("fit_annotators",
        [](const Array<std::int64_t>& pairs, const py::dict& more, const Array<std::int64_t>& annotators, std::int64_t n_items, const A& config) {
          const auto data = comparisons(pairs, more);
          prefs::AnnotatorFit fit;
          {
            py::gil_scoped_release release;
            fit = prefs::fit_annotators(data, span_of(annotators), n_items, config);
          }
          return py::make_tuple(fit.strengths, fit.reliability, fit.standard_errors, fit.reliability_errors, fit.low, fit.high, fit.left_out,
                                fit.mirror_gap, fit.iterations, fit.converged, fit.objective);
        });
  f.def("calibrate_beta",
        [](const Numbers& differences, double right, double error_rate) { return prefs::calibrate_beta(differences, right, error_rate); });
  f.def("raw_agreement", [](const Array<std::int64_t>& labels) { return prefs::raw_agreement(span_of(labels), labels.shape(0)); });
  f.def("krippendorff_alpha", [](const Array<std::int64_t>& labels) { return prefs::krippendorff_alpha(span_of(labels), labels.shape(0)); });
  f.def("cohen_kappa", [](const Array<std::int64_t>& a, const Array<std::int64_t>& b) { return prefs::cohen_kappa(span_of(a), span_of(b)); });
  const auto share = [](const prefs::Share& s) { return py::make_tuple(s.share, s.low, s.high, s.count); };
  f.def("wilson_share", [share](double hits, std::int64_t count) { return share(prefs::wilson_share(hits, count)); });
  f.def("position_bias", [share](const std::vector<prefs::Judgement>& all) { return share(prefs::position_bias(all)); });
  f.def("length_bias", [share](const std::vector<prefs::Judgement>& all) { return share(prefs::length_bias(all)); });
  using O = prefs::OnlineAnnotators;
  py::class_<O>(m, "OnlineAnnotators", "Strengths and reliabilities after each answer, in constant time (Chen et al., WSDM 2013, section 4).")
      .def(py::init<std::int64_t, double, double, double>(), py::arg("n_items"), py::arg("right") = 3.0, py::arg("wrong") = 1.5,
           py::arg("variance") = 1.0)
      .def("add", &O::add, py::arg("winner"), py::arg("loser"), py::arg("annotator"))
      .def_property_readonly("means", [](const O& o) { return py::array_t<double>(static_cast<py::ssize_t>(o.means().size()), o.means().data()); })
      .def_property_readonly("variances",
                             [](const O& o) { return py::array_t<double>(static_cast<py::ssize_t>(o.variances().size()), o.variances().data()); })
      .def_property_readonly("reliability", [](const O& o) {
        const auto r = o.reliability();
        return py::array_t<double>(static_cast<py::ssize_t>(r.size()), r.data());
      });
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
      .def(
          "judge",
          [](const A& a, const prefs::Judgement& question, const Numbers& returns, std::uint32_t item, std::uint32_t step) {
            return a.judge(question, returns, item, step);
          },
          py::arg("question"), py::arg("returns"), py::arg("item") = 0, py::arg("step") = 0,
          "The same as a Judgement: returns has one number an answer; of one answer right or wrong, of more than two a ranking.")
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
