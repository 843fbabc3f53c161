#pragma once
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/rng.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace text {

/// Rewords questions at random, as people do: a word left out, another put in, a filler before or after, neighbours swapped, other marks and
/// case. Teaches a small model that these do not matter.
class Augmenter {
 public:
  /// Words to put in come from the user turns of these conversations.
  explicit Augmenter(std::span<const Conversation> conversations);
  std::string operator()(const std::string& question, Rng& rng) const;
  /// The conversation with its user turns reworded; answers stay.
  Conversation operator()(Conversation conversation, Rng& rng) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace text

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/text/augment.ipp"
#endif
