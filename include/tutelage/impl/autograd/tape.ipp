#pragma once
#include <algorithm>

#include "tutelage/autograd/tape.hpp"
#include "tutelage/base/fail.hpp"
#include "tutelage/impl/kernels/launch.hpp"

TUTELAGE_BEGIN

namespace autograd {

template <class T> std::vector<std::int32_t> RowGradient<T>::slots(std::span<const std::int32_t> ids, const Shape& table) {
  if (slot_.empty()) slot_.assign(static_cast<std::size_t>(table[0]), -1);
  const std::size_t before = rows_.size();
  std::vector<std::int32_t> slots;
  slots.reserve(ids.size());
  for (const auto id : ids) {
    auto& slot = slot_[static_cast<std::size_t>(id)];
    if (slot < 0) {
      slot = static_cast<std::int32_t>(rows_.size());
      rows_.push_back(id);
    }
    slots.push_back(slot);
  }
  if (rows_.size() > before) {
    BasicTensor<T> grown(Shape{static_cast<std::int64_t>(rows_.size()), table[1]});
    std::copy_n(values_.data(), values_.size(), grown.mutable_data());
    values_ = std::move(grown);
  }
  return slots;
}

template <class T> void RowGradient<T>::add_to(T* to) const {
  const std::int64_t c = values_.dim(1);
  for (std::size_t i = 0; i < rows_.size(); ++i)
    kernels::add_scaled(T(1), values_.data() + static_cast<std::int64_t>(i) * c, to + std::int64_t{rows_[i]} * c, c);
}

template <class T> bool tape_open(const Tape<T>& tape) { return tape.open(); }

template <class T> BasicTensor<T> Tape<T>::leaf(const BasicTensor<T>& value) {
  Node node;
  node.size = value.size();
  node.leaf = static_cast<std::int32_t>(uses_.size());
  uses_.push_back(0);
  nodes_.push_back(std::move(node));
  BasicTensor<T> out = value.detach();
  out.attach(this->shared_from_this(), static_cast<std::int32_t>(nodes_.size()) - 1);
  return out;
}

template <class T> BasicTensor<T> Tape<T>::record(std::initializer_list<const BasicTensor<T>*> inputs, BasicTensor<T> out, BackwardFn backward) {
  return record(std::span<const BasicTensor<T>* const>(inputs.begin(), inputs.size()), std::move(out), std::move(backward));
}

template <class T> BasicTensor<T> Tape<T>::record(std::span<const BasicTensor<T>* const> inputs, BasicTensor<T> out, BackwardFn backward) {
  std::shared_ptr<Tape<T>> tape;
  for (const auto* input : inputs) {
    if (!input->tracked()) continue;
    if (tape && tape != input->tape())
      detail::fail<StateError>("record", "inputs belong to two open tapes", "two tapes", "one",
                               "Detach the outer tensor, or return it from the inner function.");
    tape = input->tape();
  }
  if (!tape) return out;
  Node node;
  node.size = out.size();
  node.backward = std::move(backward);
  for (const auto* input : inputs) {
    const std::int32_t id = input->tracked() ? input->node() : -1;
    std::int32_t place = 0;
    if (id >= 0 && tape->nodes_[static_cast<std::size_t>(id)].leaf >= 0)
      place = tape->uses_[static_cast<std::size_t>(tape->nodes_[static_cast<std::size_t>(id)].leaf)]++;
    node.inputs.push_back(id);
    node.places.push_back(place);
  }
  tape->nodes_.push_back(std::move(node));
  out.attach(tape, static_cast<std::int32_t>(tape->nodes_.size()) - 1);
  return out;
}

template <class T> void Tape<T>::backward(const BasicTensor<T>& root, const T* seed) {
  std::vector<BasicTensor<T>> grads(nodes_.size());
  struct Step final : Backward<T> {
    Tape& tape;
    std::vector<BasicTensor<T>>& grads;
    LeafGradients<T>& leaves;
    std::size_t at = 0;
    Step(Tape& t, std::vector<BasicTensor<T>>& g) : tape(t), grads(g), leaves(*t.leaves_) {}
    const T* out_grad() const override { return grads[at].data(); }
    T* in_grad(int i) override { return slot(i, false); }
    T* new_in_grad(int i) override { return slot(i, true); }
    bool pass_out_grad(int i) override {
      const std::int32_t id = tape.nodes_[at].inputs[static_cast<std::size_t>(i)];
      if (id < 0 || tape.nodes_[static_cast<std::size_t>(id)].leaf >= 0 || grads[static_cast<std::size_t>(id)].storage()) return false;
      grads[static_cast<std::size_t>(id)] = std::move(grads[at]);
      return true;
    }
    RowGradient<T>* in_row_grad(int i) override {
      const Node& node = tape.nodes_[at];
      const std::int32_t id = node.inputs[static_cast<std::size_t>(i)], leaf = id < 0 ? -1 : tape.nodes_[static_cast<std::size_t>(id)].leaf;
      return leaf < 0 ? nullptr : &leaves.rows(leaf, node.places[static_cast<std::size_t>(i)]);
    }
    T* slot(int i, bool only_new) {
      const Node& node = tape.nodes_[at];
      const std::int32_t id = node.inputs[static_cast<std::size_t>(i)];
      if (id < 0) return nullptr;
      const Node& input = tape.nodes_[static_cast<std::size_t>(id)];
      if (input.size == 0) return nullptr;  // a bias that is not there
      if (input.leaf >= 0) return leaves.dense(input.leaf, node.places[static_cast<std::size_t>(i)], only_new);
      BasicTensor<T>& g = grads[static_cast<std::size_t>(id)];
      if (g.storage()) return only_new ? nullptr : g.mutable_data();
      g = only_new ? BasicTensor<T>::uninitialized(Shape{input.size}) : BasicTensor<T>(Shape{input.size});
      return g.mutable_data();
    }
  };
  if (root.tape().get() == this && root.tracked()) {
    const auto last = static_cast<std::size_t>(root.node());
    if (nodes_[last].leaf >= 0) {
      T* g = leaves_->dense(nodes_[last].leaf, uses_[static_cast<std::size_t>(nodes_[last].leaf)]++, false);
      for (std::int64_t i = 0; i < root.size(); ++i) g[i] = g[i] + (seed ? seed[i] : T(1));
    } else {
      grads[last] = seed ? BasicTensor<T>::from(Shape{root.size()}, {seed, static_cast<std::size_t>(root.size())})
                         : BasicTensor<T>::full(Shape{root.size()}, T(1));
    }
    Step step(*this, grads);
    for (std::size_t i = last + 1; i-- > 0;) {
      if (nodes_[i].backward && grads[i].storage()) {
        step.at = i;
        nodes_[i].backward(step);
      }
      grads[i] = BasicTensor<T>();  // what the walk has passed is freed
      nodes_[i].backward = nullptr;
    }
  }
  close();
}

template <class T> std::unique_ptr<Backward<T>> Tape<T>::early(const BasicTensor<T>& tensor) {
  struct Early final : Backward<T> {
    LeafGradients<T>& leaves;
    int leaf, place;
    Early(LeafGradients<T>& l, int which, int k) : leaves(l), leaf(which), place(k) {}
    const T* out_grad() const override { return nullptr; }
    T* in_grad(int) override { return leaves.dense(leaf, place, false); }
    T* new_in_grad(int) override { return leaves.dense(leaf, place, true); }
    bool pass_out_grad(int) override { return false; }
    RowGradient<T>* in_row_grad(int) override { return &leaves.rows(leaf, place); }
  };
  const std::int32_t leaf = nodes_[static_cast<std::size_t>(tensor.node())].leaf;
  if (leaf < 0) return nullptr;
  had_early_ = true;
  return std::make_unique<Early>(*leaves_, leaf, uses_[static_cast<std::size_t>(leaf)]++);
}

template <class T> void Tape<T>::close() {
  open_ = false;
  nodes_.clear();
  uses_.clear();
}

}  // namespace autograd

TUTELAGE_END
