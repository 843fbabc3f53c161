#pragma once
#include <algorithm>
#include <array>
#include <cmath>

#include "tutelage/base/parallel.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/impl/kernels/launch.hpp"
#include "tutelage/prefs/acquisition.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace prefs {

namespace detail_ {

/// What the members say of one question.
struct Opinions {
  std::vector<double> p, first, second, difference;
};

inline double mean_of(const std::vector<double>& x) {
  return kernels::sum16_double(x.data(), static_cast<std::int64_t>(x.size())) / static_cast<double>(x.size());
}
inline double variance_of(const std::vector<double>& x) {
  const double mean = mean_of(x);
  std::vector<double> centred;
  for (double v : x) centred.push_back(v - mean);
  return kernels::sum16_square(centred.data(), static_cast<std::int64_t>(x.size())) / static_cast<double>(x.size());
}
/// In bits, 0 log 0 = 0.
inline double binary_entropy(double p) {
  const double q = 1.0 - p;
  return -((p > 0 ? p * math::log(p) : 0.0) + (q > 0 ? q * math::log(q) : 0.0)) * 1.4426950408889634;
}
inline double normal_density(double z) { return 0.3989422804014327 * math::exp(-0.5 * z * z); }
inline double normal_share(double z) { return 0.5 * (1.0 + math::erf(z * 0.7071067811865476)); }

enum class Acquisition {
  kVoteVariance,
  kProbabilityVariance,
  kLogitVariance,
  kEntropy,
  kMutualInformation,
  kExpectedVolumeRemoval,
  kThompson,
  kEubo
};

inline Acquisition acquisition_named(const std::string& name) {
  static const std::array<std::string, 8> known{"vote_variance",      "probability_variance",    "logit_variance", "entropy",
                                                "mutual_information", "expected_volume_removal", "thompson",       "eubo"};
  const auto at = std::find(known.begin(), known.end(), name);
  if (at == known.end()) {
    std::string all, near = detail::nearest(name, known.data(), known.size());
    for (const auto& k : known) all += (all.empty() ? "" : ", ") + k;
    detail::fail<ConfigError>("acquisition", "unknown name", name, "one of " + all, near.empty() ? "" : "Did you mean " + near + "?");
  }
  return static_cast<Acquisition>(at - known.begin());
}

inline double score_of(Acquisition kind, const Opinions& o, std::size_t drawn) {
  const double m = mean_of(o.p);
  switch (kind) {
    case Acquisition::kVoteVariance: {
      double votes = 0;  // halves: exact
      for (double p : o.p) votes = votes + (p > 0.5 ? 1.0 : p == 0.5 ? 0.5 : 0.0);
      const double v = votes / static_cast<double>(o.p.size());
      return v * (1.0 - v);
    }
    case Acquisition::kProbabilityVariance:
      return variance_of(o.p);
    case Acquisition::kLogitVariance:
      return variance_of(o.difference);
    case Acquisition::kEntropy:
      return binary_entropy(m);
    case Acquisition::kMutualInformation: {
      if (std::all_of(o.p.begin(), o.p.end(), [&](double p) { return p == o.p[0]; })) return 0.0;  // agreement teaches nothing, to the last bit
      std::vector<double> h;
      for (double p : o.p) h.push_back(binary_entropy(p));
      return std::max(0.0, binary_entropy(m) - mean_of(h));
    }
    case Acquisition::kExpectedVolumeRemoval:
      return 1.0 - (m * m + (1.0 - m) * (1.0 - m));
    case Acquisition::kThompson:
      return o.p[drawn];
    default: {
      const double mu1 = mean_of(o.first), mu2 = mean_of(o.second), s = std::sqrt(variance_of(o.difference));
      if (!(s > 0)) return std::max(mu1, mu2);
      const double z = (mu1 - mu2) / s;
      return mu1 * normal_share(z) + mu2 * normal_share(-z) + s * normal_density(z);
    }
  }
}

/// Indices by falling score, equal ones by rising index.
inline std::vector<std::int64_t> by_score(const char* function, std::span<const double> scores) {
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] != scores[i]) detail::fail<ValueError>(function, "score " + detail::str(i) + " is NaN", detail::str(scores[i]), "a number");
    order.push_back(static_cast<std::int64_t>(i));
  }
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const double sa = scores[static_cast<std::size_t>(a)], sb = scores[static_cast<std::size_t>(b)];
    return sa != sb ? sa > sb : a < b;
  });
  return order;
}

