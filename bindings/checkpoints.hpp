#pragma once
#include "casters.hpp"
#include "tutelage/io/checkpoint.hpp"

/// Adds save() and load() to a trainer's state.
template <class State> void bind_checkpoints(py::class_<State>& state) {
  using Notes = std::map<std::string, std::string>;
  state.def(
      "save",
      [](const State& s, const std::string& folder, const Notes& notes) {
        auto checkpoint = tutelage::io::to_checkpoint(s);
        for (const auto& [name, text] : notes) checkpoint.notes["run." + name] = text;
        tutelage::io::save_checkpoint(folder, checkpoint);
      },
      py::arg("folder"), py::arg("notes") = Notes(), py::call_guard<py::gil_scoped_release>(),
      "Writes a checkpoint, whole or not at all; notes are the caller's own.");
  state.def_static(
      "load",
      [](const std::string& folder) {
        const auto checkpoint = tutelage::io::load_checkpoint(folder);
        Notes notes;
        for (const auto& [name, text] : checkpoint.notes)
          if (name.rfind("run.", 0) == 0) notes[name.substr(4)] = text;
        return std::pair(tutelage::io::from_checkpoint<State>(checkpoint), std::move(notes));
      },
      py::arg("folder"), py::call_guard<py::gil_scoped_release>(), "(the state as it was saved, the notes).");
}
