#include "checkpoints.hpp"
#include "tutelage/train/chatbot.hpp"
#include "tutelage/train/dpo.hpp"
#include "tutelage/train/kto.hpp"
#include "tutelage/train/reward.hpp"
#include "tutelage/train/sft.hpp"
#include "tutelage/train/teach.hpp"

using namespace tutelage;

namespace {

/// Fields that trainers on given data have in common.
template <class C> ConfigClass<C>& epoch_fields(ConfigClass<C>& c, const char* items) {
  return c.field("epochs", &C::epochs, "")
      .field("batch_size", &C::batch_size, items)
      .field("micro_batch_size", &C::micro_batch_size, "items computed at once; 0: all. Does not change the result")
      .field("optimizer", &C::optimizer, "")
      .field("schedule", &C::schedule, "of the learning rate after the warm-up: constant, linear or cosine")
      .field("warmup_steps", &C::warmup_steps, "")
      .field("seed", &C::seed, "of the order of the items");
}

py::dict to_dict(const train::Metrics& metrics) {
  py::dict d;
  for (const auto& [name, value] : metrics) d[name.c_str()] = value;
  return d;
}

/// Methods that all trainers on given data have.
template <class Trainer, class Item, class State, class Class> Class& bind_learner(Class& cls, const char* items) {
  using Items = std::vector<Item>;
  return cls
      .def(
          "step", [](Trainer& t, const Items& x, double lr_factor) { return t.step(x, lr_factor); }, py::arg(items), py::arg("lr_factor") = 1.0,
          py::call_guard<py::gil_scoped_release>(), "One optimiser step.")
      .def(
          "train",
          [](Trainer& t, const Items& x, py::object progress, py::object should_stop) {
            const auto run = run_options(progress, should_stop);
            py::gil_scoped_release release;
            return t.train(x, run);
          },
          py::arg(items), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
          "config.epochs passes in seeded order; one that was stopped goes on where it was.")
      .def(
          "evaluate", [](const Trainer& t, const Items& x) { return t.evaluate(x); }, py::arg(items), py::call_guard<py::gil_scoped_release>(),
          "The same numbers; nothing is learnt.")
      .def("state", &Trainer::state, "Everything that decides the next step: give it to a new trainer as state=.")
      .def_property_readonly("config", &Trainer::config);
}

/// A preference trainer: made of a policy, or of a state.
template <class Trainer, class Config> py::class_<Trainer> preference_class(py::module_& m, const char* name, const char* doc) {
  py::class_<Trainer> cls(m, name, doc);
  cls.def(py::init([name](const std::optional<nn::Transformer>& policy, const Config& config, const std::optional<nn::Transformer>& reference,
                          const std::optional<train::PreferenceState>& state) {
            if (state) return Trainer(*state, config);
            if (!policy) detail::fail<ValueError>(name, "there is nothing to train", "neither policy nor state", "one of them");
            return Trainer(*policy, reference ? *reference : *policy, config);
          }),
          py::arg("policy") = py::none(), py::arg("config") = Config(), py::arg("reference") = py::none(), py::arg("state") = py::none())
      .def_property_readonly("policy", &Trainer::policy)
      .def_property_readonly("reference", &Trainer::reference);
  return cls;
}

}  // namespace

