#pragma once
#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/tensor/tensor.hpp"

TUTELAGE_BEGIN

namespace prefs {

/// Which of two items is better? Items are numbers in the data.
struct Question {
  std::int64_t first = 0, second = 0;
  double score = 0;     // by the acquisition when it was chosen: kept with the question
  bool random = false;  // whether it came from the random share
};

struct QuestionConfig {
  std::string acquisition = "mutual_information";  // a name of acquisition(), or "random"
  std::string diversity = "none";                  // of a batch: none, k_center or determinantal, by the difference of the two items' features
  double width = 1.0;                              // of the determinantal kernel
  double random_share = 0.1;                       // of a batch, rounded
  std::uint64_t seed = 0;
  void validate() const;  // @throws ConfigError
};

/// Chooses what to ask next, and never asks twice: a question that was chosen or answered is out, in either order, and so is an item against itself.
class QuestionChooser {
 public:
  /// @throws ConfigError
  explicit QuestionChooser(QuestionConfig config);
  /// Says that the answer to this question is known. @throws ValueError for an item against itself
  void know(std::int64_t a, std::int64_t b);
  bool known(std::int64_t a, std::int64_t b) const { return a == b || known_.count(std::minmax(a, b)) > 0; }
  /// At most `size` different questions of the candidates, fewer where fewer are open; none is left out of later choices but by being chosen.
  /// members: (M, items) rewards, what each member of an ensemble says of each item, untouched by any normalisation (P = sigma(R_a - R_b)); may be
  /// empty for "random". features (items, C) where diversity asks for them. In a batch of one, the one question is random with chance random_share.
  /// Depends on (seed, how many batches were chosen before) and the arguments alone.
  /// @throws ShapeError; IndexError for an unknown item; ValueError. Cost: O(M candidates), and what the diversity costs. Checked by:
  /// test_questions.cpp
  std::vector<Question> choose(const Tensor64& members, std::span<const std::pair<std::int64_t, std::int64_t>> candidates, std::int64_t size,
                               const Tensor64& features = {});
  const QuestionConfig& config() const { return config_; }

 private:
  QuestionConfig config_;
  std::uint32_t batches_ = 0;
  std::set<std::pair<std::int64_t, std::int64_t>> known_;
};

/// How many questions to ask in each of `rounds` rounds, `budget` in all, exactly. Round i of them has a share in proportion to, t = i / rounds:
///   constant: 1      hyperbolic: 1 / (1 + t)      inverse_quadratic: 1 / (1 + t^2)
/// first_share of the budget (rounded) is asked in the first round beforehand, before the rest is shared out. The running total is rounded, so that
/// no budget is lost or overrun. @throws ConfigError for an unknown name; ValueError. Checked by: test_questions.cpp
std::vector<std::int64_t> question_schedule(const std::string& name, std::int64_t budget, std::int64_t rounds, double first_share = 0.0);

}  // namespace prefs

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/prefs/questions.ipp"
#endif
