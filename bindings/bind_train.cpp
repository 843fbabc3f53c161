#include "casters.hpp"
#include "tutelage/train/chatbot.hpp"
#include "tutelage/train/ppo.hpp"
#include "tutelage/train/reward.hpp"
#include "tutelage/train/sft.hpp"
#include "tutelage/train/teach.hpp"

using namespace tutelage;

namespace {

/// A Python reward function: prompts, responses and their ids in, numbers out; its error is raised as it is.
reward::RewardFunction to_reward(const py::function& f) {
  return [f](std::span<const reward::Episode> episodes) {
    py::gil_scoped_acquire gil;
    py::list prompts, responses;
    for (const auto& e : episodes) {
      prompts.append(py::cast(std::vector<std::int32_t>(e.prompt_ids.begin(), e.prompt_ids.end())));
      responses.append(py::cast(std::vector<std::int32_t>(e.response_ids.begin(), e.response_ids.end())));
    }
    const py::object out = f(prompts, responses);
    try {
      return py::cast<std::vector<double>>(out);
    } catch (const py::cast_error&) {
      const auto shown = py::reinterpret_steal<py::object>(PyObject_ASCII(out.ptr()));  // ASCII may be cut anywhere
      if (!shown) throw py::error_already_set();
      detail::fail<ValueError>("reward function", "it returned something else than numbers", py::cast<std::string>(shown).substr(0, 80),
                               "one number for each sample of the batch");
    }
  };
}

void bind_configs(py::module_& m) {
  ConfigClass<train::SFTConfig>(m, "SFTConfig", "Supervised fine-tuning on the answers of conversations.")
      .field("epochs", &train::SFTConfig::epochs, "")
      .field("batch_size", &train::SFTConfig::batch_size, "examples a step")
      .field("micro_batch_size", &train::SFTConfig::micro_batch_size, "examples computed at once; 0: all. Does not change the result")
      .field("optimizer", &train::SFTConfig::optimizer, "")
      .field("warmup_steps", &train::SFTConfig::warmup_steps, "")
      .field("seed", &train::SFTConfig::seed, "")
      .done();
  ConfigClass<train::RewardConfig>(m, "RewardConfig", "Bradley-Terry reward modelling from pairs.")
      .field("epochs", &train::RewardConfig::epochs, "")
      .field("batch_size", &train::RewardConfig::batch_size, "pairs a step")
      .field("micro_batch_size", &train::RewardConfig::micro_batch_size, "")
      .field("optimizer", &train::RewardConfig::optimizer, "")
      .field("center_coef", &train::RewardConfig::center_coef, "keeps scores near 0")
      .field("error_rate", &train::RewardConfig::error_rate, "share of answers thought to be mistakes")
      .field("seed", &train::RewardConfig::seed, "")
      .done();
  using B = train::ChatbotConfig;
  ConfigClass<B>(m, "ChatbotConfig", "A small chatbot from nothing but conversations.")
      .field("vocab_size", &B::vocab_size, "")
      .field("max_positions", &B::max_positions, "")
      .field("hidden_size", &B::hidden_size, "")
      .field("num_layers", &B::num_layers, "")
      .field("num_heads", &B::num_heads, "")
      .field("epochs", &B::epochs, "")
      .field("batch_size", &B::batch_size, "")
      .field("learning_rate", &B::learning_rate, "")
      .field("weight_decay", &B::weight_decay, "")
      .field("seed", &B::seed, "")
      .done();
  using P = train::PPOConfig;
  ConfigClass<P>(m, "PPOConfig", "PPO with a KL penalty in the reward.")
      .field("max_new_tokens", &P::max_new_tokens, "")
      .field("temperature", &P::temperature, "")
      .field("stop_ids", &P::stop_ids, "")
      .field("kl_coef", &P::kl_coef, "")
      .field("kl_estimator", &P::kl_estimator, "k1, k2, k3 or abs")
      .field("missing_eos_penalty", &P::missing_eos_penalty, "")
      .field("gamma", &P::gamma, "")
      .field("gae_lambda", &P::gae_lambda, "")
      .field("whiten_advantages", &P::whiten_advantages, "")
      .field("num_epochs", &P::num_epochs, "")
      .field("mini_batch_size", &P::mini_batch_size, "")
      .field("micro_batch_size", &P::micro_batch_size, "")
      .field("clip_range", &P::clip_range, "")
      .field("clip_range_value", &P::clip_range_value, "")
      .field("vf_coef", &P::vf_coef, "")
      .field("ptx_coef", &P::ptx_coef, "weight of the rehearsal loss")
      .field("value_head_std", &P::value_head_std, "")
      .field("optimizer", &P::optimizer, "")
      .field("alarms", &P::alarms, "an AlarmConfig")
      .field("seed", &P::seed, "")
      .done();
  using C = train::TeachConfig;
  ConfigClass<C>(m, "TeachConfig", "How judgements become a better chatbot.")
      .field("max_new_tokens", &C::max_new_tokens, "of what it samples to learn from, and of answer() where max_answer_tokens is 0")
      .field("max_answer_tokens", &C::max_answer_tokens, "")
      .field("temperature", &C::temperature, "")
      .field("weigh_annotators", &C::weigh_annotators, "each judgement counts by who made it, where there are several annotators")
      .field("sft_steps", &C::sft_steps, "0: off")
      .field("sft_demonstrations", &C::sft_demonstrations, "a step")
      .field("sft_rehearsal", &C::sft_rehearsal, "a step")
      .field("sft_learning_rate", &C::sft_learning_rate, "")
      .field("reward_models", &C::reward_models, "0: off")
      .field("judged_pairs", &C::judged_pairs, "")
      .field("reward", &C::reward, "")
      .field("ppo_iterations", &C::ppo_iterations, "0: off")
      .field("ppo_prompts", &C::ppo_prompts, "")
      .field("ppo_rehearsal", &C::ppo_rehearsal, "")
      .field("ppo_demonstrations", &C::ppo_demonstrations, "")
      .field("ppo", &C::ppo, "")
      .field("seed", &C::seed, "")
      .done()
      .def_static("for_adapter", &C::for_adapter, "For a model that was trained elsewhere and learns through an adapter: fewer and gentler steps.");
}

}  // namespace

