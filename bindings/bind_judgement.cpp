#include "casters.hpp"
#include "tutelage/prefs/exchange.hpp"
#include "tutelage/prefs/judge.hpp"
#include "tutelage/prefs/training_data.hpp"

using namespace tutelage;
using prefs::Behaviour;
using prefs::Judgement;

namespace {

using Rows = std::vector<std::vector<double>>;

py::array_t<double> to_array(const Rows& rows) {
  const std::size_t width = rows.empty() ? 0 : rows[0].size();
  py::array_t<double> out({rows.size(), width});
  for (std::size_t i = 0; i < rows.size(); ++i) std::copy(rows[i].begin(), rows[i].end(), out.mutable_data(static_cast<py::ssize_t>(i), 0));
  return out;
}
Rows to_rows(const py::handle& what, const char* name) {
  const auto array = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(what);
  if (!array || array.ndim() < 1 || array.ndim() > 2) {
    PyErr_Clear();
    detail::fail<ShapeError>("Trajectory", std::string(name) + " has the wrong shape", py::cast<std::string>(py::str(py::type::of(what))), "(steps, size) or (steps) numbers");
  }
  const auto width = array.ndim() == 2 ? array.shape(1) : 1;
  Rows rows;
  for (py::ssize_t i = 0; i < array.shape(0); ++i) rows.emplace_back(array.data() + i * width, array.data() + (i + 1) * width);
  return rows;
}

Behaviour to_behaviour(const py::handle& what) {
  if (py::isinstance<py::str>(what)) return py::cast<std::string>(what);
  if (py::isinstance<env::Trajectory>(what)) return py::cast<env::Trajectory>(what);
  if (py::isinstance<Behaviour>(what)) return py::cast<Behaviour>(what);
  detail::fail<ValueError>("Judgement", "answer is of the wrong type", py::cast<std::string>(py::str(py::type::of(what))), "a string, a Trajectory or a Behaviour");
}
std::vector<Behaviour> to_behaviours(const py::object& answers) {
  if (!py::isinstance<py::list>(answers) && !py::isinstance<py::tuple>(answers)) return {to_behaviour(answers)};
  std::vector<Behaviour> out;
  for (const auto& a : answers) out.push_back(to_behaviour(a));
  return out;
}

void bind_record(py::module_& m) {
  using env::Trajectory;
  py::class_<Trajectory>(m, "Trajectory", "What was seen and done from a reset on, or a fragment of it.")
      .def(py::init([](const py::object& observations, const py::object& actions, std::vector<double> rewards, bool terminated, bool truncated) {
             return Trajectory{to_rows(observations, "observations"), to_rows(actions, "actions"), std::move(rewards), terminated, truncated};
           }),
           py::arg("observations"), py::arg("actions"), py::arg("rewards") = std::vector<double>(), py::arg("terminated") = false,
           py::arg("truncated") = false)
      .def_property_readonly("observations", [](const Trajectory& t) { return to_array(t.observations); }, "(steps or steps + 1, size)")
      .def_property_readonly("actions", [](const Trajectory& t) { return to_array(t.actions); }, "(steps, size)")
      .def_property_readonly("rewards", [](const Trajectory& t) { return py::array_t<double>(static_cast<py::ssize_t>(t.rewards.size()), t.rewards.data()); }, "(steps), or empty")
      .def_readonly("terminated", &Trajectory::terminated)
      .def_readonly("truncated", &Trajectory::truncated)
      .def("__len__", [](const Trajectory& t) { return t.actions.size(); })
      .def("__eq__", [](const Trajectory& a, const Trajectory& b) { return a == b; });
  py::class_<Behaviour>(m, "Behaviour", "What is judged: a text, or a trajectory, given here or by reference.")
      .def(py::init([](std::string text, std::optional<Trajectory> trajectory, std::string reference, std::string source) {
             Behaviour b(std::move(text));
             b.trajectory = std::move(trajectory), b.reference = std::move(reference), b.source = std::move(source);
             return b;
           }),
           py::arg("text") = "", py::arg("trajectory") = py::none(), py::arg("reference") = "", py::arg("source") = "")
      .def_property_readonly("text", [](const Behaviour& b) { return to_text(b.text); })
      .def_readonly("trajectory", &Behaviour::trajectory)
      .def_property_readonly("reference", [](const Behaviour& b) { return to_text(b.reference); })
      .def_property_readonly("source", [](const Behaviour& b) { return to_text(b.source); }, "What produced it.")
      .def("__eq__", [](const Behaviour& a, const Behaviour& b) { return a == b; })
      .def("__repr__", [](const Behaviour& b) {
        return to_text("Behaviour(" + (b.trajectory ? std::to_string(b.trajectory->actions.size()) + " steps" : b.reference.empty() ? "\"" + b.text + "\"" : b.reference) + ")");
      });
  const auto text = [](std::string Judgement::*field) { return [field](const Judgement& j) { return to_text(j.*field); }; };
  py::class_<Judgement>(m, "Judgement", "What a person said of one behaviour, of two, or of several; see docs/judgements.md.")
      .def(py::init([](const std::string& kind, std::string prompt, const py::object& answers, std::int64_t answer, std::string correction,
                       std::vector<std::int64_t> ranking, double strength, std::string note, std::string annotator, double seconds,
                       std::vector<std::int64_t> shown, std::optional<double> score, std::string purpose, const py::object& context, std::string id,
                       std::string session, double time) {
             const auto found = prefs::kind_named(kind);
             if (!found)
               detail::fail<ValueError>("Judgement", "unknown kind", kind,
                                        "a, b, tie, both_bad, cannot_judge, skip, ranking, right, wrong, correction or comment");
             Judgement j{*found, std::move(prompt), to_behaviours(answers), answer, std::move(correction), std::move(ranking), strength,
                         std::move(note), std::move(annotator), seconds, std::move(shown), score, std::move(purpose), to_conversation(context),
                         std::move(id), std::move(session), time};
             prefs::validate(j);
             return j;
           }),
           py::arg("kind"), py::arg("prompt"), py::arg("answers"), py::kw_only(), py::arg("answer") = 0, py::arg("correction") = "",
           py::arg("ranking") = std::vector<std::int64_t>(), py::arg("strength") = 0.0, py::arg("note") = "", py::arg("annotator") = "anonymous",
           py::arg("seconds") = 0.0, py::arg("shown") = std::vector<std::int64_t>(), py::arg("score") = py::none(), py::arg("purpose") = "",
           py::arg("context") = py::tuple(), py::arg("id") = "", py::arg("session") = "", py::arg("time") = 0.0)
      .def_static(
          "parse", [](const std::string& line) { return prefs::parse_judgement(line, "line"); }, py::arg("line"), "Of one line of JSON.")
      .def_property_readonly("kind", [](const Judgement& j) { return prefs::name(j.kind); })
      .def_property_readonly("prompt", text(&Judgement::prompt))
      .def_readonly("answers", &Judgement::answers, "Behaviours, in the record's order.")
      .def_readonly("answer", &Judgement::answer, "The one that right, wrong or correction is of.")
      .def_property_readonly("correction", text(&Judgement::correction), "The better answer in the person's words.")
      .def_readonly("ranking", &Judgement::ranking, "The rank of each answer, 1 the best; equal ranks are a tie.")
      .def_readonly("strength", &Judgement::strength, "Of a or b: how much better, 1 to 3; 0: not said.")
      .def_property_readonly("note", text(&Judgement::note))
      .def_property_readonly("annotator", text(&Judgement::annotator))
      .def_readonly("seconds", &Judgement::seconds, "How long it took.")
      .def_readonly("shown", &Judgement::shown, "Answers in the order in which they were shown; empty: not known.")
      .def_readonly("score", &Judgement::score, "With which the question was chosen.")
      .def_property_readonly("purpose", text(&Judgement::purpose), "Why it was asked.")
      .def_property_readonly("context", [](const Judgement& j) { return from_conversation(j.context); }, "Turns before the prompt.")
      .def_property_readonly("id", text(&Judgement::id))
      .def_property_readonly("session", text(&Judgement::session))
      .def_readonly("time", &Judgement::time, "When, in seconds since 1970; 0: not known.")
      .def("to_json_line", [](const Judgement& j) { return to_text(prefs::to_json_line(j)); })
      .def("__eq__", [](const Judgement& a, const Judgement& b) { return a == b; })
      .def("__repr__", [](const Judgement& j) { return to_text("Judgement(" + prefs::to_json_line(j) + ")"); });
}

void bind_log(py::module_& m) {
  py::class_<prefs::JudgementLog>(m, "JudgementLog", "Judgements in a file, one a line; each is on disk before append returns.")
      .def(py::init<std::string>(), py::arg("path"))
      .def("append", &prefs::JudgementLog::append, py::arg("judgement"))
      .def("each", &prefs::JudgementLog::each, py::arg("f"), "Calls f with each, in memory for one; a torn last line is left out.")
      .def("read", &prefs::JudgementLog::read, "All of them.");
}

void bind_exchange(py::module_& m) {
  m.def("read_judgements", &prefs::read_judgements, py::arg("path"),
        "Judgements from JSON lines: our own records, TRL's preference, unpaired and completion rows, HH-RLHF's transcripts. Raises IoError naming the line.");
  m.def("each_judgement", &prefs::each_judgement, py::arg("path"), py::arg("f"), "Calls f with each judgement of such a file, in memory for one.");
  m.def(
      "judgement_rows",
      [](const Judgement& j, const std::string& format) {
        py::list out;
        for (const auto& row : prefs::judgement_rows(j, format)) out.append(to_text(row));
        return out;
      },
      py::arg("judgement"), py::arg("format"), "Its rows as lines of JSON: judgements, preference, hh, unpaired or completion.");
  m.def(
      "write_judgements",
      [](const std::string& path, const std::vector<Judgement>& judgements, const std::string& format) { prefs::write_judgements(path, judgements, format); },
      py::arg("path"), py::arg("judgements"), py::arg("format") = "judgements", "Whole or not at all. Ties have no row in TRL's columns.");
  m.def(
      "ask",
      [](const prefs::Judge& judge, const Judgement& question, prefs::JudgementLog* log, std::uint64_t seed, std::uint32_t number) {
        return prefs::ask(judge, question, log, seed, number);
      },
      py::arg("judge"), py::arg("question"), py::arg("log") = py::none(), py::arg("seed") = 0, py::arg("number") = 0,
      "The judge's answer to a question (a Judgement whose kind is skip), kept in `log`; a coin by (seed, number) decides the order shown.");
}

void bind_training_data(py::module_& m) {
  using C = prefs::TrainingDataConfig;
  ConfigClass<C>(m, "TrainingDataConfig", "How much each judgement counts in training.")
      .field("demonstration_weight", &C::demonstration_weight, "Of a correction's words, as an example to follow.")
      .field("correction_weight", &C::correction_weight, "Of the pair correction > original; 1: counts as any other pair.")
      .field("strength", &C::strength, "How much better: ignore, margin (margin_step a step), or soft (a probability).")
      .field("margin_step", &C::margin_step, "margin = margin_step * strength.")
      .field("soft_step", &C::soft_step, "probability = sigma(soft_step * strength).")
      .field("reliability", &C::reliability, "Of each annotator, by fit_annotators; who is not named counts fully.")
      .field("reliability_as", &C::reliability_as, "weight: (2 eta - 1)^2, of a coin 0; error_rate: 1 - eta. Who is below one half is left out.")
      .done();
  py::module_(m.attr("formulas")).def("training_data", [](const std::vector<Judgement>& judgements, const C& config) {
    const auto data = prefs::training_data(judgements, config);
    const auto from = [](const prefs::Origin& o) { return py::make_tuple(o.judgement, o.answer); };
    py::list demonstrations, preferences, verdicts, rankings;
    for (const auto& d : data.demonstrations) demonstrations.append(py::make_tuple(to_text(d.prompt), to_text(d.answer), d.weight, from(d.origin)));
    for (const auto& p : data.preferences)
      preferences.append(py::make_tuple(to_text(p.prompt), to_text(p.chosen), to_text(p.rejected), p.probability, p.margin, p.weight, p.error_rate,
                                        from(p.chosen_origin), from(p.rejected_origin)));
    for (const auto& v : data.verdicts)
      verdicts.append(py::make_tuple(to_text(v.prompt), to_text(v.answer), v.right, v.weight, v.error_rate, from(v.origin)));
    for (const auto& r : data.rankings) rankings.append(py::make_tuple(to_text(r.prompt), r.tiers, r.weight, r.judgement));
    return py::make_tuple(demonstrations, preferences, verdicts, rankings);
  });
}

}  // namespace

void bind_judgement(py::module_& m) {
  bind_record(m);
  bind_log(m);
  bind_exchange(m);
  bind_training_data(m);
}
