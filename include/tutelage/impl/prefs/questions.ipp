#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/prefs/acquisition.hpp"
#include "tutelage/prefs/questions.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

TUTELAGE_INLINE void QuestionConfig::validate() const {
  const FpStateGuard guard;
  if (acquisition != "random") prefs::acquisition(acquisition, Tensor64::full({1, 1, 2}, 0.0));  // knows the names
  if (diversity != "none" && diversity != "k_center" && diversity != "determinantal")
    detail::fail<ConfigError>("QuestionConfig", "diversity is unknown", diversity, "none, k_center or determinantal");
  if (!(width > 0) || !std::isfinite(width)) detail::fail<ConfigError>("QuestionConfig", "width is out of range", detail::str(width), "more than 0");
  if (!(random_share >= 0 && random_share <= 1))
    detail::fail<ConfigError>("QuestionConfig", "random_share is out of range", detail::str(random_share), "0 to 1");
}

TUTELAGE_INLINE QuestionChooser::QuestionChooser(QuestionConfig config) : config_(std::move(config)) { config_.validate(); }

TUTELAGE_INLINE void QuestionChooser::know(std::int64_t a, std::int64_t b) {
  if (a == b) detail::fail<ValueError>("QuestionChooser::know", "an item against itself", detail::str(a) + " twice", "two items");
  known_.insert(std::minmax(a, b));
}

TUTELAGE_INLINE std::vector<Question> QuestionChooser::choose(const Tensor64& members,
                                                              std::span<const std::pair<std::int64_t, std::int64_t>> candidates, std::int64_t size,
                                                              const Tensor64& features) {
  const FpStateGuard guard;
  const char* name = "QuestionChooser::choose";
  const bool blind = config_.acquisition == "random", spread = config_.diversity != "none" && !blind;
  if (!blind && (members.rank() != 2 || members.size() == 0))
    detail::fail<ShapeError>(name, "members has the wrong shape", members.shape().str(), "(members, items)");
  if (spread && (features.rank() != 2 || features.dim(0) != members.dim(1)))
    detail::fail<ShapeError>(name, "features do not fit the items", features.shape().str(), "(" + detail::str(members.dim(1)) + ", C)",
                             "diversity = " + config_.diversity + " needs them.");
  if (size < 0) detail::fail<ValueError>(name, "size is out of range", detail::str(size), "0 or more");
  const std::int64_t items = blind ? std::int64_t{1} << 62 : members.dim(1), m = blind ? 0 : members.dim(0);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  std::vector<Question> open;
  for (const auto& [a, b] : candidates) {
    for (auto item : {a, b})
      if (item < 0 || item >= items) detail::fail<IndexError>(name, "item is out of range", detail::str(item), "0 to " + detail::str(items - 1));
    if (!known(a, b) && seen.insert(std::minmax(a, b)).second) open.push_back({a, b});
  }
  const auto n = static_cast<std::int64_t>(open.size()), wanted = std::min(size, n);
  if (wanted == 0) return {};
  const std::uint32_t step = batches_;
  std::vector<double> scores(open.size(), 0.0);
  if (!blind) {
    Tensor64 rewards({m, n, 2});
    double* r = rewards.mutable_data();
    for (std::int64_t k = 0; k < m; ++k)
      for (const auto& q : open) {
        *r++ = members.data()[k * items + q.first];
        *r++ = members.data()[k * items + q.second];
      }
    const Tensor64 found = acquisition(config_.acquisition, rewards, config_.seed, step);
    scores.assign(found.data(), found.data() + n);
  }
  double share = blind ? 1.0 : config_.random_share;
  if (wanted == 1 && !blind) share = Rng(config_.seed, Purpose::kQuery, 0, step, 3).uniform() < share ? 1.0 : 0.0;
  std::vector<std::int64_t> chosen;
  if (!spread) {
    chosen = top_batch(scores, wanted, share, config_.seed, step);
  } else {
    const std::int64_t c = features.dim(1);
    Tensor64 between({n, c});  // answers to questions with like differences say the same
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = 0; k < c; ++k) {
        const auto& q = open[static_cast<std::size_t>(i)];
        between.mutable_data()[i * c + k] = features.data()[q.first * c + k] - features.data()[q.second * c + k];
      }
    const double least = *std::min_element(scores.begin(), scores.end());
    std::vector<double> positive;  // the determinantal kernel wants scores of 0 or more
    for (double s : scores) positive.push_back(least < 0 ? s - least : s);
    chosen = config_.diversity == "k_center" ? k_center_batch(between, scores, wanted, share, config_.seed, step)
                                             : determinantal_batch(between, positive, wanted, config_.width, share, config_.seed, step);
  }
  const auto best = wanted - static_cast<std::int64_t>(share * static_cast<double>(wanted) + 0.5);
  std::vector<Question> out;
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    const auto i = static_cast<std::size_t>(chosen[k]);
    out.push_back(open[i]);
    out.back().score = scores[i];
    out.back().random = static_cast<std::int64_t>(k) >= best;
  }
  for (const auto& q : out) know(q.first, q.second);
  ++batches_;
  return out;
}

TUTELAGE_INLINE std::vector<std::int64_t> question_schedule(const std::string& kind, std::int64_t budget, std::int64_t rounds, double first_share) {
  const FpStateGuard guard;
  const char* name = "question_schedule";
  static const std::array<std::string, 3> known{"constant", "hyperbolic", "inverse_quadratic"};
  if (std::find(known.begin(), known.end(), kind) == known.end()) {
    const std::string near = detail::nearest(kind, known.data(), known.size());
    detail::fail<ConfigError>(name, "unknown name", kind, "constant, hyperbolic or inverse_quadratic",
                              near.empty() ? "" : "Did you mean " + near + "?");
  }
  if (budget < 0) detail::fail<ValueError>(name, "budget is out of range", detail::str(budget), "0 or more");
  if (rounds < 1) detail::fail<ValueError>(name, "rounds is out of range", detail::str(rounds), "1 or more");
  if (!(first_share >= 0 && first_share <= 1)) detail::fail<ValueError>(name, "first_share is out of range", detail::str(first_share), "0 to 1");
  const auto before = static_cast<std::int64_t>(first_share * static_cast<double>(budget) + 0.5);
  std::vector<double> total{0.0};
  for (std::int64_t i = 0; i < rounds; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(rounds);
    total.push_back(total.back() + (kind == "constant" ? 1.0 : kind == "hyperbolic" ? 1.0 / (1.0 + t) : 1.0 / (1.0 + t * t)));
  }
  std::vector<std::int64_t> out;
  std::int64_t given = 0;
  for (std::size_t i = 1; i < total.size(); ++i) {
    const bool last = i + 1 == total.size();
    const auto until = last ? budget - before : static_cast<std::int64_t>(static_cast<double>(budget - before) * (total[i] / total.back()) + 0.5);
    out.push_back(until - given);
    given = until;
  }
  out[0] += before;
  return out;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
