#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace reward {

/// A matrix of which only what is not 0 is kept: row i holds values[k] in columns[k], k in [offsets[i], offsets[i + 1]).
struct SparseRows {
  std::int64_t width = 0;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  /// Of (N, C), such as text_features gives. @throws ShapeError
  static SparseRows dense(const Tensor& features);
  /// Both side by side. @throws ShapeError for another number of rows
  SparseRows beside(const SparseRows& other) const;
  /// @throws ShapeError, IndexError, or ValueError for a value that is not finite
  void check(const char* function) const;
};

/// What a text is made of, counted without a vocabulary.
struct NgramConfig {
  std::int64_t words = 2;                            // runs of up to so many words; 0: none
  std::int64_t least_letters = 3, most_letters = 5;  // runs of letters inside a word, its ends marked; most 0: none
  bool lengths = false;                              // two more columns: log(1 + bytes), log(1 + words)
  std::int64_t bits = 20;                            // 2^bits columns, by a hash (FNV-1a); what collides is counted together
  void validate() const;                             // @throws ConfigError
};

/// One row a text: 1 + log(count) of each run. A word is a run of letters, digits and apostrophes in lower case (ASCII; other bytes are letters), or
/// a single other mark. Cost: O(bytes * most_letters). Checked by: test_linear_reward.cpp.
SparseRows ngram_features(std::span<const std::string> texts, const NgramConfig& config = {});

/// score = w . x, or an ensemble of them. Fitted by train::fit_linear_reward.
struct LinearReward {
  std::int64_t width = 0, members = 0;
  std::vector<double> weights;     // (width, members)
  std::vector<double> gain, bias;  // of each member: mean 0 and variance 1 on the rows it was fitted to
  /// w . x of each member, on the scale of the judgements it was fitted to: (members, rows), for acquisition functions.
  /// @throws ShapeError for another width, StateError before it is fitted
  Tensor64 logits(const SparseRows& rows) const;
  /// Of each member, normalised: members x rows. @throws as logits
  std::vector<std::vector<double>> member_scores(const SparseRows& rows) const;
  /// The members' mean. @throws as logits
  std::vector<double> score(const SparseRows& rows) const;
  /// P(first better than second) of each pair of row numbers, mean over members. @throws as logits; IndexError
  std::vector<double> probabilities(const SparseRows& rows, std::span<const std::pair<std::int64_t, std::int64_t>> pairs) const;
};

}  // namespace reward

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/reward/linear_reward.ipp"
#endif
