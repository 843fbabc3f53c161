#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "tiny.hpp"
#include "tutelage/io/file.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/train/chatbot.hpp"
#include "tutelage/train/teach.hpp"

using namespace tiny;
using train::Teacher;
using train::understand;
using Texts = std::vector<std::string>;

namespace {

const std::vector<text::Conversation> kChats{
    {{"user", "Who are you?"}, {"assistant", "I am the bot."}}, {{"user", "What do you do?"}, {"assistant", "I answer."}},
    {{"user", "How are you?"}, {"assistant", "Very well."}},    {{"user", "Say hello."}, {"assistant", "Hello!"}},
    {{"user", "Good bye."}, {"assistant", "See you."}},         {{"user", "Are you a person?"}, {"assistant", "No, I am not."}}};

train::ChatbotConfig small_chatbot(std::int64_t epochs) {
  train::ChatbotConfig c;
  c.vocab_size = 300, c.max_positions = 48, c.hidden_size = 32, c.num_layers = 1, c.num_heads = 2, c.epochs = epochs, c.batch_size = 12;
  c.learning_rate = 1e-2, c.seed = 2;
  return c;
}

const io::ChatModel& chatbot() {
  static const auto model = train::train_chatbot(kChats, small_chatbot(300));
  return model;
}

train::TeachConfig small() {
  train::TeachConfig c;
  c.max_new_tokens = 12, c.sft_steps = 60, c.sft_learning_rate = 5e-3, c.sft_rehearsal = 10;
  c.reward_models = 2, c.judged_pairs = 16, c.reward.epochs = 8, c.reward.optimizer.learning_rate = 3e-3, c.ppo_iterations = 2, c.ppo_prompts = 6,
  c.ppo_rehearsal = 4, c.ppo_demonstrations = 2;
  return c;
}

Teacher taught() {
  Teacher t(chatbot(), small());
  t.answer("Who are you?");
  t.feedback(understand("/say A chatbot."));
  t.answer("How are you?");
  t.feedback(understand("/right"));
  t.update();
  return t;
}

std::string saved_weights(const io::ChatModel& m) {
  const auto folder = std::filesystem::temp_directory_path() / ("tutelage_test_teach" + std::to_string(::getpid()));
  io::save_model(folder.string(), m);
  const auto all = io::read_file((folder / "model.safetensors").string()) + io::read_file((folder / "tokenizer.json").string());
  std::filesystem::remove_all(folder);
  return digest(all);
}

}  // namespace

TEST_CASE("a chatbot comes from conversations alone") {
  Teacher t(chatbot(), small());
  int right = 0;
  for (const auto& c : kChats) right += t.answer(c[0].content) == c[1].content;
  CHECK(right >= 5);
  CHECK(chatbot().conversations.size() == kChats.size());
  std::vector<text::Conversation> none;
  CHECK_THROWS_AS(train::train_chatbot(none, small_chatbot(10)), ValueError);
  auto c = small_chatbot(10);
  c.max_positions = 3;
  CHECK_THROWS_AS(train::train_chatbot(kChats, c), ValueError);
  const auto refused = [](auto change) {
    auto config = small_chatbot(10);
    change(config);
    CHECK_THROWS_AS(train::train_chatbot(kChats, config), ConfigError);
  };
  refused([](auto& x) { x.epochs = 0; });
  refused([](auto& x) { x.batch_size = 0; });
  refused([](auto& x) { x.learning_rate = std::nan(""); });
  refused([](auto& x) { x.weight_decay = -1; });
  refused([](auto& x) { x.vocab_size = 100; });
  refused([](auto& x) { x.num_heads = 5; });
}

TEST_CASE("a saved chatbot is the same bytes for any number of threads") {
  same_for_any_threads([] { return saved_weights(train::train_chatbot(kChats, small_chatbot(12))); });
}

