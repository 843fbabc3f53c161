#include "exchange.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/kernels/table.hpp"
#include "tutelage/version.hpp"

namespace {

/// A Python exception that is both tutelage's and the built-in one that a user expects.
py::object make_error(py::module_& m, const char* name, const py::object& root, PyObject* builtin) {
  py::list bases;
  bases.append(root);
  if (builtin != PyExc_Exception) bases.append(py::reinterpret_borrow<py::object>(builtin));
  const std::string full = std::string("tutelage.") + name;
  py::object type = py::reinterpret_steal<py::object>(PyErr_NewException(full.c_str(), py::tuple(bases).ptr(), nullptr));
  m.attr(name) = type;
  return type;
}

py::object error_types[10];

void bind_errors(py::module_& m) {
  error_types[0] = py::reinterpret_steal<py::object>(PyErr_NewException("tutelage.Error", PyExc_Exception, nullptr));
  m.attr("Error") = error_types[0];
  const std::pair<const char*, PyObject*> kinds[] = {{"ShapeError", PyExc_ValueError},   {"ValueError", PyExc_ValueError},
                                                     {"ConfigError", PyExc_ValueError},  {"IndexError", PyExc_IndexError},
                                                     {"StateError", PyExc_RuntimeError}, {"NumericError", PyExc_ArithmeticError},
                                                     {"IoError", PyExc_OSError},         {"Stopped", PyExc_Exception}};
  for (int i = 0; i < 8; ++i) error_types[i + 1] = make_error(m, kinds[i].first, error_types[0], kinds[i].second);
  error_types[9] = make_error(m, "ExchangeError", error_types[2], PyExc_BufferError);
  py::register_exception_translator([](std::exception_ptr p) {
    const auto set = [](int i, const std::exception& e) { PyErr_SetString(error_types[i].ptr(), e.what()); };
    try {
      if (p) std::rethrow_exception(p);
    } catch (const tutelage::ShapeError& e) { set(1, e); } catch (const ExchangeError& e) {
      set(9, e);
    } catch (const tutelage::ValueError& e) { set(2, e); } catch (const tutelage::ConfigError& e) {
      set(3, e);
    } catch (const tutelage::IndexError& e) { set(4, e); } catch (const tutelage::StateError& e) {
      set(5, e);
    } catch (const tutelage::NumericError& e) { set(6, e); } catch (const tutelage::IoError& e) {
      set(7, e);
    } catch (const tutelage::Stopped& e) { set(8, e); } catch (const tutelage::Error& e) {
      set(0, e);
    }
  });
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled part of tutelage; import tutelage instead.";
  bind_errors(m);
  m.attr("__version__") = TUTELAGE_VERSION;
  m.def("set_num_threads", &tutelage::set_num_threads, py::arg("n"), "Most threads that are used; 0: as many as the machine has.");
  m.def("num_threads", &tutelage::num_threads);
  m.def("isa", &tutelage::kernels::isa_name, "The instruction set in use: avx512, avx2 or scalar.");
  m.def(
      "peak_memory", [] { return tutelage::detail::pool_stats().peak; }, "Most bytes that tensors held at once.");
  py::class_<tutelage::Progress>(m, "Progress", "One report of a long call.")
      .def_readonly("stage", &tutelage::Progress::stage)
      .def_readonly("done", &tutelage::Progress::done)
      .def_readonly("total", &tutelage::Progress::total)
      .def_readonly("warnings", &tutelage::Progress::warnings)
      .def_property_readonly("metrics", [](const tutelage::Progress& p) {
        py::dict d;
        for (const auto& [name, value] : p.metrics) d[name.c_str()] = value;
        return d;
      });
  bind_tensor(m);
  bind_autograd(m);
  bind_nn(m);
  bind_text(m);
  bind_formulas(m);
  bind_judgement(m);
  bind_prefs(m);
  bind_alarms(m);
  bind_policy_configs(m);
  bind_train_configs(m);
  bind_reward(m);
  bind_behaviour(m);
  bind_policy(m);
  bind_train(m);
  bind_runs(m);
}
