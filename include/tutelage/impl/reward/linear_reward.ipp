#pragma once
#include <algorithm>
#include <cmath>
#include <map>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/reward/products.hpp"
#include "tutelage/reward/reward_model.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace reward {

namespace detail_ {
/// FNV-1a, 64 bits (Fowler, Noll, Vo).
inline std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

inline std::vector<std::string> lower_words(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char given : text) {
    const auto c = static_cast<unsigned char>(given);
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || c >= 0x80) {
      if (!inside) words.emplace_back();
      words.back().push_back(upper ? static_cast<char>(c + 32) : given);
      inside = true;
      continue;
    }
    inside = false;
    if (c > ' ') words.emplace_back(1, given);
  }
  return words;
}
}  // namespace detail_

TUTELAGE_INLINE SparseRows SparseRows::dense(const Tensor& features) {
  const FpStateGuard guard;
  if (features.rank() != 2) detail::fail<ShapeError>("SparseRows::dense", "not a matrix", features.shape().str(), "(N, C)");
  SparseRows out;
  out.width = features.dim(1);
  out.values.assign(features.span().begin(), features.span().end());
  for (std::int64_t i = 0; i < features.dim(0); ++i) {
    for (std::int64_t c = 0; c < out.width; ++c) out.columns.push_back(static_cast<std::int32_t>(c));
    out.offsets.push_back((i + 1) * out.width);
  }
  return out;
}

TUTELAGE_INLINE SparseRows SparseRows::beside(const SparseRows& other) const {
  if (rows() != other.rows()) detail::fail<ShapeError>("SparseRows::beside", "rows differ in number", detail::str(other.rows()), detail::str(rows()));
  SparseRows out;
  out.width = width + other.width;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    for (const auto* part : {this, &other})
      for (auto k = static_cast<std::size_t>(part->offsets[i]); k < static_cast<std::size_t>(part->offsets[i + 1]); ++k) {
        out.columns.push_back(static_cast<std::int32_t>(part->columns[k] + (part == this ? 0 : width)));
        out.values.push_back(part->values[k]);
      }
    out.offsets.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

TUTELAGE_INLINE void SparseRows::check(const char* function) const {
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(values.size()) || columns.size() != values.size() ||
      !std::is_sorted(offsets.begin(), offsets.end()))
    detail::fail<ShapeError>(function, "offsets do not cover the values",
                             detail::str(columns.size()) + " columns, " + detail::str(values.size()) + " values",
                             "rising offsets from 0 to the number of both");
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (columns[k] < 0 || columns[k] >= width)
      detail::fail<IndexError>(function, "a column is out of range", detail::str(columns[k]), "0 to " + detail::str(width - 1));
    if (!std::isfinite(values[k])) detail::fail<ValueError>(function, "a feature is not finite", detail::str(values[k]), "finite numbers");
  }
}

