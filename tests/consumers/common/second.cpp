#include "consumer.hpp"

#include <tutelage/tutelage.hpp>

std::int64_t count_parameters(const tutelage::nn::Transformer& model) {
  std::int64_t count = 0;
  model.visit([&](const std::string&, const tutelage::Tensor& t) { count += t.size(); });
  return count;
}

std::uint64_t hash_parameters(const tutelage::nn::Transformer& model, std::uint64_t hash) {
  model.visit([&](const std::string&, const tutelage::Tensor& t) { hash = hash_bytes(t.data(), t.size() * 4, hash); });
  return hash;
}
