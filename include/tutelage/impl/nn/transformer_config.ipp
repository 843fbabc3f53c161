#pragma once
#include <cmath>

#include "tutelage/base/fail.hpp"
#include "tutelage/base/math.hpp"
#include "tutelage/nn/transformer.hpp"

#include "tutelage/impl/fp_push.hpp"

TUTELAGE_BEGIN

namespace nn {

namespace detail_ {

inline void one_of(const char* field, const std::string& got, std::initializer_list<const char*> names) {
  std::string all;
  for (const char* name : names) {
    if (got == name) return;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  detail::fail<ConfigError>("TransformerConfig", std::string(field) + " is unknown", got, "one of " + all);
}

inline void check_rope_scaling(const RopeScaling& s, std::int64_t rotated) {
  const auto need = [](bool ok, const char* field, double got, const char* expected) {
    if (!ok) detail::fail<ConfigError>("TransformerConfig", "rope_scaling." + std::string(field) + " is out of range", detail::str(got), expected);
  };
  one_of("rope_scaling.type", s.type, {"none", "linear", "dynamic", "yarn", "llama3"});
  need(s.factor >= 1 && s.factor <= 1e6, "factor", s.factor, "1 to 1e6");
  need(s.original_max_positions >= 0 && s.original_max_positions <= (1 << 24), "original_max_positions",
       static_cast<double>(s.original_max_positions), "0 (max_positions) to 2^24");
  if (s.type == "llama3") {
    need(s.low_freq_factor > 0 && std::isfinite(s.low_freq_factor), "low_freq_factor", s.low_freq_factor, "more than 0");
    need(s.high_freq_factor > s.low_freq_factor && std::isfinite(s.high_freq_factor), "high_freq_factor", s.high_freq_factor,
         "more than low_freq_factor");
  }
  if (s.type == "yarn") {
    need(s.attention_factor >= 0 && s.attention_factor <= 1e6, "attention_factor", s.attention_factor, "0 (from factor) to 1e6");
    need(s.beta_slow > 0 && std::isfinite(s.beta_slow), "beta_slow", s.beta_slow, "more than 0");
    need(s.beta_fast >= s.beta_slow && std::isfinite(s.beta_fast), "beta_fast", s.beta_fast, "beta_slow or more");
    need(s.mscale >= 0 && s.mscale <= 1e6, "mscale", s.mscale, "0 (not given) to 1e6");
    need(s.mscale_all_dim >= 0 && s.mscale_all_dim <= 1e6, "mscale_all_dim", s.mscale_all_dim, "0 (not given) to 1e6");
  }
  if (s.type == "dynamic" && rotated < 4)
    detail::fail<ConfigError>("TransformerConfig", "rope_scaling.type dynamic needs more numbers that turn", detail::str(rotated),
                              "4 or more a head");
}

}  // namespace detail_

TUTELAGE_INLINE void TransformerConfig::validate() const {
  const auto need = [](bool ok, const char* field, double got, const std::string& expected) {
    if (!ok) detail::fail<ConfigError>("TransformerConfig", std::string(field) + " is out of range", detail::str(got), expected);
  };
  constexpr std::int64_t most = std::int64_t{1} << 24;
  need(vocab_size >= 1 && vocab_size <= most, "vocab_size", static_cast<double>(vocab_size), "1 to 2^24");
  need(max_positions >= 1 && max_positions <= most, "max_positions", static_cast<double>(max_positions), "1 to 2^24");
  need(hidden_size >= 1 && hidden_size <= 65536, "hidden_size", static_cast<double>(hidden_size), "1 to 65536");
  need(num_layers >= 1 && num_layers <= 1024, "num_layers", static_cast<double>(num_layers), "1 to 1024");
  need(head_size >= 0 && head_size <= 4096, "head_size", static_cast<double>(head_size), "0 (hidden_size / num_heads) to 4096");
  if (head_size == 0)
    need(num_heads >= 1 && hidden_size % num_heads == 0, "num_heads", static_cast<double>(num_heads),
         "a divisor of hidden_size " + detail::str(hidden_size));
  need(num_heads >= 1 && num_heads <= 65536, "num_heads", static_cast<double>(num_heads), "1 to 65536");
  need(num_kv_heads >= 0 && num_heads % kv_heads() == 0, "num_kv_heads", static_cast<double>(num_kv_heads),
       "0 (num_heads) or a divisor of num_heads " + detail::str(num_heads));
  need(intermediate_size >= 0 && intermediate_size <= (1 << 20), "intermediate_size", static_cast<double>(intermediate_size),
       "0 (4 * hidden_size) to 2^20");
  need(init_std > 0 && std::isfinite(init_std), "init_std", init_std, "more than 0");
  need(norm_eps >= 1e-30 && norm_eps <= 1, "norm_eps", norm_eps, "1e-30 to 1");
  detail_::one_of("norm", norm, {"layer", "rms"});
  detail_::one_of("positions", positions, {"learned", "rotary"});
  detail_::one_of("activation", activation, {"gelu", "gelu_exact", "silu", "relu"});
  if (positions == "rotary") {
    need(rotary_fraction > 0 && rotary_fraction <= 1, "rotary_fraction", rotary_fraction, "more than 0, at most 1");
    need(rotated() >= 2 && rotated() % 2 == 0, "rotary_fraction", rotary_fraction,
         "a share that turns an even number of each head's " + detail::str(head_width()));
    need(rope_theta > 1 && rope_theta <= 1e12, "rope_theta", rope_theta, "more than 1, at most 1e12");
    detail_::check_rope_scaling(rope_scaling, rotated());
  } else if (!(rope_scaling == RopeScaling{})) {
    detail::fail<ConfigError>("TransformerConfig", "rope_scaling needs rotary positions", "positions " + positions, "positions rotary");
  }
  need(sliding_window >= 0 && sliding_window <= most, "sliding_window", static_cast<double>(sliding_window), "0 (none) to 2^24");
  if (!sliding_layers.empty() && static_cast<std::int64_t>(sliding_layers.size()) != num_layers)
    detail::fail<ConfigError>("TransformerConfig", "sliding_layers is not one a layer", detail::str(sliding_layers.size()), detail::str(num_layers));
}

TUTELAGE_INLINE std::vector<std::pair<std::string, Shape>> parameter_shapes(const TransformerConfig& config) {
  const std::int64_t v = config.vocab_size, c = config.hidden_size, f = config.mlp_width(), d = config.head_width(), a = config.num_heads * d;
  const bool layer = config.norm == "layer";
  std::vector<std::pair<std::string, Shape>> all;
  const auto add = [&](bool there, const std::string& name, const Shape& shape) {
    if (there) all.emplace_back(name, shape);
  };
  add(true, "token_embedding", {v, c});
  add(config.positions == "learned", "position_embedding", {config.max_positions, c});
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    const std::string p = "blocks." + std::to_string(i) + ".";
    add(true, p + "norm1_gain", {c}), add(layer, p + "norm1_bias", {c});
    add(true, p + "qkv_weight", {config.qkv_width(), c}), add(config.qkv_bias, p + "qkv_bias", {config.qkv_width()});
    add(config.qk_norm, p + "q_norm_gain", {d}), add(config.qk_norm, p + "k_norm_gain", {d});
    add(true, p + "out_weight", {c, a}), add(config.out_bias, p + "out_bias", {c});
    add(true, p + "norm2_gain", {c}), add(layer, p + "norm2_bias", {c});
    add(config.gated_mlp, p + "gate_weight", {f, c}), add(config.gated_mlp && config.mlp_bias, p + "gate_bias", {f});
    add(true, p + "up_weight", {f, c}), add(config.mlp_bias, p + "up_bias", {f});
    add(true, p + "down_weight", {c, f}), add(config.mlp_bias, p + "down_bias", {c});
  }
  add(true, "norm_gain", {c}), add(layer, "norm_bias", {c});
  add(!config.tie_embeddings, "head_weight", {v, c});
  return all;
}

namespace detail_ {

inline Activation activation_of(const TransformerConfig& config) {
  if (config.activation == "silu") return Activation::kSilu;
  if (config.activation == "relu") return Activation::kRelu;
  return config.activation == "gelu" ? Activation::kGelu : Activation::kGeluExact;
}

/// The angles by which heads turn at a position (Su et al. 2021, arXiv 2104.09864), all in double: one definition for training and decoding.
class Rotation {
 public:
  explicit Rotation(const TransformerConfig& config)
      : scaling_(config.rope_scaling),
        rotated_(config.rotated()),
        theta_(config.rope_theta),
        original_(static_cast<double>(scaling_.original_max_positions ? scaling_.original_max_positions : config.max_positions)) {
    frequencies_.resize(static_cast<std::size_t>(rotated_ / 2));
    for (std::size_t i = 0; i < frequencies_.size(); ++i) frequencies_[i] = frequency(theta_, i);
    if (scaling_.type == "linear")
      for (double& f : frequencies_) f = f / scaling_.factor;
    if (scaling_.type == "llama3") llama3();
    if (scaling_.type == "yarn") yarn();
  }
  std::int64_t rotated() const { return rotated_; }

