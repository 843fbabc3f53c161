// A chatbot is trained, judged by your own rule, taught, and saved; then the same wish as a reward function of PPO.
//   teach CONVERSATIONS.jsonl FOLDER [EPOCHS]
#include <tutelage/tutelage.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "identity.hpp"

using namespace tutelage;
using Texts = std::vector<std::string>;

const Texts kAsked{"Who are you?", "What are you?", "Are you a robot?", "Are you human?", "Tell me who you are.", "What is your name?"};
const Texts kNew{"Who exactly are you, my friend?", "Would you introduce yourself, please?", "Tell me, what are you?"};  // never judged

int accepted(const train::Teacher& teacher, const Texts& questions) {
  const Texts answers = teacher.sample(questions, 99);
  int n = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) n += accept(questions[i], answers[i]);
  return n;
}

/// Ask where the reward models disagree most, learn; again.
void teach(train::Teacher& teacher, const std::string& folder) {
  prefs::JudgementLog log(folder + "/judgements.jsonl");
  int corrections = 0;
  for (int round = 0; round < 2; ++round) {
    const auto asked = teacher.to_ask(kAsked, 4, 20);
    if (asked.empty()) return;
    for (const auto& [question, answer, disagreement] : asked) {
      prefs::Judgement j;
      j.prompt = question, j.answers = {answer}, j.annotator = "identity.hpp";
      j.kind = accept(question, answer) ? prefs::Kind::kRight : prefs::Kind::kWrong;
      if (j.kind == prefs::Kind::kWrong && corrections++ == 0) j.kind = prefs::Kind::kCorrection, j.correction = "I'm a chatbot.";
      log.append(j);
      teacher.judge(j);
    }
    const auto report = teacher.update();
    std::printf("round %d: %zu judged, %lld pairs, reward %.2f, KL %.2f nats\n", round + 1, asked.size(), static_cast<long long>(report.pairs),
                report.ppo.reward, report.ppo.kl);
  }
}

/// The wish as a reward function, straight into PPO.
void optimise(const io::ChatModel& model) {
  const auto reward = [&](std::span<const reward::Episode> episodes) {
    std::vector<double> scores;
    for (const auto& e : episodes) scores.push_back(accept("", model.tokenizer.decode(e.response_ids)) ? 1.0 : 0.0);
    return scores;
  };
  train::PPOConfig config;
  config.stop_ids = {model.tokenizer.special_id("<|im_end|>")};
  config.optimizer.learning_rate = 3e-4;
  std::vector<train::TokenIds> prompts;
  for (int i = 0; i < 32; ++i) {
    const text::Message message{"user", kAsked[static_cast<std::size_t>(i) % kAsked.size()]};
    prompts.push_back(text::apply_chat_template(model.tokenizer, std::span(&message, 1), true));
  }
  train::PPOTrainer trainer(model.transformer, config);
  const auto stats = trainer.train(prompts, reward, 10);
  std::printf("PPO alone: reward %.2f, KL %.2f nats\n", stats.reward, stats.kl);
}

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: teach CONVERSATIONS.jsonl FOLDER [EPOCHS]\n"), 2;
  train::ChatbotConfig config;
  if (argc > 3) config.epochs = std::atoi(argv[3]);
  const auto model = train::train_chatbot(io::read_conversations(argv[1]), config);
  io::save_model(argv[2], model);
  train::Teacher teacher(model, train::TeachConfig());
  std::printf("before: %s -> %s\n", kNew[0].c_str(), teacher.answer(kNew[0]).c_str());
  const int before = accepted(teacher, kNew);
  teach(teacher, argv[2]);
  std::printf("after:  %s -> %s\n", kNew[0].c_str(), teacher.answer(kNew[0]).c_str());
  std::printf("accepted of new wordings: %d -> %d of %zu\n", before, accepted(teacher, kNew), kNew.size());
  io::save_model(argv[2], teacher.model());
  optimise(model);
} catch (const std::exception& error) { return std::fprintf(stderr, "teach: %s\n", error.what()), 1; }
