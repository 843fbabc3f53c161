#pragma once
#include <cstdint>

/// The binary interface of DLPack 1.0, as far as it concerns arrays in main memory: what a capsule points to.
/// Source: https://dmlc.github.io/dlpack/latest, "C API" and "Python Specification for DLPack".
namespace dlpack {

constexpr std::int32_t kCpu = 1;
constexpr std::uint8_t kFloat = 2;
constexpr std::uint64_t kReadOnly = 1, kIsCopied = 2;

struct Device {
  std::int32_t type, id;
};
struct DataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct Array {
  void* data;
  Device device;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t *shape, *strides;  // strides in elements; null in old versions: compact
  std::uint64_t byte_offset;
};
/// Up to version 0.8: nothing says that it is read-only.
struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
  static constexpr const char *kName = "dltensor", *kUsed = "used_dltensor";
};
struct ManagedVersioned {
  struct {
    std::uint32_t major, minor;
  } version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  std::uint64_t flags;
  Array array;
  static constexpr const char *kName = "dltensor_versioned", *kUsed = "used_dltensor_versioned";
};

}  // namespace dlpack
