#pragma once
// A trainer stopped and gone on with.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include <tutelage/tutelage.hpp>

namespace one_result {

using namespace tutelage;

/// A trainer that is read from the checkpoint which the other was written to.
inline std::unique_ptr<train::PPOTrainer> resumed(const train::PPOTrainer& trainer, const train::PPOConfig& config) {
  const std::string path = (std::filesystem::temp_directory_path() / ("one_result." + std::to_string(getpid()))).string();
  io::save_checkpoint(path, io::to_checkpoint(trainer.state()));
  auto state = io::from_checkpoint<train::PPOState>(io::load_checkpoint(path));
  std::filesystem::remove_all(path);
  return std::make_unique<train::PPOTrainer>(std::move(state), config);
}

}  // namespace one_result
