#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/io/checkpoint.hpp"
#include "tutelage/nn/transformer.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/text/chat.hpp"

TUTELAGE_BEGIN

namespace train {

/// Supervised fine-tuning on the answers of conversations.
struct SFTConfig {
  std::int64_t epochs = 10;
  std::int64_t batch_size = 16;       // examples a step
  std::int64_t micro_batch_size = 0;  // examples computed at once; 0: the whole step. Does not change the result
  optim::AdamWConfig optimizer;
  optim::Schedule::Kind schedule = optim::Schedule::Kind::kCosine;
  std::int64_t warmup_steps = 20;
  std::uint64_t seed = 0;  // of the order of the examples
  void validate() const;   // @throws ConfigError
};

struct StepStats {
  double loss = 0;       // nats per answer token
  double grad_norm = 0;  // before clipping
};

/// The loss's terms, one an answer token: -log p(token | before) * weight, in item order. Returns (answer tokens).
/// `training`: where the examples stand in training, for an adapter's dropout.
/// @throws ValueError where no token is marked as answer, ShapeError for a mask of another length than its ids
Tensor sft_terms(const nn::Transformer& model, std::span<const text::Example> examples, double weight,
                 std::optional<nn::TrainingStep> training = std::nullopt);

/// Mean loss over the answer tokens, nats. Cost: one forward pass.
double sft_loss(const nn::Transformer& model, std::span<const text::Example> examples);

/// Number of tokens marked as answer that have a token before them. @throws ShapeError for a mask of another length than its ids
std::int64_t answer_tokens(std::span<const text::Example> examples);

/// Everything that decides the next step, but for the configuration and the examples.
struct SFTState {
  nn::Transformer model;
  optim::AdamWState<float> optimizer;
  std::int64_t position = 0;  // steps that a train() under way has done

  static constexpr const char* kKind = "sft";
  template <class F> void visit(F&& f) { visit_fields(*this, f); }
  template <class F> void visit(F&& f) const { visit_fields(*this, f); }

 private:
  template <class Self, class F> static void visit_fields(Self& self, F& f) {
    f("model", self.model);
    f("optimizer", self.optimizer);
    f("position", self.position);
  }
};

/// Trains a whole model, or where it has an adapter the adapter on the frozen model.
class SFTTrainer {
 public:
  SFTTrainer(nn::Transformer model, SFTConfig config);
  /// Goes on from where state() was asked, to the same bytes. Checked by: test_resume.cpp
  SFTTrainer(SFTState state, SFTConfig config);
  /// One optimiser step on `examples`. @throws NumericError, changing nothing, where the gradient is not finite
  StepStats step(std::span<const text::Example> examples, double lr_factor = 1.0);
  /// config.epochs passes in seeded order; a requested stop ends it after the step under way, and the next call, with the same examples, goes on
  /// from there. Returns the last step.
  /// @throws ValueError, ShapeError or IndexError, before the first step, naming an example that the model cannot read
  StepStats train(std::span<const text::Example> examples, const RunOptions& run = {});
  const nn::Transformer& model() const { return model_; }
  std::int64_t position() const { return position_; }
  SFTState state() const { return {model_, optimizer_.state(), position_}; }

 private:
  nn::Transformer model_;
  SFTConfig config_;
  optim::AdamW<float, nn::Transformer> optimizer_;
  std::int64_t position_ = 0;
};

}  // namespace train

TUTELAGE_END

#ifdef TUTELAGE_HEADER_ONLY
#include "tutelage/impl/train/sft.ipp"
#endif
