#include "casters.hpp"
#include "tutelage/reward/bradley_terry.hpp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/rl/kl.hpp"
#include "tutelage/rl/ppo_loss.hpp"

using namespace tutelage;

namespace {

// Plain forms over tensors; python/tutelage/rl.py and reward.py give them defaults, NumPy in and out, and docstrings.
template <class T> void bind_for(py::module_& m) {
  using X = BasicTensor<T>;
  using Maybe = std::optional<double>;
  m.def("gae", [](const X& r, const X& v, const X& mask, const X& terminated, const X& truncated, const X& bootstrap, double gamma, double lambda) {
    const auto a = rl::gae<T>(r, v, gamma, lambda, {mask, terminated, truncated, bootstrap});
    return py::make_tuple(a.advantages, a.returns);
  });
  m.def("whiten", &rl::whiten<T>);
  m.def("kl_estimate", &rl::kl_estimate<T>);
  m.def("full_kl", &rl::full_kl<T>);
  m.def("token_rewards", [](const X& scores, const X& kl, const X& mask, const X& ended, double kl_coef, const std::string& missing_eos,
                            double value) { return rl::token_rewards(scores, kl, mask, kl_coef, ended, missing_eos, value); });
  m.def("rloo_advantages", [](const X& r, const std::vector<std::int64_t>& g) { return rl::rloo_advantages(r, std::span(g)); });
  m.def("grpo_advantages",
        [](const X& r, const std::vector<std::int64_t>& g, const std::string& scale) { return rl::grpo_advantages(r, std::span(g), scale); });
  m.def("aggregate", [](const X& loss, const X& mask, const std::string& mode, Maybe max_length, Maybe count) {
    return rl::aggregate(loss, mask, mode, max_length, count);
  });
  m.def("ppo_policy_loss", [](const X& l, const X& old, const X& a, const X& mask, double clip, Maybe high, Maybe dual,
                              const std::string& aggregation, Maybe max_length, Maybe count) {
    const auto r = rl::ppo_policy_loss<T>(l, old, a, mask, {clip, high, dual, aggregation, max_length, count});
    py::dict stats;
    stats["clip_fraction"] = r.clip_fraction;
    stats["approx_kl"] = r.approx_kl;
    stats["ratio_mean"] = r.ratio_mean;
    stats["ratio_max"] = r.ratio_max;
    stats["clamped"] = r.clamped;
    return py::make_tuple(r.loss, stats);
  });
  m.def("ppo_value_loss", [](const X& v, const X& old, const X& ret, const X& mask, double clip, Maybe count) {
    const auto r = rl::ppo_value_loss<T>(v, old, ret, mask, clip, count);
    return py::make_tuple(r.loss, r.clip_fraction);
  });
  m.def("bradley_terry_loss",
        [](const X& chosen, const X& rejected, const X& margin, const X& probability, const X& weight, double center_coef, double error_rate) {
          return reward::bradley_terry_loss<T>(chosen, rejected, {margin, probability, weight, center_coef, error_rate});
        });
}

}  // namespace

void bind_formulas(py::module_& m) {
  py::module_ f = m.def_submodule("formulas", "The losses and estimators over tensors; see tutelage.rl and tutelage.reward.");
  bind_for<float>(f);
  bind_for<double>(f);
  py::class_<rl::AdaptiveKL>(m, "AdaptiveKL", "A KL coefficient that follows a target (Ziegler et al. 2019).")
      .def(py::init<double, double, double, std::string>(), py::arg("init"), py::arg("target"), py::arg("horizon"), py::arg("per") = "sequence")
      .def("update", &rl::AdaptiveKL::update, py::arg("kl"), py::arg("n"),
           "After a step of n samples with mean KL `kl`. Returns the new coefficient.")
      .def_property_readonly("value", &rl::AdaptiveKL::value)
      .def_property_readonly("per", &rl::AdaptiveKL::per);
}
