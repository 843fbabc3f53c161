#include "checkpoints.hpp"

using namespace tutelage;

void bind_runs(py::module_& m) {
  m.def(
      "load_checkpoint",
      [](const std::string& folder) {
        auto c = [&] {
          py::gil_scoped_release release;
          return io::load_checkpoint(folder);
        }();
        return std::pair(std::move(c.tensors), std::move(c.notes));
      },
      py::arg("folder"), "The tensors and notes of a checkpoint, which is whole or an IoError.");
  m.def(
      "save_checkpoint",
      [](const std::string& folder, const std::map<std::string, Tensor>& tensors, const std::map<std::string, std::string>& notes) {
        io::save_checkpoint(folder, {tensors, notes});
      },
      py::arg("folder"), py::arg("tensors"), py::arg("notes") = std::map<std::string, std::string>(), py::call_guard<py::gil_scoped_release>(),
      "Writes a folder with checksums, whole or not at all.");
  m.def(
      "_nearest", [](const std::string& word, const std::vector<std::string>& known) { return detail::nearest(word, known.data(), known.size()); },
      py::arg("word"), py::arg("known"), "The nearest of `known` by edit distance, or an empty text.");
}
