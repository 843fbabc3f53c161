#include "casters.hpp"
#include "tutelage/prefs/judgement.hpp"

using namespace tutelage;

void bind_prefs(py::module_& m) {
  using prefs::Judgement;
  py::class_<Judgement>(m, "Judgement", "What a person said of one answer or of two.")
      .def(py::init([](const std::string& kind, std::string prompt, std::string a, std::string b, std::string correction, std::string annotator,
                       double seconds) {
             Judgement j{prefs::Kind::kSkip, std::move(prompt), std::move(a), std::move(b), std::move(correction), std::move(annotator), seconds};
             for (int k = 0; k < 7; ++k)
               if (prefs::name(static_cast<prefs::Kind>(k)) == kind) {
                 j.kind = static_cast<prefs::Kind>(k);
                 prefs::validate(j);
                 return j;
               }
             detail::fail<ValueError>("Judgement", "unknown kind", kind, "a, b, tie, skip, right, wrong or correction");
           }),
           py::arg("kind"), py::arg("prompt"), py::arg("answer_a"), py::arg("answer_b") = "", py::arg("correction") = "",
           py::arg("annotator") = "anonymous", py::arg("seconds") = 0.0)
      .def_property_readonly("kind", [](const Judgement& j) { return prefs::name(j.kind); })
      .def_property_readonly("prompt", [](const Judgement& j) { return to_text(j.prompt); })
      .def_property_readonly("answer_a", [](const Judgement& j) { return to_text(j.answer_a); })
      .def_property_readonly("answer_b", [](const Judgement& j) { return to_text(j.answer_b); })
      .def_property_readonly("correction", [](const Judgement& j) { return to_text(j.correction); })
      .def_property_readonly("annotator", [](const Judgement& j) { return to_text(j.annotator); })
      .def_readonly("seconds", &Judgement::seconds)
      .def("to_json_line", [](const Judgement& j) { return to_text(prefs::to_json_line(j)); })
      .def("__repr__", [](const Judgement& j) { return to_text("Judgement(" + prefs::to_json_line(j) + ")"); });
  py::class_<prefs::JudgementLog>(m, "JudgementLog", "Judgements in a file, one a line; each is on disk before append returns.")
      .def(py::init<std::string>(), py::arg("path"))
      .def("append", &prefs::JudgementLog::append, py::arg("judgement"))
      .def("read", &prefs::JudgementLog::read, "All of them; a torn last line is left out.");
}