inline std::int64_t random_part(const char* function, std::size_t n, std::int64_t size, double random_share) {
  if (size < 0 || size > static_cast<std::int64_t>(n))
    detail::fail<ValueError>(function, "size is out of range", detail::str(size), "0 to " + detail::str(n) + " questions");
  if (!(random_share >= 0 && random_share <= 1))
    detail::fail<ValueError>(function, "random_share is out of range", detail::str(random_share), "0 to 1");
  return static_cast<std::int64_t>(random_share * static_cast<double>(size) + 0.5);
}

inline void add_random(std::vector<std::int64_t>& chosen, std::int64_t n, std::int64_t size, std::uint64_t seed, std::uint32_t step) {
  std::vector<bool> taken(static_cast<std::size_t>(n), false);
  for (auto i : chosen) taken[static_cast<std::size_t>(i)] = true;
  std::vector<std::int64_t> rest;
  for (std::int64_t i = 0; i < n; ++i)
    if (!taken[static_cast<std::size_t>(i)]) rest.push_back(i);
  Rng(seed, Purpose::kQuery, 0, step).shuffle(rest);
  for (std::size_t k = 0; static_cast<std::int64_t>(chosen.size()) < size; ++k) chosen.push_back(rest[k]);
}

template <class T> void check_features(const char* function, const BasicTensor<T>& features, std::size_t scores) {
  if (features.rank() != 2 || features.dim(0) != static_cast<std::int64_t>(scores))
    detail::fail<ShapeError>(function, "features do not fit the scores", features.shape().str(), "(" + detail::str(scores) + ", C)");
  for (std::int64_t i = 0; i < features.size(); ++i)
    if (!std::isfinite(features.data()[i]))
      detail::fail<ValueError>(function, "feature of question " + detail::str(i / features.dim(1)) + " is not finite",
                               detail::str(static_cast<double>(features.data()[i])), "a finite number");
}

template <class T> double squared_distance(const BasicTensor<T>& features, std::int64_t i, std::int64_t j) {
  const std::int64_t c = features.dim(1);
  double d = 0;
  for (std::int64_t k = 0; k < c; ++k) {
    const double gap = static_cast<double>(features.data()[i * c + k]) - static_cast<double>(features.data()[j * c + k]);
    d = std::fma(gap, gap, d);
  }
  return d;
}

}  // namespace detail_

template <class T> BasicTensor<T> acquisition(const std::string& name, const BasicTensor<T>& members, std::uint64_t seed, std::uint32_t step) {
  const FpStateGuard guard;
  const auto kind = detail_::acquisition_named(name);
  const bool rewards = members.rank() == 3 && members.dim(2) == 2;
  if ((!rewards && members.rank() != 2) || members.size() == 0)
    detail::fail<ShapeError>("acquisition", "members has the wrong shape", members.shape().str(),
                             "(M, N) probabilities or (M, N, 2) rewards, M and N at least 1");
  if (kind == detail_::Acquisition::kEubo && !rewards)
    detail::fail<ShapeError>("acquisition", "eubo needs rewards", members.shape().str(), "(M, N, 2)");
  const std::int64_t m = members.dim(0), n = members.dim(1);
  const auto drawn = kind == detail_::Acquisition::kThompson
                         ? static_cast<std::size_t>(Rng(seed, Purpose::kQuery, 0, step, 1).below(static_cast<std::uint64_t>(m)))
                         : 0;
  BasicTensor<T> out({n});
  T* y = out.mutable_data();
  for (std::int64_t i = 0; i < n; ++i) {
    detail_::Opinions o;
    for (std::int64_t k = 0; k < m; ++k) {
      if (rewards) {
        const double a = static_cast<double>(members.data()[(k * n + i) * 2]), b = static_cast<double>(members.data()[(k * n + i) * 2 + 1]);
        if (!std::isfinite(a) || !std::isfinite(b))
          detail::fail<ValueError>("acquisition", "reward of question " + detail::str(i) + " is not finite",
                                   detail::str(a) + " and " + detail::str(b), "finite numbers");
        o.first.push_back(a);
        o.second.push_back(b);
        o.difference.push_back(a - b);
        o.p.push_back(math::sigmoid(a - b));
      } else {
        const double p = static_cast<double>(members.data()[k * n + i]), inside = std::clamp(p, 1e-12, 1.0 - 1e-12);
        if (!(p >= 0 && p <= 1))
          detail::fail<ValueError>("acquisition", "probability of question " + detail::str(i) + " is out of range", detail::str(p), "0 to 1");
        o.p.push_back(p);
        o.difference.push_back(math::log(inside) - math::log(1.0 - inside));
      }
    }
    y[i] = static_cast<T>(detail_::score_of(kind, o, drawn));
  }
  return out;
}