void bind_train_configs(py::module_& m) {
  ConfigClass<train::SFTConfig> sft(m, "SFTConfig", "Supervised fine-tuning on the answers of conversations.");
  epoch_fields(sft, "examples a step").done();
  ConfigClass<train::RewardConfig> reward(m, "RewardConfig", "Bradley-Terry reward modelling from pairs.");
  epoch_fields(reward, "pairs a step")
      .field("center_coef", &train::RewardConfig::center_coef, "keeps scores near 0")
      .field("error_rate", &train::RewardConfig::error_rate, "share of answers thought to be mistakes")
      .done();
  using D = train::DPOConfig;
  ConfigClass<D> dpo(m, "DPOConfig", "Direct preference optimisation and its relatives.");
  epoch_fields(dpo, "pairs a step")
      .field("beta", &D::beta, "strength of the reference")
      .field("loss_type", &D::loss_type, "sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo")
      .field("label_smoothing", &D::label_smoothing, "share of wrong labels")
      .field("simpo_gamma", &D::simpo_gamma, "target margin of simpo")
      .done();
  using K = train::KTOConfig;
  ConfigClass<K> kto(m, "KTOConfig", "Kahneman-Tversky optimisation: single answers, each good or bad.");
  epoch_fields(kto, "answers a step")
      .field("beta", &K::beta, "strength of the reference")
      .field("desirable_weight", &K::desirable_weight, "")
      .field("undesirable_weight", &K::undesirable_weight, "")
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
  using C = train::TeachConfig;
  ConfigClass<C>(m, "TeachConfig", "How judgements become a better chatbot.")
      .field("max_new_tokens", &C::max_new_tokens, "of what it samples to learn from, and of answer() where max_answer_tokens is 0")
      .field("max_answer_tokens", &C::max_answer_tokens, "")
      .field("temperature", &C::temperature, "")
      .field("weigh_annotators", &C::weigh_annotators, "each judgement counts by who made it, where there are several annotators")
      .field("sft_steps", &C::sft_steps, "0: off")
      .field("sft_demonstrations", &C::sft_demonstrations, "a step")
      .field("sft_rehearsal", &C::sft_rehearsal, "a step")
      .field("keep_kl", &C::keep_kl, "0: rehearsal is learnt like demonstrations; else its distributions are kept, by this weight of the KL")
      .field("sft_learning_rate", &C::sft_learning_rate, "")
      .field("reward_models", &C::reward_models, "0: off")
      .field("reward_after_right", &C::reward_after_right, "reward models and PPO wait for an answer of its own that is called right")
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

void bind_train(py::module_& m) {
  py::class_<train::StepStats>(m, "StepStats")
      .def_readonly("loss", &train::StepStats::loss)
      .def_readonly("grad_norm", &train::StepStats::grad_norm)
      .def("metrics", [](const train::StepStats& s) { return to_dict(s.metrics()); });
  py::class_<train::RewardStats>(m, "RewardStats", "One step of reward training in numbers, before it was taken.")
      .def_readonly("loss", &train::RewardStats::loss)
      .def_readonly("grad_norm", &train::RewardStats::grad_norm)
      .def_readonly("accuracy", &train::RewardStats::accuracy)
      .def_readonly("margin", &train::RewardStats::margin)
      .def_readonly("mean_reward", &train::RewardStats::mean_reward)
      .def("metrics", [](const train::RewardStats& s) { return to_dict(s.metrics()); });
  using PS = train::PreferenceStats;
  py::class_<PS>(m, "PreferenceStats", "One step of DPO or KTO in numbers, before it was taken.")
      .def_readonly("loss", &PS::loss)
      .def_readonly("grad_norm", &PS::grad_norm)
      .def_readonly("rewards_chosen", &PS::rewards_chosen)
      .def_readonly("rewards_rejected", &PS::rewards_rejected)
      .def_readonly("rewards_accuracies", &PS::rewards_accuracies)
      .def_readonly("rewards_margins", &PS::rewards_margins)
      .def_readonly("logps_chosen", &PS::logps_chosen)
      .def_readonly("logps_rejected", &PS::logps_rejected)
      .def_readonly("kl", &PS::kl)
      .def("metrics", [](const PS& s) { return to_dict(s.metrics()); });
  py::class_<train::SFTState> sft_state(m, "SFTState");
  sft_state.def_readonly("model", &train::SFTState::model).def_readonly("position", &train::SFTState::position);
  bind_checkpoints(sft_state);
  py::class_<train::RewardState> reward_state(m, "RewardState");
  bind_checkpoints(reward_state);
  reward_state.def_readonly("model", &train::RewardState::model).def_readonly("position", &train::RewardState::position);
  py::class_<train::PreferenceState> preference_state(m, "PreferenceState");
  bind_checkpoints(preference_state);
  preference_state.def_readonly("policy", &train::PreferenceState::policy)
      .def_readonly("reference", &train::PreferenceState::reference)
      .def_readonly("position", &train::PreferenceState::position);
  py::class_<train::SFTTrainer> sft(m, "SFTTrainer", "Supervised fine-tuning on answers only. Nothing to pack: a step's batch holds no padding.");
  sft.def(py::init([](const std::optional<nn::Transformer>& model, const train::SFTConfig& config, const std::optional<train::SFTState>& state) {
            if (state) return train::SFTTrainer(*state, config);
            if (!model) detail::fail<ValueError>("SFTTrainer", "there is nothing to train", "neither model nor state", "one of them");
            return train::SFTTrainer(*model, config);
          }),
          py::arg("model") = py::none(), py::arg("config") = train::SFTConfig(), py::arg("state") = py::none())
      .def_property_readonly("model", &train::SFTTrainer::model);
  bind_learner<train::SFTTrainer, text::Example, train::SFTState>(sft, "examples");
  py::class_<train::RewardTrainer> reward(m, "RewardTrainer", "A reward model from pairs; with an adapter in its trunk, the adapter and the head.");
  reward
      .def(py::init([](const std::optional<reward::RewardModel>& model, const train::RewardConfig& config,
                       const std::optional<train::RewardState>& state) {
             if (state) return train::RewardTrainer(*state, config);
             if (!model) detail::fail<ValueError>("RewardTrainer", "there is nothing to train", "neither model nor state", "one of them");
             return train::RewardTrainer(*model, config);
           }),
           py::arg("model") = py::none(), py::arg("config") = train::RewardConfig(), py::arg("state") = py::none())
      .def_property_readonly("model", &train::RewardTrainer::model);
  bind_learner<train::RewardTrainer, train::Pair, train::RewardState>(reward, "pairs");
  using Ids = train::TokenIds;
  py::class_<train::Preference>(m, "Preference", "Two answers to one prompt, as token ids.")
      .def(py::init([](Ids prompt, Ids chosen, Ids rejected) {
             return train::Preference{prompt, chosen, rejected};
           }),
           py::arg("prompt"), py::arg("chosen"), py::arg("rejected"))
      .def_readonly("prompt", &train::Preference::prompt)
      .def_readonly("chosen", &train::Preference::chosen)
      .def_readonly("rejected", &train::Preference::rejected);
  py::class_<train::Labelled>(m, "Labelled", "One answer to a prompt, desirable or not.")
      .def(py::init([](Ids prompt, Ids completion, bool label) {
             return train::Labelled{prompt, completion, label};
           }),
           py::arg("prompt"), py::arg("completion"), py::arg("label"))
      .def_readonly("prompt", &train::Labelled::prompt)
      .def_readonly("completion", &train::Labelled::completion)
      .def_readonly("label", &train::Labelled::label);
  auto dpo =
      preference_class<train::DPOTrainer, train::DPOConfig>(m, "DPOTrainer", "Direct preference optimisation; the reference is the policy as given.");
  bind_learner<train::DPOTrainer, train::Preference, train::PreferenceState>(dpo, "pairs");
  auto kto = preference_class<train::KTOTrainer, train::KTOConfig>(m, "KTOTrainer", "Kahneman-Tversky optimisation; two answers or more a step.");
  bind_learner<train::KTOTrainer, train::Labelled, train::PreferenceState>(kto, "answers");
  m.def(
      "sft_loss", [](const nn::Transformer& model, const std::vector<text::Example>& e) { return train::sft_loss(model, e); }, py::arg("model"),
      py::arg("examples"), py::call_guard<py::gil_scoped_release>(), "Mean loss over the answer tokens, nats.");

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
          [](const Teacher& t, const std::vector<std::string>& q, std::uint32_t sample, double temperature) {
            py::list out;
            for (const auto& a : t.sample(q, sample, temperature)) out.append(to_text(a));
            return out;
          },
          py::arg("questions"), py::arg("sample") = 0, py::arg("temperature") = 0.0,
          "One sampled answer a question. temperature 0: the configuration's.")
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
      .def(
          "member_scores",
          [](const Teacher& t, const std::vector<std::string>& q, const std::vector<std::string>& a) { return t.member_scores(q, a); },
          py::arg("questions"), py::arg("answers"), "Each reward model's score of each answer: (models, answers); none before there are any.")
      .def_property_readonly("has_reward", &Teacher::has_reward)
      .def_property_readonly("judgements", &Teacher::judgements)
      .def_property_readonly("policy", &Teacher::policy)
      .def("model", &Teacher::model, "The chatbot as it is now, to be saved: an adapter is merged.");
}
