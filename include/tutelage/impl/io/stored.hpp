#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/parallel.hpp"
#include "tutelage/impl/io/mapped.hpp"
#include "tutelage/tensor/tensor.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// How the numbers of a weight lie in a file. kOther: something that is no weight, known by its name alone.
enum class Stored { kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1, kOther };

/// Numbers and bytes of one block: 32 numbers share a scale where they are quantised.
struct StoredBlock {
  std::int64_t numbers, bytes;
};
inline StoredBlock stored_block(Stored type) {
  switch (type) {
    case Stored::kF32:
      return {1, 4};
    case Stored::kF16:
    case Stored::kBF16:
      return {1, 2};
    case Stored::kQ8_0:
      return {32, 34};
    case Stored::kQ4_0:
      return {32, 18};
    case Stored::kQ4_1:
      return {32, 20};
    default:
      return {1, 1};
  }
}

/// A tensor in a mapped file, whose extent has been checked against the file.
struct StoredTensor {
  Stored type = Stored::kOther;
  std::string type_name;  // as the file has it
  Shape shape;            // row-major
  const char* data = nullptr;
};

/// The tensors of a model's files, not yet converted; they live as long as the mappings.
struct StoredTensors {
  std::vector<std::shared_ptr<const MappedFile>> files;
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string where;  // the file, or the index of several
};

inline float from_half(std::uint16_t h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) {  // zero and subnormals: a multiple of 2^-24, exact
    const float x = static_cast<float>(fraction) * 5.9604644775390625e-08f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) | sign);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

inline float half_at(const char* p) {
  std::uint16_t h;
  std::memcpy(&h, p, 2);
  return from_half(h);
}

/// Numbers [begin, begin + n) of a tensor as float32; both multiples of the block. A block of Q8_0 is scale, 32 signed bytes: q d. Q4_0: scale, 16
/// bytes whose low halves are numbers 0 to 15 and whose high ones 16 to 31: (q - 8) d. Q4_1: scale, least number, 16 bytes likewise: q d + m.
/// Source: the GGUF specification and ggml's block layouts.
inline void convert(const StoredTensor& from, std::int64_t begin, std::int64_t n, float* to) {
  const auto block = stored_block(from.type);
  const char* p = from.data + begin / block.numbers * block.bytes;
  switch (from.type) {
    case Stored::kF32:
      std::memcpy(to, p, static_cast<std::size_t>(n) * 4);
      return;
    case Stored::kF16:
      for (std::int64_t i = 0; i < n; ++i) to[i] = half_at(p + 2 * i);
      return;
    case Stored::kBF16:
      for (std::int64_t i = 0; i < n; ++i) {
        std::uint16_t h;
        std::memcpy(&h, p + 2 * i, 2);
        to[i] = std::bit_cast<float>(static_cast<std::uint32_t>(h) << 16);
      }
      return;
    case Stored::kQ8_0:
      for (std::int64_t i = 0; i < n; i += 32, p += 34) {
        const float d = half_at(p);
        for (int k = 0; k < 32; ++k) to[i + k] = static_cast<float>(static_cast<signed char>(p[2 + k])) * d;
      }
      return;
    case Stored::kQ4_0:
      for (std::int64_t i = 0; i < n; i += 32, p += 18) {
        const float d = half_at(p);
        for (int k = 0; k < 16; ++k) {
          const int q = static_cast<unsigned char>(p[2 + k]);
          to[i + k] = static_cast<float>((q & 15) - 8) * d;
          to[i + 16 + k] = static_cast<float>((q >> 4) - 8) * d;
        }
      }
      return;
    case Stored::kQ4_1:
      for (std::int64_t i = 0; i < n; i += 32, p += 20) {
        const float d = half_at(p), m = half_at(p + 2);
        for (int k = 0; k < 16; ++k) {
          const int q = static_cast<unsigned char>(p[4 + k]);
          to[i + k] = static_cast<float>(q & 15) * d + m;
          to[i + 16 + k] = static_cast<float>(q >> 4) * d + m;
        }
      }
      return;
    default:
      return;  // refused before
  }
}

/// Refuses what is no weight, by its type's name. @throws IoError
inline void must_be_weight(const char* function, const std::string& where, const std::string& name, const StoredTensor& t) {
  if (t.type == Stored::kOther)
    detail::fail<IoError>(function, where + ": tensor " + name + " has another type", t.type_name, "F32, F16, BF16, or in GGUF Q8_0, Q4_0, Q4_1");
}

/// The tensor as float32, converted by all threads.
inline Tensor to_tensor(const StoredTensor& from) {
  auto t = Tensor::uninitialized(from.shape);
  if (t.size() == 0) return t;
  float* to = t.mutable_data();
  const std::int64_t step = 1 << 14, n = t.size();
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) convert(from, i * step, std::min(step, n - i * step), to + i * step);
  };
  parallel_for((n + step - 1) / step, 8, body);
  return t;
}

}  // namespace io::detail_

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
