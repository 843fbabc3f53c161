#include "casters.hpp"
#include "tutelage/autograd/grad.hpp"

using namespace tutelage;

namespace {

template <class T> void bind_accumulators(py::module_& m, const char* name) {
  using X = BasicTensor<T>;
  using A = autograd::Accumulators<T>;
  py::class_<A>(m, name)
      .def(py::init([](const std::vector<X>& params) {
        std::vector<Shape> shapes;
        for (const auto& p : params) shapes.push_back(p.shape());
        return A(shapes);
      }))
      .def("add",
           [](A& self, const std::vector<X>& params, const py::function& f) {
             self.add(params, [&](std::span<const X> leaves) {
               py::list list;
               for (const auto& l : leaves) list.append(l);
               return py::cast<X>(f(list));
             });
           })
      .def("finish", &A::finish)
      .def_property_readonly("value", &A::value);
}

}  // namespace

void bind_autograd(py::module_& m) {
  bind_accumulators<float>(m, "Accumulators");
  bind_accumulators<double>(m, "Accumulators64");
  m.def(
      "gradcheck",
      [](const py::function& f, const std::vector<Tensor64>& inputs, double step, double tolerance) {
        const auto r = gradcheck(
            [&](std::span<const Tensor64> x) {
              py::list list;
              for (const auto& t : x) list.append(t);
              return py::cast<Tensor64>(f(*list));
            },
            inputs, step, tolerance);
        return py::make_tuple(r.ok, r.worst, r.where);
      },
      py::arg("f"), py::arg("inputs"), py::arg("step") = 1e-5, py::arg("tolerance") = 1e-6,
      "Compares the gradient of f(*inputs) with central differences in double. Returns (ok, worst error, where).");
}