TUTELAGE_INLINE void NgramConfig::validate() const {
  const auto need = [](bool ok, const char* field, std::int64_t got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("NgramConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  need(words >= 0 && words <= 8, "words", words, "0 to 8");
  need(least_letters >= 1, "least_letters", least_letters, "1 or more");
  need(most_letters == 0 || most_letters >= least_letters, "most_letters", most_letters, "0, or least_letters or more");
  need(bits >= 1 && bits <= 28, "bits", bits, "1 to 28");
}

TUTELAGE_INLINE SparseRows ngram_features(std::span<const std::string> texts, const NgramConfig& config) {
  const FpStateGuard guard;
  config.validate();
  SparseRows out;
  const std::int64_t buckets = std::int64_t{1} << config.bits;
  out.width = buckets + (config.lengths ? 2 : 0);
  for (const auto& text : texts) {
    std::map<std::int32_t, std::int64_t> counts;
    const auto count = [&](std::uint64_t hash) {
      ++counts[static_cast<std::int32_t>((hash ^ (hash >> 32)) & static_cast<std::uint64_t>(buckets - 1))];
    };
    const auto words = detail_::lower_words(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::uint64_t run = 14695981039346656037ULL;
      for (std::int64_t n = 0; n < config.words && i + static_cast<std::size_t>(n) < words.size(); ++n) {
        run = detail_::fnv1a("\n", detail_::fnv1a(words[i + static_cast<std::size_t>(n)], run));
        count(run);
      }
      const std::string marked = "<" + words[i] + ">";
      for (auto n = static_cast<std::size_t>(config.least_letters); n <= static_cast<std::size_t>(config.most_letters) && n <= marked.size(); ++n)
        for (std::size_t at = 0; at + n <= marked.size(); ++at)
          count(detail_::fnv1a(std::string_view(marked).substr(at, n), 14695981039346656037ULL));
    }
    for (const auto& [column, n] : counts) {
      out.columns.push_back(column);
      out.values.push_back(static_cast<float>(1.0 + math::log(static_cast<double>(n))));
    }
    if (config.lengths) {
      out.columns.push_back(static_cast<std::int32_t>(buckets));
      out.values.push_back(static_cast<float>(math::log1p(static_cast<double>(text.size()))));
      out.columns.push_back(static_cast<std::int32_t>(buckets + 1));
      out.values.push_back(static_cast<float>(math::log1p(static_cast<double>(words.size()))));
    }
    out.offsets.push_back(static_cast<std::int64_t>(out.values.size()));
  }
  return out;
}

TUTELAGE_INLINE Tensor64 LinearReward::logits(const SparseRows& rows) const {
  const FpStateGuard guard;
  if (members == 0) detail::fail<StateError>("LinearReward", "no weights", "0 members", "a fitted model", "Call train::fit_linear_reward.");
  rows.check("LinearReward");
  if (rows.width != width) detail::fail<ShapeError>("LinearReward", "rows have another width", detail::str(rows.width), detail::str(width));
  const auto raw = detail_::products(rows, weights, members);
  Tensor64 out({members, rows.rows()});
  double* to = out.mutable_data();
  for (std::int64_t m = 0; m < members; ++m)
    for (std::int64_t i = 0; i < rows.rows(); ++i) *to++ = raw[static_cast<std::size_t>(i * members + m)];
  return out;
}

TUTELAGE_INLINE std::vector<std::vector<double>> LinearReward::member_scores(const SparseRows& rows) const {
  const FpStateGuard guard;
  const Tensor64 raw = logits(rows);
  std::vector<std::vector<double>> scores;
  for (std::int64_t m = 0; m < members; ++m) {
    const double* from = raw.data() + m * rows.rows();
    scores.emplace_back(from, from + rows.rows());
    for (auto& s : scores.back()) s = s * gain[static_cast<std::size_t>(m)] + bias[static_cast<std::size_t>(m)];
  }
  return scores;
}

TUTELAGE_INLINE std::vector<double> LinearReward::score(const SparseRows& rows) const { return mean_score(member_scores(rows)); }

TUTELAGE_INLINE std::vector<double> LinearReward::probabilities(const SparseRows& rows,
                                                                std::span<const std::pair<std::int64_t, std::int64_t>> pairs) const {
  const FpStateGuard guard;
  const Tensor64 raw = logits(rows);
  std::vector<double> out;
  for (const auto& [a, b] : pairs) {
    for (const auto r : {a, b})
      if (r < 0 || r >= rows.rows())
        detail::fail<IndexError>("LinearReward::probabilities", "a row is out of range", detail::str(r), "0 to " + detail::str(rows.rows() - 1));
    double p = 0;
    for (std::int64_t m = 0; m < members; ++m) p = p + math::sigmoid(raw.data()[m * rows.rows() + a] - raw.data()[m * rows.rows() + b]);
    out.push_back(p / static_cast<double>(members));
  }
  return out;
}

}  // namespace reward

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