TEST_CASE("a correction is learnt, the rest stays") {
  auto t = taught();
  CHECK(t.answer("Who are you?") == "A chatbot.");
  CHECK(t.answer("How are you?") == "Very well.");
  CHECK(t.answer("Say hello.") == "Hello!");
  CHECK(t.has_reward());
  REQUIRE(t.judgements().size() == 2);
  CHECK(t.judgements()[0].correction == "A chatbot.");
  CHECK(t.judgements()[0].answers.at(0).text == "I am the bot.");
  const Texts q{"Who are you?", "Who are you?"}, a{"A chatbot.", "I am the bot."};
  const auto scores = t.score(q, a);
  CHECK(scores[0] > scores[1]);
  for (const double d : t.disagreement(q, a)) CHECK((std::isfinite(d) && d >= 0));
}

TEST_CASE("the same judgements give the same bytes") {
  set_num_threads(1);
  const auto one = bytes(taught().policy());
  set_num_threads(2);
  CHECK(bytes(taught().policy()) == one);
  set_num_threads(0);
}

TEST_CASE("undo goes back before the last update and forgets what it learnt from") {
  auto t = taught();
  const auto first = bytes(t.policy());
  t.answer("Good bye.");
  t.feedback(understand("/say Bye."));
  t.update();
  CHECK(bytes(t.policy()) != first);
  CHECK(t.undo());
  CHECK(bytes(t.policy()) == first);
  CHECK(t.judgements().size() == 2);
  CHECK_THROWS_AS(t.feedback(understand("/right")), StateError);  // the answer was the other model's
  CHECK(t.undo());
  CHECK(bytes(t.policy()) == bytes(chatbot().transformer));
  CHECK(t.judgements().empty());
  CHECK_FALSE(t.has_reward());
  CHECK_FALSE(t.undo());
}

TEST_CASE("judgements that cannot be learnt from are refused and not kept") {
  Teacher t(chatbot(), small());
  CHECK_THROWS_AS(t.update(), StateError);
  CHECK_THROWS_AS(t.feedback(understand("/right")), StateError);
  CHECK_THROWS_AS(t.answer(""), ValueError);
  const std::string long_text(300, 'x');
  CHECK_THROWS_AS(t.answer(long_text), ValueError);
  t.answer("Who are you?");
  for (const char* line : {"/undo", "/quit", "/help", "What now?"}) CHECK_THROWS_AS(t.feedback(understand(line)), ValueError);
  CHECK_THROWS_AS(t.feedback(understand("/say " + long_text)), ValueError);
  const auto judged = [&](prefs::Kind kind, std::string prompt, std::string a, std::string b, std::string correction) {
    prefs::Judgement j;
    j.kind = kind, j.prompt = prompt, j.answers = {a}, j.correction = correction;
    if (!b.empty()) j.answers.push_back(b);
    CHECK_THROWS_AS(t.judge(j), ValueError);
  };
  judged(prefs::Kind::kA, "", "a", "b", "");
  judged(prefs::Kind::kA, "q", "", "b", "");
  judged(prefs::Kind::kB, "q", "a", "", "");
  judged(prefs::Kind::kB, "q", "a", long_text, "");
  judged(prefs::Kind::kCorrection, "q", "a", "", "");
  judged(prefs::Kind::kRight, long_text, "a", "", "");
  CHECK(t.judgements().empty());
  CHECK(bytes(t.policy()) == bytes(chatbot().transformer));
}

TEST_CASE("scores need reward models, and one answer a question") {
  Teacher t(chatbot(), small());
  const Texts q{"Who are you?", "Say hello."}, a{"A bot.", "Hello!"};
  CHECK_THROWS_AS(t.score(q, a), StateError);
  CHECK(t.disagreement(q, a) == std::vector<double>{1, 1});
  CHECK_THROWS_AS(taught().score(q, Texts{"A bot."}), ShapeError);
}

TEST_CASE("samples go by their number and place") {
  auto c = small();
  c.temperature = 3;
  const Teacher t(chatbot(), c);
  const Texts q{"Who are you?", "Who are you?", "Say hello."};
  const auto first = t.sample(q, 1);
  CHECK(first == t.sample(q, 1));
  CHECK(first != t.sample(q, 2));
  CHECK(first[0] != first[1]);
}