  /// rotated() numbers: the cosines of each pair's angle, then the sines.
  template <class T> void at(std::int64_t position, T* to) const {
    const std::size_t half = frequencies_.size();
    const double length = static_cast<double>(position + 1);
    const bool grown = scaling_.type == "dynamic" && length > original_;
    double base = theta_;
    if (grown) {
      const double n = static_cast<double>(rotated_);
      base = theta_ * math::pow(scaling_.factor * length / original_ - (scaling_.factor - 1), n / (n - 2));
    }
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) * (grown ? frequency(base, i) : frequencies_[i]);
      to[i] = static_cast<T>(math::cos(angle) * attention_);
      to[half + i] = static_cast<T>(math::sin(angle) * attention_);
    }
  }

 private:
  double frequency(double base, std::size_t i) const { return 1.0 / math::pow(base, static_cast<double>(2 * i) / static_cast<double>(rotated_)); }

  void llama3() {
    const double low = original_ / scaling_.low_freq_factor, high = original_ / scaling_.high_freq_factor;
    for (double& f : frequencies_) {
      const double wavelength = kTurn / f;
      if (wavelength < high) continue;
      const double smooth = (original_ / wavelength - scaling_.low_freq_factor) / (scaling_.high_freq_factor - scaling_.low_freq_factor);
      f = wavelength > low ? f / scaling_.factor : (1 - smooth) * f / scaling_.factor + smooth * f;
    }
  }

