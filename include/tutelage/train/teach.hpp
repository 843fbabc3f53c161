#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/prefs/training_data.hpp"
#include "tutelage/train/ppo.hpp"
#include "tutelage/train/reward.hpp"

TUTELAGE_BEGIN

namespace train {

namespace detail_ {
struct Lesson;
}

/// How judgements become a better chatbot. Every part starts from the model as it was loaded, with all judgements so far.
struct TeachConfig {
  std::int64_t max_new_tokens = 24;  // of what it samples to learn from, and of answer() where max_answer_tokens is 0
  std::int64_t max_answer_tokens = 0;
  double temperature = 1.0;      // of the answers that are judged and of PPO's
  bool weigh_annotators = true;  // each judgement counts by who made it, where there are several annotators
  // 1. supervised fine-tuning on corrections and on answers that were called right
  std::int64_t sft_steps = 200;          // 0: off
  std::int64_t sft_demonstrations = 12;  // a step, drawn evenly from the different demonstrations
  std::int64_t sft_rehearsal = 20;       // exchanges a step that were not objected to
  double keep_kl = 0;  // 0: they are learnt like demonstrations; else their answers' distributions are kept, by this weight of the KL
  double sft_learning_rate = 1e-3;
  // 2. an ensemble of Bradley-Terry reward models
  std::int64_t reward_models = 3;   // 0: off, and PPO with it
  bool reward_after_right = false;  // they and PPO wait for an answer of its own that is called right
  std::int64_t judged_pairs = 96;   // drawn from what was called right, above what was called wrong
  RewardConfig reward;
  // 3. PPO on the questions whose answers were objected to
  std::int64_t ppo_iterations = 20;      // 0: off
  std::int64_t ppo_prompts = 32;         // an iteration
  std::int64_t ppo_rehearsal = 20;       // exchanges a step
  std::int64_t ppo_demonstrations = 12;  // a step
  PPOConfig ppo;
  std::uint64_t seed = 0;
  TeachConfig();  // sets the parts' learning rates
  /// For a model that was trained elsewhere and learns through an adapter: fewer and gentler steps.
  static TeachConfig for_adapter();
  void validate() const;
};

/// What an update did.
struct TeachReport {
  std::int64_t demonstrations = 0, pairs = 0;
  std::int64_t carried = 0;  // questions to which a good answer was carried over
  double sft_seconds = 0, reward_seconds = 0, ppo_seconds = 0;
  PolicyStats ppo;                            // of the last iteration
  std::vector<Alarm> alarms;                  // what speaks against this update
  std::map<std::string, double> reliability;  // by annotator: the chance that his word is honest; empty where all counted alike
};

/// What a model answers to these questions, greedily; longer answers are cut. A model that came without the exchanges it was trained on rehearses
/// these while it is taught something else. @throws as Teacher for a question
std::vector<text::Conversation> own_answers(const io::ChatModel& model, std::span<const std::string> questions, std::int64_t max_new_tokens = 32,
                                            const RunOptions& run = {});

/// What a line typed in a chat means.
struct Understood {
  enum class Kind { kQuestion, kRight, kWrong, kSay, kUndo, kQuit, kHelp } kind = Kind::kQuestion;
  std::string text;  // the question, or the better answer
};
/// /right, /wrong, /say TEXT, /undo, /help and /quit; a plain sentence that objects and quotes the better answer
/// (That is not quite right; humans would say, "I'm a chatbot.") is /say with the quoted text. Anything else is a question.
/// @throws ValueError for an unknown command or /say without text
Understood understand(const std::string& line);

/// An answer that is worth asking about.
struct Candidate {
  std::string question, answer;
  double disagreement = 0;  // of the reward models
};

/// A chatbot that is taught: it answers, keeps what people say of its answers, and learns from it.
class Teacher {
 public:
  Teacher(io::ChatModel model, TeachConfig config);

