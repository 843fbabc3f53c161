#pragma once
#include <cstdint>

#include <tutelage/nn/transformer.hpp>

/// In second.cpp: two translation units see the same templates and inline functions.
std::int64_t count_parameters(const tutelage::nn::Transformer& model);
/// Adds the bytes of every parameter to an FNV-1a hash.
std::uint64_t hash_parameters(const tutelage::nn::Transformer& model, std::uint64_t hash);

inline std::uint64_t hash_bytes(const void* bytes, std::int64_t size, std::uint64_t hash) {
  for (std::int64_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 1099511628211u;
  return hash;
}