TEST_CASE("what is asked is new, never judged before, and shared among the questions") {
  auto c = small();
  c.temperature = 3;
  Teacher t(chatbot(), c);
  const Texts q{"Who are you?", "How are you?", "Say hello."};
  std::set<std::pair<std::string, std::string>> judged;
  for (int round = 0; round < 2; ++round) {
    const auto asked = t.to_ask(q, 6, 7);
    CHECK(asked.size() <= 7);
    REQUIRE(asked.size() > 3);
    std::map<std::string, int> times;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      CHECK(asked[i].answer.find_first_not_of(' ') != std::string::npos);
      CHECK(judged.insert({asked[i].question, asked[i].answer}).second);
      CHECK(++times[asked[i].question] <= 3);
      if (i > 0) CHECK(asked[i - 1].disagreement >= asked[i].disagreement);
      CHECK((asked[i].disagreement == 1) == (round == 0));  // without reward models nothing is known
      prefs::Judgement j;
      j.kind = i % 2 ? prefs::Kind::kRight : prefs::Kind::kWrong, j.prompt = asked[i].question, j.answers = {asked[i].answer};
      t.judge(j);
    }
    if (round == 0) t.update();
  }
  CHECK_THROWS_AS(t.to_ask(Texts{}, 1, 1), ValueError);
  CHECK_THROWS_AS(t.to_ask(q, 0, 1), ValueError);
  CHECK_THROWS_AS(t.to_ask(q, 1, 0), ValueError);
}

TEST_CASE("what was taught is saved to be rehearsed, what was objected to is not") {
  const auto m = taught().model();
  const auto holds = [&](const std::string& question, const std::string& answer) {
    for (const auto& c : m.conversations)
      if (c[0].content == question && c[1].content == answer) return true;
    return false;
  };
  CHECK(holds("Who are you?", "A chatbot."));
  CHECK_FALSE(holds("Who are you?", "I am the bot."));
  CHECK(holds("Say hello.", "Hello!"));
  CHECK(saved_weights(m) == saved_weights(taught().model()));
}

TEST_CASE("what an adapter was taught is merged into the model that is saved") {
  io::ChatModel learner = chatbot();
  learner.transformer = learner.transformer.with_lora({});
  Teacher t(learner, small());
  t.answer("Who are you?");
  t.feedback(understand("/say A chatbot."));
  t.update();
  const auto m = t.model();
  REQUIRE(m.transformer.adapter.empty());
  CHECK(saved_weights(m) != saved_weights(chatbot()));
  CHECK(Teacher(m, small()).answer("Who are you?") == t.answer("Who are you?"));
}

TEST_CASE("an update that is stopped keeps a whole model") {
  Teacher t(chatbot(), small());
  t.answer("Who are you?");
  t.feedback(understand("/say A chatbot."));
  RunOptions run;
  run.should_stop = [] { return true; };
  t.update(run);
  CHECK(bytes(t.policy()) == bytes(chatbot().transformer));  // stopped before the first step
  CHECK_FALSE(t.has_reward());
  CHECK(t.undo());
}

TEST_CASE("configurations of teaching out of range are refused") {
  const auto refused = [](auto change) {
    auto c = small();
    change(c);
    CHECK_THROWS_AS(Teacher(chatbot(), c), ConfigError);
  };
  refused([](auto& c) { c.max_new_tokens = 0; });
  refused([](auto& c) { c.temperature = 0; });
  refused([](auto& c) { c.sft_steps = -1; });
  refused([](auto& c) { c.reward_models = -1; });
  refused([](auto& c) { c.ppo_iterations = -1; });
  refused([](auto& c) { c.ppo_prompts = 0; });
  refused([](auto& c) { c.sft_learning_rate = std::nan(""); });
  refused([](auto& c) { c.reward.error_rate = 0.7; });
  refused([](auto& c) { c.ppo.clip_range = 0; });
}
