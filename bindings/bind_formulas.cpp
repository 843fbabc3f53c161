#include "casters.hpp"
#include "tutelage/prefs/acquisition.hpp"
#include "tutelage/reward/bradley_terry.hpp"
#include "tutelage/reward/calibration.hpp"
#include "tutelage/reward/ranking.hpp"
#include "tutelage/reward/ties.hpp"
#include "tutelage/rl/advantages.hpp"
#include "tutelage/rl/dpo_loss.hpp"
#include "tutelage/rl/kl.hpp"
#include "tutelage/rl/ppo_loss.hpp"

using namespace tutelage;

namespace {

using Ids = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

// Plain forms over tensors; python/tutelage/rl.py, reward.py and prefs.py give them defaults, NumPy in and out, and docstrings.
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
  m.def("policy_terms", [](const X& l, const X& old, const X& a, double weight, double clip, Maybe high, Maybe dual) {
    return rl::policy_terms<T>(l, old, a, weight, clip, high, dual).terms;
  });
  m.def("value_terms",
        [](const X& v, const X& old, const X& ret, double weight, double clip) { return rl::value_terms<T>(v, old, ret, weight, clip).terms; });
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
  m.def("dpo_loss", [](const X& c, const X& r, const X& ref_c, const X& ref_r, const X& lengths_c, const X& lengths_r, double beta,
                       const std::string& loss_type, double label_smoothing, double simpo_gamma) {
    const auto l = rl::dpo_loss<T>(c, r, ref_c, ref_r, {beta, loss_type, label_smoothing, simpo_gamma, lengths_c, lengths_r});
    return py::make_tuple(l.losses, l.chosen_rewards, l.rejected_rewards);
  });
  m.def("kto_loss", [](const X& policy, const X& ref, const X& desirable, double kl, double beta, double weight, double other_weight) {
    const auto l = rl::kto_loss(policy, ref, desirable, kl, beta, weight, other_weight);
    return py::make_tuple(l.losses, l.rewards);
  });
  m.def("kto_kl", &rl::kto_kl<T>);
  m.def("bradley_terry_loss", [](const X& chosen, const X& rejected, const X& margin, const X& probability, const X& weight, double center_coef,
                                 double error_rate, const std::string& error_form, Maybe count) {
    return reward::bradley_terry_loss<T>(chosen, rejected, {margin, probability, weight, center_coef, error_rate, count, error_form});
  });
  m.def("pair_accuracy", &reward::pair_accuracy<T>);
  m.def("plackett_luce_loss", [](const X& scores, const std::vector<reward::Ranking>& rankings, Maybe count, bool rest_unranked) {
    return reward::plackett_luce_loss<T>(scores, std::span<const reward::Ranking>(rankings), count, rest_unranked);
  });
  m.def("all_pairs_loss", [](const X& scores, const std::vector<reward::Ranking>& rankings, Maybe count) {
    return reward::all_pairs_loss<T>(scores, std::span<const reward::Ranking>(rankings), count);
  });
  m.def("best_of_n_loss", [](const X& scores, const Ids& best, Maybe count) { return reward::best_of_n_loss<T>(scores, best, count); });
  const auto outcomes = [](const reward::OutcomeProbabilities<T>& p) { return py::make_tuple(p.win, p.tie, p.loss); };
  m.def("rao_kupper", [outcomes](const X& delta, double theta) { return outcomes(reward::rao_kupper(delta, theta)); });
  m.def("davidson", [outcomes](const X& delta, double nu) { return outcomes(reward::davidson(delta, nu)); });
  m.def("rao_kupper_loss", [](const X& first, const X& second, const std::vector<int>& outcomes, double theta, Maybe count) {
    return reward::rao_kupper_loss<T>(first, second, outcomes, theta, count);
  });
  m.def("davidson_loss", [](const X& first, const X& second, const std::vector<int>& outcomes, double nu, Maybe count) {
    return reward::davidson_loss<T>(first, second, outcomes, nu, count);
  });
  m.def("acquisition", [](const X& members, const std::string& name, std::uint64_t seed, std::uint32_t step) {
    return prefs::acquisition(name, members, seed, step);
  });
  m.def("k_center_batch", [](const X& features, const Numbers& scores, std::int64_t size, double share, std::uint64_t seed, std::uint32_t step) {
    return prefs::k_center_batch<T>(features, scores, size, share, seed, step);
  });
  m.def("determinantal_batch", [](const X& features, const Numbers& scores, std::int64_t size, double width, double share, std::uint64_t seed,
                                  std::uint32_t step) { return prefs::determinantal_batch<T>(features, scores, size, width, share, seed, step); });
}

}  // namespace

void bind_formulas(py::module_& m) {
  py::module_ f = m.def_submodule("formulas", "The losses and estimators over tensors; see tutelage.rl, tutelage.reward and tutelage.prefs.");
  bind_for<float>(f);
  bind_for<double>(f);
  f.def("calibration", [](const Numbers& scores) {
    const auto c = reward::calibration(scores);
    return py::make_tuple(c.gain, c.bias);
  });
  f.def("accuracy_by_confidence", [](const Numbers& p, const Numbers& outcomes, std::int64_t bins) {
    py::list out;
    for (const auto& b : reward::accuracy_by_confidence(p, outcomes, bins))
      out.append(py::make_tuple(b.low, b.high, b.count, b.confidence, b.accuracy));
    return out;
  });
  f.def("expected_calibration_error",
        [](const Numbers& p, const Numbers& outcomes, std::int64_t bins) { return reward::expected_calibration_error(p, outcomes, bins); });
  f.def("elo", &reward::elo);
  f.def("top_batch", [](const Numbers& scores, std::int64_t size, double share, std::uint64_t seed, std::uint32_t step) {
    return prefs::top_batch(scores, size, share, seed, step);
  });
  py::class_<rl::AdaptiveKL>(
      m, "AdaptiveKL",
      "A KL coefficient that follows a target (Ziegler et al. 2019): e = clip(kl / target - 1, -0.2, 0.2), coef = coef (1 + e n / horizon).\n\n"
      "per says what kl and target count, in nats: 'sequence', sums over tokens (OpenAI, target 6), or 'token', means (target 0.1).")
      .def(py::init<double, double, double, std::string>(), py::arg("init"), py::arg("target"), py::arg("horizon"), py::arg("per") = "sequence")
      .def("update", &rl::AdaptiveKL::update, py::arg("kl"), py::arg("n"),
           "After a step of n samples with mean KL `kl`. Returns the new coefficient.")
      .def_property_readonly("value", &rl::AdaptiveKL::value)
      .def_property_readonly("per", &rl::AdaptiveKL::per);
}
