#include "casters.hpp"
#include "tutelage/impl/tensor/storage.hpp"
#include "tutelage/io/hf_names.hpp"
#include "tutelage/io/peft.hpp"
#include "tutelage/io/pretrained.hpp"
#include "tutelage/nn/generate.hpp"
#include "tutelage/nn/mlp.hpp"
#include "tutelage/optim/adamw.hpp"

using namespace tutelage;

namespace {

/// Name -> Tensor, in visit order.
template <class Params> py::dict parameters(const Params& params) {
  py::dict d;
  params.visit([&](const std::string& name, const Tensor& x) { d[name.c_str()] = x; });
  return d;
}

/// The same with other values. @throws ValueError, ShapeError
template <class Params> Params with_values(Params params, const std::string& title, const py::dict& values) {
  params.visit([&](const std::string& name, Tensor& x) {
    if (!values.contains(name.c_str()))
      detail::fail<ValueError>(title + ".with_parameters", "a parameter is missing", "no " + name, "every parameter");
    auto y = py::cast<Tensor>(values[name.c_str()]);
    if (!(y.shape() == x.shape()))
      detail::fail<ShapeError>(title + ".with_parameters", name + " has the wrong shape", y.shape().str(), x.shape().str());
    x = y;
  });
  return params;
}

void bind_mlp(py::module_& m) {
  using C = nn::MLPConfig;
  ConfigClass<C>(m, "MLPConfig",
                 "Linear layers with an activation between them, none behind the last; or several such networks that share their input.")
      .field("sizes", &C::sizes, "input, hidden ..., output")
      .field("activation", &C::activation, "tanh, relu or silu")
      .field("init", &C::init, "orthogonal, biases 0; or uniform: weights and biases in +- 1 / sqrt(inputs)")
      .field("gain", &C::gain, "orthogonal: of every layer but the last")
      .field("output_gain", &C::output_gain, "orthogonal: of the last; 0.01 is usual for a policy's actions")
      .field("members", &C::members, "networks of this shape side by side, each with a start of its own")
      .done();
  py::class_<nn::MLP>(m, "MLP", "The parameters of a stack of linear layers; a value. All members are computed in one pass.")
      .def(py::init<const C&, std::uint64_t>(), py::arg("config"), py::arg("seed") = 0)
      .def_readonly("config", &nn::MLP::config)
      .def_property_readonly("num_parameters", &nn::MLP::num_parameters)
      .def("__call__", &nn::MLP::operator(), py::arg("x"), py::call_guard<py::gil_scoped_release>(),
           "x (N, inputs) -> (N, members * outputs), a member's outputs side by side; differentiable.")
      .def("parameters", &parameters<nn::MLP>, "Name -> Tensor, in visit order.")
      .def(
          "with_parameters", [](const nn::MLP& t, const py::dict& values) { return with_values(t, "MLP", values); }, py::arg("values"));
}

}  // namespace

