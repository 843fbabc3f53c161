#pragma once
// A trainer stopped and gone on with.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <tutelage/tutelage.hpp>

namespace one_result {

using namespace tutelage;

inline std::string exactly(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%a", x);
  return text;
}

/// A trainer that is read from the file which the other was written to.
inline std::unique_ptr<train::PPOTrainer> resumed(const train::PPOTrainer& trainer, const train::PPOConfig& config, const nn::Transformer& fresh) {
  const std::string path = (std::filesystem::temp_directory_path() / ("one_result." + std::to_string(getpid()) + ".safetensors")).string();
  const auto visit = [](train::PPOState& state, const auto& f) {
    state.model.visit([&](const std::string& name, Tensor& t) { f("model." + name, t); });
    state.reference.visit([&](const std::string& name, Tensor& t) { f("reference." + name, t); });
    for (std::size_t i = 0; i < state.optimizer.m.size(); ++i) {
      f("m." + std::to_string(i), state.optimizer.m[i]);
      f("v." + std::to_string(i), state.optimizer.v[i]);
    }
  };
  {
    auto state = trainer.state();
    io::SafeTensors file;
    visit(state, [&](const std::string& name, const Tensor& t) { file.tensors[name] = t; });
    file.metadata = {{"iteration", std::to_string(state.iteration)},
                     {"step", std::to_string(state.optimizer.step)},
                     {"moments", std::to_string(state.optimizer.m.size())},
                     {"beta1_power", exactly(state.optimizer.beta1_power)},
                     {"beta2_power", exactly(state.optimizer.beta2_power)}};
    io::write_safetensors(path, file);
  }
  auto file = io::read_safetensors(path);
  std::filesystem::remove(path);
  train::PPOState state{{fresh, nn::ScalarHead<float>(fresh.config.hidden_size)}, fresh, {}, std::stoll(file.metadata.at("iteration"))};
  state.optimizer.step = std::stoll(file.metadata.at("step"));
  state.optimizer.beta1_power = std::strtod(file.metadata.at("beta1_power").c_str(), nullptr);
  state.optimizer.beta2_power = std::strtod(file.metadata.at("beta2_power").c_str(), nullptr);
  state.optimizer.m.resize(std::stoul(file.metadata.at("moments")));
  state.optimizer.v.resize(state.optimizer.m.size());
  visit(state, [&](const std::string& name, Tensor& t) { t = file.tensors.at(name); });
  return std::make_unique<train::PPOTrainer>(std::move(state), config);
}

}  // namespace one_result
