#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tutelage/base/fail.hpp"
#include "tutelage/nn/head.hpp"
#include "tutelage/optim/adamw.hpp"

TUTELAGE_BEGIN

namespace io {

/// What a stopped run goes on from: tensors by name, and all else as text.
struct Checkpoint {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> notes;
};

/// A folder of state.safetensors and manifest.json, which holds the format's number and the size and SHA-256 of the other: whole or not at all. All
/// is written and synced in `.<name>.tmp` beside it, which is then renamed; a checkpoint that is there is exchanged with it in one step. Tensors that
/// share their memory are written once, and share it again when they are read.
/// @throws IoError, also where the folder is there and is no checkpoint; what was there is kept. ValueError for a name that is not UTF-8
/// Cost: each byte is written and hashed once. Checked by: test_checkpoint.cpp, test_checkpoint_kills.py
void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint);

/// @throws IoError naming what is missing, cut, changed (by its checksum) or of a newer format
Checkpoint load_checkpoint(const std::string& folder);

/// Puts a part of a trainer's state into a checkpoint, under a name, and takes it out again. Floats keep their bits.
/// @throws IoError where the part is not there, or is no such thing
void put(Checkpoint& to, const std::string& name, const std::string& text);
void put(Checkpoint& to, const std::string& name, std::int64_t number);
void put(Checkpoint& to, const std::string& name, double number);
void put(Checkpoint& to, const std::string& name, std::optional<double> number);
void put(Checkpoint& to, const std::string& name, const Tensor& tensor);
void put(Checkpoint& to, const std::string& name, const nn::Transformer& model);  // with its configuration and its adapter; one without blocks too
void put(Checkpoint& to, const std::string& name, const nn::ScalarHead<float>& head);
void put(Checkpoint& to, const std::string& name, const optim::AdamWState<float>& state);
void get(const Checkpoint& from, const std::string& name, std::string& text);
void get(const Checkpoint& from, const std::string& name, std::int64_t& number);
void get(const Checkpoint& from, const std::string& name, double& number);
void get(const Checkpoint& from, const std::string& name, std::optional<double>& number);
void get(const Checkpoint& from, const std::string& name, Tensor& tensor);
void get(const Checkpoint& from, const std::string& name, nn::Transformer& model);
void get(const Checkpoint& from, const std::string& name, nn::ScalarHead<float>& head);
void get(const Checkpoint& from, const std::string& name, optim::AdamWState<float>& state);

/// A state names its parts once, in visit(f), which calls f(name, part) for each; State::kKind is the trainer's word.
template <class State> Checkpoint to_checkpoint(const State& state) {
  Checkpoint checkpoint;
  checkpoint.notes["kind"] = State::kKind;
  state.visit([&](const char* name, const auto& part) { put(checkpoint, name, part); });
  return checkpoint;
}
/// @throws IoError for a checkpoint of another trainer
template <class State> State from_checkpoint(const Checkpoint& checkpoint) {
  const auto kind = checkpoint.notes.find("kind");
  if (kind == checkpoint.notes.end() || kind->second != State::kKind)
    detail::fail<IoError>("from_checkpoint", "the checkpoint is another trainer's", kind == checkpoint.notes.end() ? "no kind" : kind->second,
                          State::kKind);
  State state;
  state.visit([&](const char* name, auto& part) { get(checkpoint, name, part); });
  return state;
}

}  // namespace io

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/io/checkpoint.ipp"
#include "tutelage/impl/io/checkpoint_parts.ipp"
#endif
