#include <memory>

#include "checkpoints.hpp"
#include "tutelage/train/grpo.hpp"
#include "tutelage/train/ppo.hpp"
#include "tutelage/train/rejection.hpp"
#include "tutelage/train/rloo.hpp"

using namespace tutelage;

namespace {

using Prompts = std::vector<train::TokenIds>;
using Answers = std::vector<nn::Generation>;
using TokenScores = std::vector<std::vector<double>>;

/// A Python function that C++ may copy and drop without the GIL.
std::shared_ptr<py::function> held(const py::function& f) {
  return {new py::function(f), [](py::function* p) {
            py::gil_scoped_acquire gil;
            delete p;
          }};
}

/// Calls f(prompts, responses): texts where the trainer has a tokenizer and they are not refused, else ids. Its error is raised as it is.
template <class Out> Out call_python(const py::function& f, std::span<const reward::Episode> episodes, bool on_ids, const char* expected) {
  py::gil_scoped_acquire gil;
  py::list prompts, responses;
  for (const auto& e : episodes) {
    const auto add = [&](py::list& list, std::string_view text, std::span<const std::int32_t> ids) {
      if (text.data() && !on_ids)
        list.append(to_text(std::string(text)));
      else
        list.append(py::cast(std::vector<std::int32_t>(ids.begin(), ids.end())));
    };
    add(prompts, e.prompt, e.prompt_ids);
    add(responses, e.response, e.response_ids);
  }
  const py::object out = f(prompts, responses);
  try {
    return py::cast<Out>(out);
  } catch (const py::cast_error&) {
    const auto shown = py::reinterpret_steal<py::object>(PyObject_ASCII(out.ptr()));  // ASCII may be cut anywhere
    if (!shown) throw py::error_already_set();
    detail::fail<ValueError>("reward function", "it returned something else than numbers", py::cast<std::string>(shown).substr(0, 80), expected);
  }
}

reward::Reward python_reward(const py::function& f, bool per_token, bool on_ids) {
  const auto call = held(f);
  if (per_token)
    return reward::TokenRewardFunction([call, on_ids](std::span<const reward::Episode> e) {
      return call_python<TokenScores>(*call, e, on_ids, "a list a sample, with one number a response token");
    });
  return reward::RewardFunction([call, on_ids](std::span<const reward::Episode> e) {
    return call_python<std::vector<double>>(*call, e, on_ids, "one number for each sample of the batch");
  });
}

/// A Reward, a reward model or a Python function.
reward::Reward to_reward(const py::object& x) {
  if (py::isinstance<reward::Reward>(x)) return py::cast<reward::Reward>(x);
  if (py::isinstance<reward::RewardModel>(x)) return reward::model_reward(py::cast<reward::RewardModel>(x));
  if (!py::isinstance<py::function>(x) && !PyCallable_Check(x.ptr()))
    detail::fail<ValueError>("reward", "it is nothing that scores answers", py::cast<std::string>(py::str(py::type::of(x))),
                             "a function, a Reward or a RewardModel");
  if (py::isinstance<py::function>(x)) return python_reward(py::reinterpret_borrow<py::function>(x), false, false);
  return python_reward(py::function(x.attr("__call__")), false, false);  // an object that can be called
}

/// Token ids as they are, texts by the tokenizer.
Prompts to_prompts(const char* function, const py::list& prompts, const text::Tokenizer* tokenizer) {
  Prompts out;
  for (const auto& p : prompts) {
    if (!py::isinstance<py::str>(p)) {
      out.push_back(py::cast<train::TokenIds>(p));
      continue;
    }
    if (!tokenizer) detail::fail<ValueError>(function, "a prompt is text", "no tokenizer", "token ids", "Give the trainer tokenizer=.");
    out.push_back(tokenizer->encode(py::cast<std::string>(p), false, true));
  }
  return out;
}

template <class C> ConfigClass<C>& policy_fields(ConfigClass<C>& c) {
  return c.field("batch_size", &C::batch_size, "prompts an iteration of train(), in seeded order; 0: all, as given")
      .field("num_generations", &C::num_generations, "answers to each prompt, a group")
      .field("max_new_tokens", &C::max_new_tokens, "")
      .field("min_new_tokens", &C::min_new_tokens, "so many tokens hold no stop id")
      .field("temperature", &C::temperature, "log-probs everywhere are at this temperature")
      .field("stop_ids", &C::stop_ids, "the answer ends with one of them")
      .field("normalize_rewards", &C::normalize_rewards, "none, batch or running: (score - mean) / std")
      .field("reward_scale", &C::reward_scale, "scores are multiplied by it")
      .field("reward_clip", &C::reward_clip, "then clipped to +- it; 0: off")
      .field("missing_eos", &C::missing_eos, "of an answer that was cut: subtract the penalty, or set the score to minus it")
      .field("missing_eos_penalty", &C::missing_eos_penalty, "")
      .field("kl_coef", &C::kl_coef, "")
      .field("kl_estimator", &C::kl_estimator, "k1, k2, k3, abs or full")
      .field("kl_in", &C::kl_in, "reward or loss")
      .field("kl_target", &C::kl_target, "nats; kl_coef follows it; 0: fixed")
      .field("kl_horizon", &C::kl_horizon, "answers")
      .field("kl_per", &C::kl_per, "what kl_target counts: sequence or token")
      .field("num_epochs", &C::num_epochs, "passes over each rollout")
      .field("mini_batch_size", &C::mini_batch_size, "answers an optimiser step; 0: all")
      .field("micro_batch_size", &C::micro_batch_size, "answers computed at once; 0: all. Does not change the result")
      .field("clip_range", &C::clip_range, "")
      .field("clip_range_high", &C::clip_range_high, "None: clip_range")
      .field("dual_clip", &C::dual_clip, "bound of the loss where the advantage is negative; None: off")
      .field("entropy_coef", &C::entropy_coef, "bonus")
      .field("target_kl", &C::target_kl, "an update whose approx_kl is above is not made and ends the iteration; 0: off")
      .field("aggregation", &C::aggregation, "token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm")
      .field("optimizer", &C::optimizer, "")
      .field("alarms", &C::alarms, "an AlarmConfig, of train()")
      .field("seed", &C::seed, "");
}

/// What the Python face of a policy trainer holds beside it.
template <class Trainer> struct Held {
  Trainer trainer;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  Held(Trainer t, const std::optional<text::Tokenizer>& given) : trainer(std::move(t)) {
    if (given) trainer.set_tokenizer(tokenizer = std::make_shared<const text::Tokenizer>(*given));
  }
};

/// Methods that all policy trainers have. step(trainer, prompts, responses, scores, lr_factor, token_scores)
template <class Trainer, class Class> void bind_trainer(Class& cls, const char* name) {
  using H = Held<Trainer>;
  cls.def(
         "generate",
         [name](const H& h, const py::list& prompts, py::object should_stop) {
           const auto ids = to_prompts(name, prompts, h.tokenizer.get());
           const auto run = run_options(py::none(), should_stop);
           py::gil_scoped_release release;
           return h.trainer.generate(ids, run);
         },
         py::arg("prompts"), py::arg("should_stop") = py::none(),
         "Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.")
      .def(
          "score",
          [name](const H& h, const py::list& prompts, const Answers& responses, const py::object& f) {
            const auto ids = to_prompts(name, prompts, h.tokenizer.get());
            const auto reward = to_reward(f);
            py::gil_scoped_release release;
            return train::score_answers(reward, ids, responses, h.tokenizer.get());
          },
          py::arg("prompts"), py::arg("responses"), py::arg("reward"), "What a reward gives these answers: Scores.")
      .def(
          "train",
          [name](H& h, const py::list& prompts, const py::object& f, std::int64_t iterations, py::object progress, py::object should_stop) {
            const auto ids = to_prompts(name, prompts, h.tokenizer.get());
            const auto run = run_options(progress, should_stop);
            const auto reward = to_reward(f);
            py::gil_scoped_release release;
            return h.trainer.train(ids, reward, iterations, run);
          },
          py::arg("prompts"), py::arg("reward"), py::arg("iterations"), py::arg("progress") = py::none(), py::arg("should_stop") = py::none(),
          "generate, score, step. reward(prompts, responses), two lists a batch of token ids, or of texts where there is a tokenizer -> one number a "
          "sample; or a Reward, or a RewardModel.")
      .def(
          "state", [](const H& h) { return h.trainer.state(); }, "Everything that decides the next iteration: give it to a new trainer as state=.")
      .def_property_readonly("policy", [](const H& h) { return h.trainer.policy(); })
      .def_property_readonly("config", [](const H& h) { return h.trainer.config(); })
      .def_property_readonly("iteration", [](const H& h) { return h.trainer.iteration(); });
}

/// What trainers with a reference have beside.
template <class Trainer, class Class> void bind_reference(Class& cls, const char* name) {
  using H = Held<Trainer>;
  cls.def(
         "examine",
         [name](const H& h, const py::list& prompts, const Answers& responses, const std::vector<double>& scores, const TokenScores& token_scores) {
           const auto ids = to_prompts(name, prompts, h.tokenizer.get());
           py::gil_scoped_release release;
           return h.trainer.examine(ids, responses, scores, token_scores);
         },
         py::arg("prompts"), py::arg("responses"), py::arg("scores"), py::arg("token_scores") = TokenScores(),
         "What step() would learn from, as a Rollout. Changes nothing.")
      .def_property_readonly("reference", [](const H& h) { return h.trainer.reference(); })
      .def_property_readonly("kl_coef", [](const H& h) { return h.trainer.kl_coef(); });
}

/// A trainer whose step takes no rehearsal.
template <class Trainer, class Config> auto group_trainer(py::module_& m, const char* name, const char* doc) {
  using H = Held<Trainer>;
  py::class_<H> cls(m, name, doc);
  cls.def(py::init([name](const std::optional<nn::Transformer>& policy, const Config& config, const std::optional<nn::Transformer>& reference,
                          const std::optional<text::Tokenizer>& tokenizer, const std::optional<train::PolicyState>& state) {
            if (state) return H(Trainer(*state, config), tokenizer);
            if (!policy) detail::fail<ValueError>(name, "there is nothing to train", "neither policy nor state", "one of them");
            return H(Trainer(*policy, reference ? *reference : *policy, config), tokenizer);
          }),
          py::arg("policy") = py::none(), py::arg("config") = Config(), py::arg("reference") = py::none(), py::arg("tokenizer") = py::none(),
          py::arg("state") = py::none())
      .def(
          "step",
          [name](H& h, const py::list& prompts, const Answers& responses, const std::vector<double>& scores, const TokenScores& token_scores,
                 double lr_factor) {
            const auto ids = to_prompts(name, prompts, h.tokenizer.get());
            py::gil_scoped_release release;
            return h.trainer.step(ids, responses, scores, lr_factor, token_scores);
          },
          py::arg("prompts"), py::arg("responses"), py::arg("scores"), py::arg("token_scores") = TokenScores(), py::arg("lr_factor") = 1.0,
          "Learns from the answers that generate() gave to the prompts and their scores.");
  bind_trainer<Trainer>(cls, name);
  bind_reference<Trainer>(cls, name);
  return cls;
}

void bind_rewards(py::module_& m) {
  py::class_<reward::Scores>(m, "Scores", "What answers earned: for the whole, for their tokens, and from each part of the reward.")
      .def_readonly("sequence", &reward::Scores::sequence)
      .def_readonly("tokens", &reward::Scores::tokens)
      .def_readonly("parts", &reward::Scores::parts);
  py::class_<reward::Reward>(m, "Reward", "A reward function, or a weighted sum of several.")
      .def(
          py::init([](const py::object& f, bool per_token, bool on_ids) {
            if (f.is_none()) return reward::Reward();
            if (!per_token && !on_ids) return to_reward(f);
            return python_reward(py::function(f), per_token, on_ids);
          }),
          py::arg("function") = py::none(), py::arg("per_token") = false, py::arg("on_ids") = false,
          "function(prompts, responses); per_token: it returns a list a sample, one number a response token; on_ids: it is given ids, also where the "
          "trainer has a tokenizer. None: an empty sum.")
      .def_static(
          "native", [](std::uintptr_t address) { return reward::Reward(reward::native_reward(reinterpret_cast<reward::NativeReward>(address))); },
          py::arg("address"), "A compiled function void(const tutelage::reward::NativeEpisodes*, double*), called without the GIL.")
      .def(
          "add",
          [](reward::Reward& r, const std::string& name, const py::object& part, double weight) { return r.add(name, to_reward(part), weight); },
          py::arg("name"), py::arg("reward"), py::arg("weight") = 1.0, "Adds a part to the sum.")
      .def_property_readonly("names", [](const reward::Reward& r) {
        std::vector<std::string> names;
        for (const auto& p : r.parts) names.push_back(p.name);
        return names;
      });
}

void bind_numbers(py::module_& m) {
  using S = train::PolicyStats;
  py::class_<S> stats(m, "PolicyStats",
                      "One iteration of PPO, RLOO, GRPO or rejection sampling in numbers; docs/algorithms/metrics.md defines each.");
  stats.def_readonly("alarms", &S::alarms, "All that train() has seen up to here.");
  stats.def_readonly("warnings", &S::warnings, "What looks wrong, with the likely cause; each once a trainer.").def("metrics", [](const S& s) {
    py::dict d;
    for (const auto& [name, value] : s.metrics()) d[name.c_str()] = value;
    return d;
  });
  for (const auto& [name, value] : S().metrics())
    stats.def_property_readonly(name.c_str(), [name = name](const S& s) {
      for (const auto& [n, v] : s.metrics())
        if (n == name) return v;
      return 0.0;
    });
  using R = train::Rollout;
  py::class_<R> rollout(m, "Rollout", "What is known of the answers of a step; flat over their tokens, answer i has [offsets[i], offsets[i + 1]).");
  rollout.def_readonly("offsets", &R::offsets).def_readonly("scores", &R::scores).def_readonly("kl_sums", &R::kl_sums);
  const std::pair<const char*, std::vector<float> R::*> arrays[] = {{"old_logprobs", &R::old_logprobs},
                                                                    {"ref_logprobs", &R::ref_logprobs},
                                                                    {"kl", &R::kl},
                                                                    {"rewards", &R::rewards},
                                                                    {"values", &R::values},
                                                                    {"advantages", &R::advantages},
                                                                    {"returns", &R::returns}};
  for (const auto& [name, member] : arrays)
    rollout.def_property_readonly(
        name, [member = member](const R& r) { return py::array_t<float>(static_cast<py::ssize_t>((r.*member).size()), (r.*member).data()); });
  py::class_<train::PolicyState> policy_state(m, "PolicyState");
  bind_checkpoints(policy_state);
  policy_state.def_readonly("policy", &train::PolicyState::policy)
      .def_readonly("reference", &train::PolicyState::reference)
      .def_readonly("iteration", &train::PolicyState::iteration)
      .def_readonly("kl_coef", &train::PolicyState::kl_coef);
  py::class_<train::PPOState> ppo_state(m, "PPOState");
  bind_checkpoints(ppo_state);
  ppo_state.def_property_readonly("policy", [](const train::PPOState& s) { return s.model.policy; })
      .def_readonly("reference", &train::PPOState::reference)
      .def_readonly("iteration", &train::PPOState::iteration)
      .def_readonly("kl_coef", &train::PPOState::kl_coef);
}

}  // namespace

