#include "casters.hpp"
#include "tutelage/train/alarms.hpp"

using namespace tutelage;

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
