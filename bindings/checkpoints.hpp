#pragma once
#include "casters.hpp"
#include "tutelage/io/checkpoint.hpp"

/// Adds save() and load() to a trainer that has state() and a constructor from it.
template <class State, class Config, class Trainer> py::class_<Trainer> with_checkpoints(py::class_<Trainer> trainer) {
  using Notes = std::map<std::string, std::string>;
  trainer.def(
      "save",
      [](const Trainer& t, const std::string& folder, const Notes& notes) {
        auto checkpoint = tutelage::io::to_checkpoint(t.state());
        for (const auto& [name, text] : notes) checkpoint.notes["run." + name] = text;
        tutelage::io::save_checkpoint(folder, checkpoint);
      },
      py::arg("folder"), py::arg("notes") = Notes(), py::call_guard<py::gil_scoped_release>(),
      "Writes all that decides the next step, but for configuration and data, whole or not at all; notes are the caller's own.");
  trainer.def_static(
      "load",
      [](const std::string& folder, const Config& config) {
        auto checkpoint = tutelage::io::load_checkpoint(folder);
        Notes notes;
        for (const auto& [name, text] : checkpoint.notes)
          if (name.rfind("run.", 0) == 0) notes[name.substr(4)] = text;
        return std::pair(Trainer(tutelage::io::from_checkpoint<State>(checkpoint), config), std::move(notes));
      },
      py::arg("folder"), py::arg("config"), py::call_guard<py::gil_scoped_release>(),
      "(the trainer as it was saved, the notes): it goes on to the bytes of the one that never stopped.");
  return trainer;
}