void bind_nn(py::module_& m) {
  bind_mlp(m);
  using nn::Transformer;
  using Scaling = nn::RopeScaling;
  ConfigClass<Scaling>(m, "RopeScaling", "How rotary positions reach beyond the lengths they were trained on, as transformers defines each type.")
      .field("type", &Scaling::type, "none, linear, dynamic, yarn or llama3")
      .field("factor", &Scaling::factor, "1 or more")
      .field("low_freq_factor", &Scaling::low_freq_factor, "llama3")
      .field("high_freq_factor", &Scaling::high_freq_factor, "llama3")
      .field("original_max_positions", &Scaling::original_max_positions, "0: max_positions")
      .field("attention_factor", &Scaling::attention_factor, "yarn; 0: from factor, mscale and mscale_all_dim")
      .field("beta_fast", &Scaling::beta_fast, "yarn")
      .field("beta_slow", &Scaling::beta_slow, "yarn")
      .field("mscale", &Scaling::mscale, "yarn; 0: not given")
      .field("mscale_all_dim", &Scaling::mscale_all_dim, "yarn; 0: not given")
      .field("truncate", &Scaling::truncate, "yarn: whole dimensions bound the ramp")
      .done();
  ConfigClass<nn::TransformerConfig>(m, "TransformerConfig", "A decoder transformer: GPT-2 by default, or GPT-NeoX, Llama, Mistral, Qwen2, Qwen3.")
      .field("vocab_size", &nn::TransformerConfig::vocab_size, "tokens")
      .field("max_positions", &nn::TransformerConfig::max_positions, "longest sequence, tokens")
      .field("hidden_size", &nn::TransformerConfig::hidden_size, "C")
      .field("num_layers", &nn::TransformerConfig::num_layers, "L")
      .field("num_heads", &nn::TransformerConfig::num_heads, "H; hidden_size is a multiple of it, where head_size is 0")
      .field("intermediate_size", &nn::TransformerConfig::intermediate_size, "0: 4 * hidden_size")
      .field("init_std", &nn::TransformerConfig::init_std, "of every weight matrix")
      .field("norm_eps", &nn::TransformerConfig::norm_eps, "")
      .field("num_kv_heads", &nn::TransformerConfig::num_kv_heads, "G, a divisor of H; 0: H")
      .field("head_size", &nn::TransformerConfig::head_size, "D; 0: hidden_size / num_heads")
      .field("norm", &nn::TransformerConfig::norm, "layer, or rms (no biases)")
      .field("positions", &nn::TransformerConfig::positions, "learned or rotary")
      .field("rotary_fraction", &nn::TransformerConfig::rotary_fraction, "share of each head that turns")
      .field("rope_theta", &nn::TransformerConfig::rope_theta, "base of the frequencies")
      .field("rope_scaling", &nn::TransformerConfig::rope_scaling, "a RopeScaling")
      .field("activation", &nn::TransformerConfig::activation, "gelu (tanh form), gelu_exact (erf), silu or relu")
      .field("gated_mlp", &nn::TransformerConfig::gated_mlp, "down(act(gate(x)) * up(x))")
      .field("parallel_blocks", &nn::TransformerConfig::parallel_blocks, "x + attention(norm1(x)) + mlp(norm2(x))")
      .field("qkv_bias", &nn::TransformerConfig::qkv_bias, "")
      .field("out_bias", &nn::TransformerConfig::out_bias, "of attention")
      .field("mlp_bias", &nn::TransformerConfig::mlp_bias, "")
      .field("qk_norm", &nn::TransformerConfig::qk_norm, "an RMS norm of each query and key head, before it turns")
      .field("tie_embeddings", &nn::TransformerConfig::tie_embeddings, "the token embedding is the output matrix")
      .field("sliding_window", &nn::TransformerConfig::sliding_window, "a query sees so many last keys, itself included; 0: all")
      .field("sliding_layers", &nn::TransformerConfig::sliding_layers, "one a layer, 1: the window holds there; empty: in all")
      .done();
  using L = nn::LoraConfig;
  ConfigClass<L>(m, "LoraConfig", "Low-rank adaptation (Hu et al. 2021): a frozen weight W acts as W + scale B A, and only A and B learn.")
      .field("rank", &L::rank, "")
      .field("alpha", &L::alpha, "scale = alpha / rank")
      .field("dropout", &L::dropout, "of what A is given, in SFT and reward training")
      .field("target_modules", &L::target_modules, "of q, k, v or qkv, out, gate, up, down; empty: every linear map that a block has")
      .field("layers_to_transform", &L::layers_to_transform, "rising; empty: all. Nothing is differentiated below the first")
      .field("use_rslora", &L::use_rslora, "scale = alpha / sqrt(rank) (Kalajdzievski 2023)")
      .field("seed", &L::seed, "of A's start and of dropout")
      .done();
  ConfigClass<nn::GenerateOptions>(m, "GenerateOptions", "How answers are sampled.")
      .field("max_new_tokens", &nn::GenerateOptions::max_new_tokens, "")
      .field("min_new_tokens", &nn::GenerateOptions::min_new_tokens, "so many tokens hold no stop id")
      .field("temperature", &nn::GenerateOptions::temperature, "0: greedy")
      .field("top_k", &nn::GenerateOptions::top_k, "0: all")
      .field("min_p", &nn::GenerateOptions::min_p, "ids at least min_p times as likely as the likeliest; 0: all")
      .field("repetition_penalty", &nn::GenerateOptions::repetition_penalty, "of ids in the prompt or the answer so far; 1: off")
      .field("stop_ids", &nn::GenerateOptions::stop_ids, "")
      .field("num_samples", &nn::GenerateOptions::num_samples, "answers to each prompt")
      .field("seed", &nn::GenerateOptions::seed, "")
      .field("seeds", &nn::GenerateOptions::seeds, "one a prompt, in place of seed")
      .field("sample", &nn::GenerateOptions::sample, "number of each prompt's first answer")
      .field("step", &nn::GenerateOptions::step, "")
      .field("first_item", &nn::GenerateOptions::first_item, "")
      .field("max_batch", &nn::GenerateOptions::max_batch, "sequences decoded at once; does not change the result")
      .done();
  py::class_<nn::Generation>(m, "Generation", "An answer: its ids, the log-prob with which each was drawn, and why it ended: stop_id or length.")
      .def(py::init([](std::vector<std::int32_t> ids, std::vector<float> logprobs, const std::string& stop_reason) {
             if (stop_reason != "stop_id" && stop_reason != "length")
               detail::fail<ValueError>("Generation", "stop_reason is unknown", stop_reason, "stop_id or length");
             return nn::Generation{std::move(ids), std::move(logprobs), stop_reason == "length" ? nn::StopReason::kLength : nn::StopReason::kStopId};
           }),
           py::arg("ids"), py::arg("logprobs"), py::arg("stop_reason") = "length")
      .def_readonly("ids", &nn::Generation::ids)
      .def_readonly("logprobs", &nn::Generation::logprobs)
      .def_property_readonly("stop_reason", [](const nn::Generation& g) { return g.stop_reason == nn::StopReason::kStopId ? "stop_id" : "length"; });
  py::class_<Transformer>(m, "Transformer", "Weights of a decoder transformer; a value.")
      .def(py::init<const nn::TransformerConfig&, std::uint64_t>(), py::arg("config"), py::arg("seed") = 0, py::call_guard<py::gil_scoped_release>())
      .def_static("_load", &io::load_transformer, py::arg("path"), py::call_guard<py::gil_scoped_release>())
      .def(
          "save",
          [](const Transformer& t, const std::string& folder, const std::string& base, const std::string& license, const std::string& training) {
            io::save_transformer(folder, t, {base, license, training});
          },
          py::arg("folder"), py::arg("base") = "", py::arg("license") = "", py::arg("training") = "", py::call_guard<py::gil_scoped_release>(),
          "Writes config.json, generation_config.json and model.safetensors into a folder that transformers loads, each whole or not at all, the "
          "weights last; README.md where base, license or training says what it holds.")
      .def_readonly("config", &Transformer::config)
      .def_readwrite("recompute_blocks", &Transformer::recompute_blocks,
                     "Training keeps only what enters a block and computes its inside twice: less memory, the same bits.")
      .def_property_readonly("num_parameters", &Transformer::num_parameters)
      .def("parameters", &parameters<Transformer>, "Name -> Tensor of what training changes, in visit order: all, or with an adapter the adapter's.")
      .def(
          "with_parameters", [](const Transformer& t, const py::dict& values) { return with_values(t, "Transformer", values); }, py::arg("values"))
      .def("with_lora", &Transformer::with_lora, py::arg("config") = L(),
           "This model, its weights shared and frozen, with a fresh adapter: what trains it trains the adapter.")
      .def("without_adapter", &Transformer::without_adapter, "The weights alone, shared.")
      .def("merged", &Transformer::merged, "A plain model whose weights are W + scale B A.", py::call_guard<py::gil_scoped_release>())
      .def_property_readonly(
          "lora", [](const Transformer& t) { return t.adapter.empty() ? std::nullopt : std::optional(t.adapter.config); },
          "The adapter's LoraConfig, or None.")
      .def(
          "save_adapter", [](const Transformer& t, const std::string& folder, const std::string& base) { io::save_adapter(folder, t, base); },
          py::arg("folder"), py::arg("base") = "", py::call_guard<py::gil_scoped_release>(),
          "Writes adapter_config.json and adapter_model.safetensors as PEFT does; base: the model's name, for those who load them.")
      .def(
          "load_adapter", [](const Transformer& t, const std::string& folder) { return io::load_adapter(folder, t); }, py::arg("folder"),
          py::call_guard<py::gil_scoped_release>(), "This model, its weights shared and frozen, with the adapter that PEFT or save_adapter wrote.")
      .def(
          "_logits", [](const Transformer& t, const std::vector<std::vector<std::int32_t>>& s) { return t.logits(to_batch(s)); },
          py::call_guard<py::gil_scoped_release>())
      .def(
          "_logprobs",
          [](const Transformer& t, const std::vector<std::vector<std::int32_t>>& s, double temperature) {
            return t.logprobs(to_batch(s), temperature);
          },
          py::call_guard<py::gil_scoped_release>())
      .def(
          "hidden",
          [](const Transformer& t, const std::vector<std::vector<std::int32_t>>& s, std::optional<std::int64_t> layer) {
            return layer ? t.hidden(to_batch(s), std::span(&*layer, 1)).front() : t.hidden(to_batch(s));
          },
          py::call_guard<py::gil_scoped_release>(), py::arg("ids"), py::arg("layer") = py::none(),
          "Hidden states: sequences of n_i ids -> (sum n_i, C). After the last norm, or what leaves a layer: 0 the embedding, l block l.")
      .def("_generate", [](const Transformer& t, const std::vector<std::vector<std::int32_t>>& prompts, const nn::GenerateOptions& o,
                           py::object on_token, py::object should_stop) {
        nn::TokenCallback callback;
        if (!on_token.is_none())
          callback = [&](std::int64_t answer, std::int32_t id, float logprob) {
            py::gil_scoped_acquire gil;
            on_token(answer, id, logprob);
          };
        const auto run = run_options(py::none(), should_stop);
        py::gil_scoped_release release;
        return nn::generate(t, prompts, o, callback, run);
      });
  py::class_<io::HfParameter>(m, "_HfParameter")
      .def_readonly("ours", &io::HfParameter::ours)
      .def_readonly("names", &io::HfParameter::names)
      .def("from_hf", [](const io::HfParameter& p, const std::vector<Tensor>& tensors) { return io::from_hf(p, tensors); })
      .def("to_hf", [](const io::HfParameter& p, const Tensor& ours) { return io::to_hf(p, ours); });
  m.def("_hf_parameters", &io::hf_parameters, py::arg("model_type"), py::arg("config"));
  ConfigClass<optim::AdamWConfig>(m, "AdamWConfig", "AdamW (Loshchilov, Hutter 2019).")
      .field("learning_rate", &optim::AdamWConfig::learning_rate, "")
      .field("beta1", &optim::AdamWConfig::beta1, "")
      .field("beta2", &optim::AdamWConfig::beta2, "")
      .field("eps", &optim::AdamWConfig::eps, "")
      .field("weight_decay", &optim::AdamWConfig::weight_decay, "decoupled; on matrices only")
      .field("max_grad_norm", &optim::AdamWConfig::max_grad_norm, "0: off")
      .done();
  py::class_<optim::AdamWState<float>>(m, "AdamWState").def(py::init<>()).def_readonly("step", &optim::AdamWState<float>::step);
  m.def(
      "adamw_step",
      [](std::vector<Tensor> params, const std::vector<Tensor>& grads, optim::AdamWState<float>& state, const optim::AdamWConfig& config,
         double lr_factor) {
        const double norm = optim::adamw_step<float>(params, std::span<const Tensor>(grads), state, config, lr_factor);
        return py::make_tuple(params, norm);
      },
      py::arg("params"), py::arg("grads"), py::arg("state"), py::arg("config"), py::arg("lr_factor") = 1.0,
      "One step. Returns (new parameters, gradient norm before clipping).");
}
