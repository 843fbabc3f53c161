#pragma once
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "tutelage/base/error.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/progress.hpp"
#include "tutelage/nn/transformer.hpp"
#include "tutelage/tensor/tensor.hpp"
#include "tutelage/text/chat.hpp"

namespace py = pybind11;

void bind_tensor(py::module_& m);
void bind_autograd(py::module_& m);
void bind_nn(py::module_& m);
void bind_text(py::module_& m);
void bind_formulas(py::module_& m);
void bind_judgement(py::module_& m);
void bind_prefs(py::module_& m);
void bind_alarms(py::module_& m);
void bind_reward(py::module_& m);
void bind_policy_configs(py::module_& m);
void bind_train_configs(py::module_& m);
void bind_runs(py::module_& m);
void bind_train(py::module_& m);
void bind_behaviour(py::module_& m);
void bind_policy(py::module_& m);

/// A configuration struct with keyword arguments; an unknown one is a ConfigError that suggests the nearest.
template <class C> class ConfigClass {
 public:
  ConfigClass(py::module_& m, const char* name, const char* doc) : cls_(m, name, doc), name_(name) {}
  template <class T, class Base> ConfigClass& field(const char* name, T Base::*member, const char* doc) {  // also of a base of C
    cls_.def_readwrite(name, member, doc);
    fields_.push_back(name);
    return *this;
  }
  py::class_<C>& done() {
    cls_.def(py::init([fields = fields_, title = name_](const py::kwargs& kwargs) {
      C config;
      py::object self = py::cast(&config, py::return_value_policy::reference);
      for (const auto& [key, value] : kwargs) {
        const auto word = py::cast<std::string>(key);
        if (std::find(fields.begin(), fields.end(), word) == fields.end()) {
          const std::string near = tutelage::detail::nearest(word, fields.data(), fields.size());
          tutelage::detail::fail<tutelage::ConfigError>(title, "unknown argument", word, "a field of " + title,
                                                        near.empty() ? "" : "Did you mean " + near + "?");
        }
        py::setattr(self, key, value);
      }
      return config;
    }));
    cls_.def_property_readonly_static("fields", [fields = fields_](const py::object&) { return fields; });
    cls_.def("__repr__", [fields = fields_, title = name_](const py::object& self) {
      std::string s = title + "(";
      for (std::size_t i = 0; i < fields.size(); ++i) s += (i ? ", " : "") + fields[i] + "=" + std::string(py::repr(self.attr(fields[i].c_str())));
      return s + ")";
    });
    if constexpr (requires(const C& c) { c.validate(); }) cls_.def("validate", &C::validate, "Raises ConfigError where a value is out of range.");
    return cls_;
  }

 private:
  py::class_<C> cls_;
  std::string name_;
  std::vector<std::string> fields_;
};

/// Callbacks of a long call, called with the GIL taken; a pending Ctrl-C is raised there too.
inline tutelage::RunOptions run_options(py::object progress, py::object should_stop) {
  tutelage::RunOptions run;
  if (!progress.is_none())
    run.progress = [progress](const tutelage::Progress& p) {
      py::gil_scoped_acquire gil;
      progress(p);
    };
  run.should_stop = [should_stop] {
    py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return !should_stop.is_none() && py::cast<bool>(should_stop());
  };
  return run;
}

/// A NumPy array that shares the tensor's memory, read-only, and keeps it alive.
template <class T> py::array_t<T> to_numpy(const tutelage::BasicTensor<T>& t) {
  using Owner = std::shared_ptr<tutelage::Storage<T>>;
  const std::vector<py::ssize_t> dims(t.shape().dims().begin(), t.shape().dims().end());
  if (!t.storage()) return py::array_t<T>(dims);
  py::capsule owner(new Owner(t.storage()), [](void* p) { delete static_cast<Owner*>(p); });
  py::array_t<T> a(dims, t.data(), owner);
  a.attr("setflags")(py::arg("write") = false);
  return a;
}

/// A ragged batch from lists of ids.
inline tutelage::nn::TokenBatch to_batch(const std::vector<std::vector<std::int32_t>>& sequences) {
  tutelage::nn::TokenBatch batch;
  for (const auto& s : sequences) batch.add(s);
  return batch;
}

inline tutelage::text::Conversation to_conversation(const py::handle& messages) {
  tutelage::text::Conversation c;
  for (const auto& m : messages)
    c.push_back({py::cast<std::string>(m["role"]), py::cast<std::string>(m["content"]), m.contains("cut") && py::cast<bool>(m["cut"])});
  return c;
}
inline py::list from_conversation(const tutelage::text::Conversation& c) {
  py::list out;
  for (const auto& m : c) {
    py::dict d;
    d["role"] = m.role;
    d["content"] = py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(m.content.data(), static_cast<py::ssize_t>(m.content.size()), "replace"));
    if (m.cut) d["cut"] = true;
    out.append(d);
  }
  return out;
}
inline std::vector<tutelage::text::Conversation> to_conversations(const py::handle& all) {
  std::vector<tutelage::text::Conversation> out;
  for (const auto& c : all) out.push_back(to_conversation(c));
  return out;
}
/// The model's bytes as text; what is not UTF-8 is replaced.
inline py::str to_text(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(bytes.data(), static_cast<py::ssize_t>(bytes.size()), "replace"));
}