void bind_policy_configs(py::module_& m) {
  using P = train::PPOConfig;
  ConfigClass<P> ppo(m, "PPOConfig", "PPO with a KL penalty to the starting policy.");
  policy_fields(ppo)
      .field("gamma", &P::gamma, "")
      .field("gae_lambda", &P::gae_lambda, "")
      .field("bootstrap_truncated", &P::bootstrap_truncated, "the value after an answer that was cut stands for what was cut off")
      .field("whiten_rewards", &P::whiten_rewards, "token rewards, their mean kept")
      .field("whiten_advantages", &P::whiten_advantages, "")
      .field("whiten_keep_mean", &P::whiten_keep_mean, "of advantages")
      .field("whiten_ddof", &P::whiten_ddof, "0 or 1")
      .field("whiten_scope", &P::whiten_scope, "of advantages: rollout or mini_batch")
      .field("clip_range_value", &P::clip_range_value, "")
      .field("vf_coef", &P::vf_coef, "")
      .field("value_head_std", &P::value_head_std, "0: zeros")
      .field("separate_critic", &P::separate_critic, "values have a transformer of their own")
      .field("critic_warmup", &P::critic_warmup, "iterations in which the critic alone learns")
      .field("ptx_coef", &P::ptx_coef, "weight of the rehearsal loss")
      .done();
  ConfigClass<train::RLOOConfig> rloo(m, "RLOOConfig", "REINFORCE with the other answers to a prompt as the baseline.");
  policy_fields(rloo).field("normalize_advantages", &train::RLOOConfig::normalize_advantages, "over the step").done();
  ConfigClass<train::GRPOConfig> grpo(m, "GRPOConfig", "Advantages relative to the answers to the same prompt, KL in the loss.");
  policy_fields(grpo).field("scale_rewards", &train::GRPOConfig::scale_rewards, "group or none").done();
  ConfigClass<train::RejectionConfig> rejection(m, "RejectionConfig", "The best of several answers become supervised data.");
  policy_fields(rejection).field("threshold", &train::RejectionConfig::threshold, "answers that score less are not learnt; None: all").done();
}