  /// The greedy answer to a question. @throws ValueError for an empty question
  std::string answer(const std::string& question);
  /// One sampled answer a question; `sample` and the place in `questions` select the random numbers. temperature 0: the configuration's.
  std::vector<std::string> sample(std::span<const std::string> questions, std::uint32_t sample, double temperature = 0) const;

  /// Samples `samples` answers to each question and chooses up to `most` to ask about, where the reward models differ most first: none empty, none
  /// judged before, and no more than most / questions, rounded up, to one question. Each call draws other samples.
  /// @throws ValueError for no question, or samples or most below 1
  std::vector<Candidate> to_ask(std::span<const std::string> questions, std::int64_t samples, std::int64_t most);

  /// Keeps a judgement; nothing is learnt before update().
  void judge(prefs::Judgement judgement);
  /// Judges the last answered question: right, wrong or a better answer. @throws StateError before the first answer
  prefs::Judgement feedback(const Understood& what);
  /// Learns from all judgements. What was learnt before is kept for undo(). A requested stop ends it early and keeps what was learnt so far.
  TeachReport update(const RunOptions& run = {});
  /// Goes back to before the last update, and forgets the judgements since. False where there is nothing to undo.
  bool undo();

  /// How much the reward models differ on each answer (standard deviation of their scores); all 1 before there are any.
  std::vector<double> disagreement(std::span<const std::string> questions, std::span<const std::string> answers) const;
  /// The reward models' mean score. @throws StateError before there are any
  std::vector<double> score(std::span<const std::string> questions, std::span<const std::string> answers) const;
  /// Each reward model's score of each answer: one list a model; none before there are any.
  std::vector<std::vector<double>> member_scores(std::span<const std::string> questions, std::span<const std::string> answers) const;
  bool has_reward() const { return !ensemble_.members.empty(); }

  const std::vector<prefs::Judgement>& judgements() const { return judgements_; }
  const nn::Transformer& policy() const { return policy_; }
  const io::ChatModel& base() const { return base_; }
  /// The chatbot as it is now, to be saved: an adapter is merged. What was objected to is no longer rehearsed; what was taught is.
  io::ChatModel model();

 private:
  struct Past {
    nn::Transformer policy;
    reward::RewardEnsemble ensemble;
    std::size_t judgements, held_out;
  };
  /// Keeps what the untaught model answers to these questions.
  void find_matters(std::span<const std::string> questions);
  detail_::Lesson lesson();
  /// The share of pairs of a right and a wrong answer that the reward models order rightly, times the number of verdicts, and that number.
  std::optional<std::pair<double, std::int64_t>> held_out(std::span<const prefs::Judgement> judgements) const;
  /// Whether one answer has come to serve questions of many different matters.
  std::optional<Alarm> answers_everything(const nn::Transformer& policy, const detail_::Lesson& lesson) const;
  std::int64_t shown_tokens() const { return config_.max_answer_tokens > 0 ? config_.max_answer_tokens : config_.max_new_tokens; }
  std::int64_t longest_prompt() const { return base_.transformer.config.max_positions - std::max(shown_tokens(), config_.max_new_tokens); }
  TokenIds prompt_ids(const std::string& question) const;
  nn::TokenBatch sequences(std::span<const std::string> questions, std::span<const std::string> answers) const;
  TokenIds sequence(const std::string& question, const std::string& answer) const;

  io::ChatModel base_;
  TeachConfig config_;
  nn::Transformer policy_;
  reward::RewardEnsemble ensemble_;
  std::vector<prefs::Judgement> judgements_;
  std::vector<Past> past_;
  std::vector<std::pair<double, std::int64_t>> held_out_;    // of each update that could be tried: right, out of
  std::uint32_t drawn_ = 0;                                  // samples of each question that to_ask has drawn
  std::map<std::string, std::string> matters_;               // question -> the untaught model's greedy answer
  std::optional<std::pair<std::string, std::string>> last_;  // question and answer
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/teach.ipp"
#endif