void bind_train(py::module_& m) {
  bind_configs(m);
  py::class_<train::StepStats>(m, "StepStats").def_readonly("loss", &train::StepStats::loss).def_readonly("grad_norm", &train::StepStats::grad_norm);
  py::class_<train::SFTTrainer>(m, "SFTTrainer", "Supervised fine-tuning on answers only.")
      .def(py::init<nn::Transformer, train::SFTConfig>(), py::arg("model"), py::arg("config") = train::SFTConfig())
      .def(
          "step", [](train::SFTTrainer& t, const std::vector<text::Example>& e, double f) { return t.step(e, f); }, py::arg("examples"),
          py::arg("lr_factor") = 1.0, py::call_guard<py::gil_scoped_release>())
      .def(
          "train",
          [](train::SFTTrainer& t, const std::vector<text::Example>& e, py::object progress, py::object should_stop) {
            const auto run = run_options(progress, should_stop);
            py::gil_scoped_release release;
            return t.train(e, run);
          },
          py::arg("examples"), py::arg("progress") = py::none(), py::arg("should_stop") = py::none())
      .def_property_readonly("model", &train::SFTTrainer::model);
  m.def(
      "sft_loss", [](const nn::Transformer& model, const std::vector<text::Example>& e) { return train::sft_loss(model, e); }, py::arg("model"),
      py::arg("examples"), py::call_guard<py::gil_scoped_release>(), "Mean loss over the answer tokens, nats.");

  py::class_<train::PPOStats> stats(m, "PPOStats", "One PPO iteration in numbers.");
  using S = train::PPOStats;
  const std::pair<const char*, double S::*> fields[] = {{"reward", &S::reward},
                                                        {"kl", &S::kl},
                                                        {"response_length", &S::response_length},
                                                        {"policy_loss", &S::policy_loss},
                                                        {"value_loss", &S::value_loss},
                                                        {"ptx_loss", &S::ptx_loss},
                                                        {"clip_fraction", &S::clip_fraction},
                                                        {"approx_kl", &S::approx_kl},
                                                        {"grad_norm", &S::grad_norm},
                                                        {"first_ratio_min", &S::first_ratio_min},
                                                        {"first_ratio_max", &S::first_ratio_max}};
  for (const auto& [name, member] : fields) stats.def_readonly(name, member);
  stats.def_readonly("alarms", &S::alarms, "All that a loop has seen up to here.");
  py::class_<train::PPOTrainer>(m, "PPOTrainer",
                                "PPO; the reference is the policy as given where none is. A policy with an adapter trains that and the value head.")
      .def(py::init([](const nn::Transformer& policy, const train::PPOConfig& config, const std::optional<nn::Transformer>& reference) {
             return train::PPOTrainer(policy, reference ? *reference : policy, config);
           }),
           py::arg("policy"), py::arg("config") = train::PPOConfig(), py::arg("reference") = py::none())
      .def(
          "generate", [](const train::PPOTrainer& t, const std::vector<train::TokenIds>& prompts) { return t.generate(prompts); }, py::arg("prompts"),
          py::call_guard<py::gil_scoped_release>())
      .def(
          "step",
          [](train::PPOTrainer& t, const std::vector<train::TokenIds>& prompts, const std::vector<nn::Generation>& responses,
             const std::vector<double>& scores, const std::vector<text::Example>& rehearsal,
             double lr_factor) { return t.step(prompts, responses, scores, rehearsal, lr_factor); },
          py::arg("prompts"), py::arg("responses"), py::arg("scores"), py::arg("rehearsal") = std::vector<text::Example>(),
          py::arg("lr_factor") = 1.0, py::call_guard<py::gil_scoped_release>())
      .def(
          "train",
          [](train::PPOTrainer& t, const std::vector<train::TokenIds>& prompts, const py::function& f, std::int64_t iterations, py::object progress,
             py::object should_stop) {
            const auto run = run_options(progress, should_stop);
            const auto reward = to_reward(f);
            py::gil_scoped_release release;
            return t.train(prompts, reward, iterations, run);
          },
          py::arg("prompts"), py::arg("reward"), py::arg("iterations"), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
          "reward(prompt ids, response ids), two lists a batch -> one number a sample.")
      .def_property_readonly("policy", &train::PPOTrainer::policy)
      .def_property_readonly("reference", &train::PPOTrainer::reference)
      .def_property_readonly("iteration", &train::PPOTrainer::iteration);

  m.def(
      "train_chatbot",
      [](const py::list& conversations, const train::ChatbotConfig& config, py::object progress, py::object should_stop) {
        const auto all = to_conversations(conversations);
        const auto run = run_options(progress, should_stop);
        py::gil_scoped_release release;
        return train::train_chatbot(all, config, run);
      },
      py::arg("conversations"), py::arg("config") = train::ChatbotConfig(), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
      "Trains a tokenizer and a model from conversations (lists of {role, content}).");
  using R = train::TeachReport;
  py::class_<R>(m, "TeachReport", "What an update did.")
      .def_readonly("demonstrations", &R::demonstrations)
      .def_readonly("pairs", &R::pairs)
      .def_readonly("carried", &R::carried)
      .def_readonly("sft_seconds", &R::sft_seconds)
      .def_readonly("reward_seconds", &R::reward_seconds)
      .def_readonly("ppo_seconds", &R::ppo_seconds)
      .def_readonly("ppo", &R::ppo)
      .def_readonly("alarms", &R::alarms, "What speaks against this update.")
      .def_readonly("reliability", &R::reliability, "By annotator: the chance that his word is honest; empty where all counted alike.");
  m.def(
      "own_answers",
      [](const io::ChatModel& model, const std::vector<std::string>& questions, std::int64_t max_new_tokens, py::object progress,
         py::object should_stop) {
        const auto run = run_options(progress, should_stop);
        std::vector<text::Conversation> all;
        {
          py::gil_scoped_release release;
          all = train::own_answers(model, questions, max_new_tokens, run);
        }
        py::list out;
        for (const auto& c : all) out.append(from_conversation(c));
        return out;
      },
      py::arg("model"), py::arg("questions"), py::arg("max_new_tokens") = 32, py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
      "What a model answers to these questions, greedily; longer answers are cut. To be rehearsed while it is taught something else.");
  m.def(
      "understand",
      [](const std::string& line) {
        static const char* names[] = {"question", "right", "wrong", "say", "undo", "quit", "help"};
        const auto u = train::understand(line);
        return py::make_tuple(names[static_cast<int>(u.kind)], to_text(u.text));
      },
      py::arg("line"), "What a line typed in a chat means: (kind, text).");
  using train::Teacher;
  py::class_<Teacher>(m, "Teacher", "A chatbot that is taught: it answers, keeps what people say of its answers, and learns from it.")
      .def(py::init<io::ChatModel, train::TeachConfig>(), py::arg("model"), py::arg("config") = train::TeachConfig())
      .def(
          "answer", [](Teacher& t, const std::string& q) { return to_text(t.answer(q)); }, py::arg("question"), "The greedy answer.")
      .def(
          "to_ask",
          [](Teacher& t, const std::vector<std::string>& questions, std::int64_t samples, std::int64_t most) {
            py::list out;
            for (const auto& c : t.to_ask(questions, samples, most))
              out.append(py::make_tuple(to_text(c.question), to_text(c.answer), c.disagreement));
            return out;
          },
          py::arg("questions"), py::arg("samples") = 8, py::arg("most") = 40,
          "Samples answers and chooses up to `most` to ask about, where the reward models differ most first: (question, answer, disagreement). None "
          "is empty or was judged before.")
      .def(
          "sample",
          [](const Teacher& t, const std::vector<std::string>& q, std::uint32_t sample) {
            py::list out;
            for (const auto& a : t.sample(q, sample)) out.append(to_text(a));
            return out;
          },
          py::arg("questions"), py::arg("sample") = 0, "One sampled answer a question.")
      .def("judge", &Teacher::judge, py::arg("judgement"))
      .def(
          "feedback", [](Teacher& t, const std::string& line) { return t.feedback(train::understand(line)); }, py::arg("line"),
          "Judges the last answer by a line such as /right, /wrong or /say TEXT.")
      .def(
          "update",
          [](Teacher& t, py::object progress, py::object should_stop) {
            const auto run = run_options(progress, should_stop);
            py::gil_scoped_release release;
            return t.update(run);
          },
          py::arg("progress") = py::none(), py::arg("should_stop") = py::none(), "Learns from all judgements.")
      .def("undo", &Teacher::undo)
      .def(
          "disagreement", [](const Teacher& t, const std::vector<std::string>& q, const std::vector<std::string>& a) { return t.disagreement(q, a); },
          py::arg("questions"), py::arg("answers"))
      .def(
          "score", [](const Teacher& t, const std::vector<std::string>& q, const std::vector<std::string>& a) { return t.score(q, a); },
          py::arg("questions"), py::arg("answers"))
      .def_property_readonly("has_reward", &Teacher::has_reward)
      .def_property_readonly("judgements", &Teacher::judgements)
      .def_property_readonly("policy", &Teacher::policy)
      .def("model", &Teacher::model, "The chatbot as it is now, to be saved.");
}
