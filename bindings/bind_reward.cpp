#include "checkpoints.hpp"
#include "tutelage/train/reward.hpp"

using namespace tutelage;

void bind_reward(py::module_& m) {
  using Sequences = std::vector<std::vector<std::int32_t>>;
  py::class_<train::Pair>(m, "Pair", "Two answers to one prompt, whole sequences of token ids; `probability` that the first is the better one.")
      .def(py::init([](std::vector<std::int32_t> chosen, std::vector<std::int32_t> rejected, double probability, double weight) {
             return train::Pair{std::move(chosen), std::move(rejected), probability, weight};
           }),
           py::arg("chosen"), py::arg("rejected"), py::arg("probability") = 1.0, py::arg("weight") = 1.0)
      .def_readonly("chosen", &train::Pair::chosen)
      .def_readonly("rejected", &train::Pair::rejected)
      .def_readonly("probability", &train::Pair::probability)
      .def_readonly("weight", &train::Pair::weight);
  using reward::RewardModel;
  py::class_<RewardModel>(m, "RewardModel",
                          "A transformer with one output: the score of a sequence is the head at its last token, times gain plus bias.")
      .def(py::init<const nn::Transformer&, std::uint64_t>(), py::arg("trunk"), py::arg("seed") = 0,
           "The trunk starts from a language model, the head from N(0, 1 / sqrt(C + 1)).")
      .def(
          "score", [](const RewardModel& r, const Sequences& s) { return r.score(to_batch(s)); }, py::arg("sequences"),
          "One score a sequence of token ids.", py::call_guard<py::gil_scoped_release>())
      .def(
          "calibrated",
          [](RewardModel r, const Sequences& s) {
            r.calibrate(to_batch(s));
            return r;
          },
          py::arg("sequences"), "This model with gain and bias so that `sequences` score with mean 0 and variance 1.")
      .def_property_readonly("trunk", [](const RewardModel& r) { return r.net.trunk; })
      .def_property_readonly("head_weight", [](const RewardModel& r) { return r.net.head.weight; })
      .def_property_readonly("head_bias", [](const RewardModel& r) { return r.net.head.bias; })
      .def(
          "with_head",
          [](RewardModel r, const Tensor& weight, const Tensor& bias) {
            const auto check = [](const char* name, const Tensor& got, const Tensor& now) {
              if (!(got.shape() == now.shape()))
                detail::fail<ShapeError>("RewardModel.with_head", std::string(name) + " has the wrong shape", got.shape().str(), now.shape().str());
            };
            check("weight", weight, r.net.head.weight), check("bias", bias, r.net.head.bias);
            r.net.head.weight = weight, r.net.head.bias = bias;
            return r;
          },
          py::arg("weight"), py::arg("bias"), "The same trunk with another head: weight (1, C), bias (1).")
      .def(
          "save",
          [](const RewardModel& r, const std::string& folder) {
            io::Checkpoint c;
            io::put(c, "kind", std::string("reward model"));
            io::put(c, "trunk", r.net.trunk), io::put(c, "head", r.net.head), io::put(c, "gain", r.gain), io::put(c, "bias", r.bias);
            io::save_checkpoint(folder, c);
          },
          py::arg("folder"), py::call_guard<py::gil_scoped_release>(), "Writes a checkpoint, whole or not at all.")
      .def_static(
          "load",
          [](const std::string& folder) {
            const auto c = io::load_checkpoint(folder);
            std::string kind;
            io::get(c, "kind", kind);
            if (kind != "reward model") detail::fail<IoError>("RewardModel.load", folder + " holds something else", kind, "reward model");
            RewardModel r;
            io::get(c, "trunk", r.net.trunk), io::get(c, "head", r.net.head), io::get(c, "gain", r.gain), io::get(c, "bias", r.bias);
            return r;
          },
          py::arg("folder"), py::call_guard<py::gil_scoped_release>())
      .def_readwrite("gain", &RewardModel::gain)
      .def_readwrite("bias", &RewardModel::bias);
  using reward::RewardEnsemble;
  py::class_<RewardEnsemble>(m, "RewardEnsemble",
                             "Reward models that saw different resamples of the same judgements; where they differ, nobody knows yet.")
      .def(
          "score", [](const RewardEnsemble& e, const Sequences& s) { return e.score(to_batch(s)); }, py::arg("sequences"),
          "The members' mean score of each sequence of token ids; mean 0 and variance 1 on the pairs it was fitted to.",
          py::call_guard<py::gil_scoped_release>())
      .def(
          "member_scores", [](const RewardEnsemble& e, const Sequences& s) { return e.member_scores(to_batch(s)); }, py::arg("sequences"),
          "Each member's scores: members x sequences.", py::call_guard<py::gil_scoped_release>());
  m.def(
      "fit_ensemble",
      [](const nn::Transformer& trunk, const std::vector<train::Pair>& pairs, std::int64_t members, const train::RewardConfig& config,
         py::object progress, py::object should_stop) {
        const auto run = run_options(progress, should_stop);
        py::gil_scoped_release release;
        return train::fit_ensemble(trunk, pairs, members, config, run);
      },
      py::arg("trunk"), py::arg("pairs"), py::arg("members") = 3, py::arg("config") = train::RewardConfig(), py::arg("progress") = py::none(),
      py::arg("should_stop") = py::none(), "Bradley-Terry reward models from one trunk, each with its own head and its own resample of the pairs.");
  m.def(
      "pair_accuracy", [](const RewardEnsemble& e, const std::vector<train::Pair>& pairs) { return train::pair_accuracy(e, pairs); },
      py::arg("ensemble"), py::arg("pairs"), "Share of pairs whose chosen sequence scores higher; equal scores count one half.",
      py::call_guard<py::gil_scoped_release>());
}