  void yarn() {
    const auto dimension = [&](double turns) {
      return static_cast<double>(rotated_) * math::log(original_ / (turns * kTurn)) / (2 * math::log(theta_));
    };
    double low = dimension(scaling_.beta_fast), high = dimension(scaling_.beta_slow);
    if (scaling_.truncate) low = whole(low, false), high = whole(high, true);
    low = low < 0 ? 0 : low;
    high = high > static_cast<double>(rotated_ - 1) ? static_cast<double>(rotated_ - 1) : high;
    if (low == high) high = high + 0.001;
    for (std::size_t i = 0; i < frequencies_.size(); ++i) {
      double divided = (static_cast<double>(i) - low) / (high - low);
      divided = divided < 0 ? 0 : divided > 1 ? 1 : divided;
      frequencies_[i] = frequencies_[i] / scaling_.factor * divided + frequencies_[i] * (1 - divided);
    }
    const auto scale = [&](double m) { return scaling_.factor <= 1 ? 1.0 : 0.1 * m * math::log(scaling_.factor) + 1.0; };
    attention_ = scaling_.attention_factor > 0                        ? scaling_.attention_factor
                 : scaling_.mscale > 0 && scaling_.mscale_all_dim > 0 ? scale(scaling_.mscale) / scale(scaling_.mscale_all_dim)
                                                                      : scale(1);
  }

  /// The whole number below or above.
  static double whole(double x, bool up) {
    const double n = static_cast<double>(static_cast<std::int64_t>(x));  // towards 0
    return up ? (n < x ? n + 1 : n) : (n > x ? n - 1 : n);
  }

  static constexpr double kTurn = 6.283185307179586;
  const RopeScaling scaling_;
  const std::int64_t rotated_;
  const double theta_, original_;
  std::vector<double> frequencies_;  // of each pair, radians a position
  double attention_ = 1;
};

}  // namespace detail_
}  // namespace nn

TUTELAGE_END

#include "tutelage/impl/fp_pop.hpp"
