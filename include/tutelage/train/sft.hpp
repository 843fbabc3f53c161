#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tutelage/base/progress.hpp"
#include "tutelage/nn/transformer.hpp"
#include "tutelage/optim/adamw.hpp"
#include "tutelage/text/chat.hpp"
#include "tutelage/train/epochs.hpp"

TUTELAGE_BEGIN

namespace train {

/// Supervised fine-tuning on the answers of conversations. There is nothing to pack: batches are ragged, so that no step holds padding.
struct SFTConfig : EpochConfig {
  SFTConfig() { epochs = 10, schedule = "cosine", warmup_steps = 20; }
  void validate() const;  // @throws ConfigError
};

struct StepStats {
  double loss = 0;       // nats per answer token
  double grad_norm = 0;  // before clipping
  Metrics metrics() const { return {{"loss", loss}, {"grad_norm", grad_norm}}; }
};

/// Everything that decides the next step, but for the configuration.
struct SFTState {
  nn::Transformer model;
  optim::AdamWState<float> optimizer;
  std::int64_t position = 0;  // steps of train() that are done

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

/// The loss's terms, one an answer token: -log p(token | before) * weight, in item order. Returns (answer tokens).
/// `training`: where the examples stand in training, for an adapter's dropout.
/// @throws ValueError where no token is marked as answer, ShapeError for a mask of another length than its ids
Tensor sft_terms(const nn::Transformer& model, std::span<const text::Example> examples, double weight,
                 std::optional<nn::TrainingStep> training = std::nullopt);

/// Mean loss over the answer tokens, nats. Cost: one forward pass.
double sft_loss(const nn::Transformer& model, std::span<const text::Example> examples);

/// Number of tokens marked as answer that have a token before them. @throws ShapeError for a mask of another length than its ids
std::int64_t answer_tokens(std::span<const text::Example> examples);

/// What is to stay while other things are learnt: the next-token distributions that `reference` gives in these examples. kl_coef times the mean of
/// KL(model || reference), over the answers' tokens and every third of the others, is added to a step's loss.
/// Source: Li, Hoiem 2016, "Learning without forgetting".
struct Kept {
  const nn::Transformer* reference = nullptr;
  std::span<const text::Example> examples{};
  double kl_coef = 1.0;
};

/// Trains a whole model, or where it has an adapter the adapter on the frozen model. The loss is of marked tokens alone.
class SFTTrainer {
 public:
  SFTTrainer(nn::Transformer model, SFTConfig config);
  /// Goes on from where state() was asked, to the same bytes: train() with the same examples begins at its position.
  SFTTrainer(SFTState state, SFTConfig config);
  /// One optimiser step on `examples`. @throws NumericError, changing nothing, where the gradient is not finite
  StepStats step(std::span<const text::Example> examples, double lr_factor = 1.0, const Kept& kept = {});
  /// config.epochs passes in seeded order; a requested stop ends it after the step under way. Returns the last step.
  /// @throws ValueError, ShapeError or IndexError, before the first step, naming an example that the model cannot read
  StepStats train(std::span<const text::Example> examples, const RunOptions& run = {});
  /// The loss of `examples`; nothing is learnt.
  StepStats evaluate(std::span<const text::Example> examples) const { return {sft_loss(model_, examples), 0}; }
  const nn::Transformer& model() const { return model_; }
  const SFTConfig& config() const { return config_; }
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