TUTELAGE_INLINE std::vector<std::int64_t> top_batch(std::span<const double> scores, std::int64_t size, double random_share, std::uint64_t seed,
                                                    std::uint32_t step) {
  const FpStateGuard guard;
  const std::int64_t random = detail_::random_part("top_batch", scores.size(), size, random_share);
  auto chosen = detail_::by_score("top_batch", scores);
  chosen.resize(static_cast<std::size_t>(size - random));
  detail_::add_random(chosen, static_cast<std::int64_t>(scores.size()), size, seed, step);
  return chosen;
}

template <class T>
std::vector<std::int64_t> k_center_batch(const BasicTensor<T>& features, std::span<const double> scores, std::int64_t size, double random_share,
                                         std::uint64_t seed, std::uint32_t step) {
  const FpStateGuard guard;
  detail_::check_features("k_center_batch", features, scores.size());
  const std::int64_t n = features.dim(0), wanted = size - detail_::random_part("k_center_batch", scores.size(), size, random_share);
  const auto order = detail_::by_score("k_center_batch", scores);
  std::vector<std::int64_t> chosen;
  std::vector<double> distance(scores.size(), 0.0);  // squared, to the nearest chosen; -1: chosen
  while (static_cast<std::int64_t>(chosen.size()) < wanted) {
    std::int64_t next = order[0];
    if (!chosen.empty()) next = std::max_element(distance.begin(), distance.end()) - distance.begin();
    for (std::int64_t i = 0; i < n; ++i) {
      const double d = detail_::squared_distance(features, i, next);
      auto& nearest = distance[static_cast<std::size_t>(i)];
      nearest = chosen.empty() ? d : std::min(nearest, d);
    }
    distance[static_cast<std::size_t>(next)] = -1;
    chosen.push_back(next);
  }
  detail_::add_random(chosen, n, size, seed, step);
  return chosen;
}

template <class T>
std::vector<std::int64_t> determinantal_batch(const BasicTensor<T>& features, std::span<const double> scores, std::int64_t size, double width,
                                              double random_share, std::uint64_t seed, std::uint32_t step) {
  const FpStateGuard guard;
  const char* name = "determinantal_batch";
  detail_::check_features(name, features, scores.size());
  const std::int64_t n = features.dim(0), wanted = size - detail_::random_part(name, scores.size(), size, random_share);
  if (!(width > 0 && std::isfinite(width))) detail::fail<ValueError>(name, "width is out of range", detail::str(width), "more than 0");
  const auto order = detail_::by_score(name, scores);
  for (double s : scores)
    if (!(s >= 0 && std::isfinite(s))) detail::fail<ValueError>(name, "a score is out of range", detail::str(s), "0 or more");
  std::vector<double> gain(scores.begin(), scores.end());  // by what det L would be multiplied; -1: chosen
  std::vector<std::vector<double>> factor(scores.size());  // rows of the Cholesky factor
  std::vector<std::int64_t> chosen;
  const double scale = -0.5 / (width * width);
  while (static_cast<std::int64_t>(chosen.size()) < wanted) {
    std::size_t next = static_cast<std::size_t>(std::max_element(gain.begin(), gain.end()) - gain.begin());
    if (!(gain[next] > 1e-12 * scores[next]))
      for (auto i : order)
        if (gain[static_cast<std::size_t>(i)] >= 0) {
          next = static_cast<std::size_t>(i);
          break;
        }
    const double root = std::sqrt(gain[next]);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (at == next || gain[at] < 0) continue;
      double e = std::sqrt(scores[at] * scores[next]) * math::exp(scale * detail_::squared_distance(features, i, static_cast<std::int64_t>(next)));
      for (std::size_t k = 0; k < factor[next].size(); ++k) e = std::fma(-factor[at][k], factor[next][k], e);
      e = gain[next] > 1e-12 * scores[next] ? e / root : 0.0;
      factor[at].push_back(e);
      gain[at] = std::max(0.0, std::fma(-e, e, gain[at]));
    }
    gain[next] = -1;
    chosen.push_back(static_cast<std::int64_t>(next));
  }
  detail_::add_random(chosen, n, size, seed, step);
  return chosen;
}

}  // namespace prefs

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
