#include <numeric>

#include "checkpoints.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/train/reward.hpp"

using namespace tutelage;

namespace {
constexpr const char* kRewardModel = "reward model";
}

void bind_runs(py::module_& m) {
  m.def(
      "load_checkpoint",
      [](const std::string& folder) {
        auto c = [&] {
          py::gil_scoped_release release;
          return io::load_checkpoint(folder);
        }();
        return std::pair(std::move(c.tensors), std::move(c.notes));
      },
      py::arg("folder"), "The tensors and notes of a checkpoint, which is whole or an IoError.");
  m.def(
      "save_checkpoint",
      [](const std::string& folder, const std::map<std::string, Tensor>& tensors, const std::map<std::string, std::string>& notes) {
        io::save_checkpoint(folder, {tensors, notes});
      },
      py::arg("folder"), py::arg("tensors"), py::arg("notes") = std::map<std::string, std::string>(), py::call_guard<py::gil_scoped_release>(),
      "Writes a folder with checksums, whole or not at all.");
  m.def(
      "_shuffled",
      [](std::size_t n, std::uint64_t seed, std::uint32_t epoch) {
        std::vector<std::int64_t> order(n);
        std::iota(order.begin(), order.end(), 0);
        Rng(seed, Purpose::kShuffle, 0, epoch).shuffle(order);
        return order;
      },
      py::arg("n"), py::arg("seed"), py::arg("epoch"), "The order in which an epoch visits n items, as the trainers have it.");

  m.def(
      "_nearest", [](const std::string& word, const std::vector<std::string>& known) { return detail::nearest(word, known.data(), known.size()); },
      py::arg("word"), py::arg("known"), "The nearest of `known` by edit distance, or an empty text.");

  using Sequences = std::vector<std::vector<std::int32_t>>;
  using Model = reward::RewardModel;
  py::class_<Model>(m, "RewardModel", "A transformer with one output: the score of a sequence is the head at its last token.")
      .def(py::init<const nn::Transformer&, std::uint64_t>(), py::arg("trunk"), py::arg("seed") = 0)
      .def(
          "score", [](const Model& r, const Sequences& s) { return r.score(to_batch(s)); }, py::arg("sequences"), "One number a sequence of ids.",
          py::call_guard<py::gil_scoped_release>())
      .def(
          "calibrate", [](Model& r, const Sequences& s) { r.calibrate(to_batch(s)); }, py::arg("sequences"),
          "Scales the scores so that those of `sequences` have mean 0 and variance 1.", py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("trunk", [](const Model& r) { return r.net.trunk; })
      .def(
          "save",
          [](const Model& r, const std::string& folder) {
            io::Checkpoint c;
            c.notes["kind"] = kRewardModel;
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
            if (kind != kRewardModel) detail::fail<IoError>("RewardModel.load", folder + " holds something else", kind, kRewardModel);
            Model r;
            io::get(c, "trunk", r.net.trunk), io::get(c, "head", r.net.head), io::get(c, "gain", r.gain), io::get(c, "bias", r.bias);
            return r;
          },
          py::arg("folder"), py::call_guard<py::gil_scoped_release>());
  with_checkpoints<train::RewardState, train::RewardConfig>(py::class_<train::RewardTrainer>(m, "RewardTrainer", "Bradley-Terry from pairs."))
      .def(py::init<Model, train::RewardConfig>(), py::arg("model"), py::arg("config") = train::RewardConfig())
      .def(
          "step", [](train::RewardTrainer& t, const std::vector<train::Pair>& p) { return t.step(p); }, py::arg("pairs"),
          py::call_guard<py::gil_scoped_release>())
      .def(
          "train",
          [](train::RewardTrainer& t, const std::vector<train::Pair>& p, py::object progress, py::object should_stop) {
            const auto run = run_options(progress, should_stop);
            py::gil_scoped_release release;
            return t.train(p, run);
          },
          py::arg("pairs"), py::arg("progress") = py::none(), py::arg("should_stop") = py::none())
      .def_property_readonly("position", &train::RewardTrainer::position, "Steps that a train() under way has done.")
      .def_property_readonly("model", &train::RewardTrainer::model);
}