void bind_policy(py::module_& m) {
  bind_rewards(m);
  bind_numbers(m);
  using train::PPOTrainer;
  using H = Held<PPOTrainer>;
  py::class_<H> ppo(m, "PPOTrainer", "PPO; the reference is the policy as given where none is. critic: a RewardModel that values start from.");
  ppo.def(py::init([](const std::optional<nn::Transformer>& policy, const train::PPOConfig& config, const std::optional<nn::Transformer>& reference,
                      const std::optional<reward::RewardModel>& critic, const std::optional<text::Tokenizer>& tokenizer,
                      const std::optional<train::PPOState>& state) {
            if (state) return H(PPOTrainer(*state, config), tokenizer);
            if (!policy) detail::fail<ValueError>("PPOTrainer", "there is nothing to train", "neither policy nor state", "one of them");
            const auto& other = reference ? *reference : *policy;
            return H(critic ? PPOTrainer(*policy, other, config, *critic) : PPOTrainer(*policy, other, config), tokenizer);
          }),
          py::arg("policy") = py::none(), py::arg("config") = train::PPOConfig(), py::arg("reference") = py::none(), py::arg("critic") = py::none(),
          py::arg("tokenizer") = py::none(), py::arg("state") = py::none())
      .def(
          "step",
          [](H& h, const py::list& prompts, const Answers& responses, const std::vector<double>& scores, const std::vector<text::Example>& rehearsal,
             const TokenScores& token_scores, double lr_factor) {
            const auto ids = to_prompts("PPOTrainer.step", prompts, h.tokenizer.get());
            py::gil_scoped_release release;
            return h.trainer.step(ids, responses, scores, rehearsal, lr_factor, token_scores);
          },
          py::arg("prompts"), py::arg("responses"), py::arg("scores"), py::arg("rehearsal") = std::vector<text::Example>(),
          py::arg("token_scores") = TokenScores(), py::arg("lr_factor") = 1.0,
          "Learns from the answers that generate() gave to the prompts and their scores.")
      .def_property_readonly(
          "value_head", [](const H& h) { return std::pair(h.trainer.model().value_head.weight, h.trainer.model().value_head.bias); },
          "Weight (1, C) and bias (1).");
  bind_trainer<PPOTrainer>(ppo, "PPOTrainer");
  bind_reference<PPOTrainer>(ppo, "PPOTrainer");
  group_trainer<train::RLOOTrainer, train::RLOOConfig>(m, "RLOOTrainer", "RLOO; the reference is the policy as given where none is.");
  group_trainer<train::GRPOTrainer, train::GRPOConfig>(m, "GRPOTrainer", "GRPO; the reference is the policy as given where none is.");
  using train::RejectionTrainer;
  using HR = Held<RejectionTrainer>;
  py::class_<HR> rejection(m, "RejectionTrainer", "Rejection sampling: fine-tuning on the best of num_generations answers.");
  rejection
      .def(py::init([](const std::optional<nn::Transformer>& policy, const train::RejectionConfig& config,
                       const std::optional<text::Tokenizer>& tokenizer, const std::optional<train::PolicyState>& state) {
             if (state) return HR(RejectionTrainer(*state, config), tokenizer);
             if (!policy) detail::fail<ValueError>("RejectionTrainer", "there is nothing to train", "neither policy nor state", "one of them");
             return HR(RejectionTrainer(*policy, config), tokenizer);
           }),
           py::arg("policy") = py::none(), py::arg("config") = train::RejectionConfig(), py::arg("tokenizer") = py::none(),
           py::arg("state") = py::none())
      .def(
          "step",
          [](HR& h, const py::list& prompts, const Answers& responses, const std::vector<double>& scores, double lr_factor) {
            const auto ids = to_prompts("RejectionTrainer.step", prompts, h.tokenizer.get());
            py::gil_scoped_release release;
            return h.trainer.step(ids, responses, scores, lr_factor);
          },
          py::arg("prompts"), py::arg("responses"), py::arg("scores"), py::arg("lr_factor") = 1.0, "Learns the best answer to each prompt.");
  bind_trainer<RejectionTrainer>(rejection, "RejectionTrainer");
  py::class_<train::BestAnswer>(m, "BestAnswer", "The best of several answers to a prompt; rank: its number among them.")
      .def_readonly("answer", &train::BestAnswer::answer)
      .def_readonly("score", &train::BestAnswer::score)
      .def_readonly("rank", &train::BestAnswer::rank);
  m.def(
      "shuffled", [](std::int64_t n, std::uint64_t seed, std::int64_t number) { return train::shuffled(n, seed, number); }, py::arg("n"),
      py::arg("seed"), py::arg("number"), "The order in which trainers take n items in pass `number` over them.");
  m.def("prompt_places", &train::prompt_places, py::arg("n"), py::arg("batch_size"), py::arg("iteration"), py::arg("seed"),
        "Which of n prompts an iteration asks: batch_size of them, one run after the other through seeded orders of all; 0: all, as given.");
  m.def(
      "best_of_n",
      [](const nn::Transformer& policy, const py::list& prompts, const py::object& f, const train::RejectionConfig& config,
         const std::optional<text::Tokenizer>& tokenizer) {
        const auto ids = to_prompts("best_of_n", prompts, tokenizer ? &*tokenizer : nullptr);
        const auto reward = to_reward(f);
        config.validate();
        py::gil_scoped_release release;
        return train::best_of_n(policy, config, ids, reward, tokenizer ? &*tokenizer : nullptr);
      },
      py::arg("policy"), py::arg("prompts"), py::arg("reward"), py::arg("config") = train::RejectionConfig(), py::arg("tokenizer") = py::none(),
      "Samples config.num_generations answers to each prompt and keeps the one with the highest score.");
}
