#include "exchange.hpp"
#include "tutelage/autograd/ops.hpp"

using namespace tutelage;

namespace {

template <class T> Shape shape_of(const std::vector<std::int64_t>& dims) { return Shape(std::span<const std::int64_t>(dims)); }

template <class T> void bind_class(py::module_& m, const char* name, const char* dtype) {
  using X = BasicTensor<T>;
  py::class_<X> cls(m, name, "A contiguous array of numbers that ops record; a value: nothing changes it.");
  cls.def(py::init(&from_numpy<T>), py::arg("array").noconvert(),
          "The array's own memory, which must not be written to while the tensor lives: pass array.copy() of one that will be.")
      .def("numpy", &to_numpy<T>, "The same memory as a read-only NumPy array.")
      .def("__array__", &to_array<T>, py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("__dlpack__", &to_dlpack<T>, py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
           py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
           "The same memory for other libraries, read-only: torch.from_dlpack(tensor), numpy.from_dlpack(tensor). PyTorch knows no read-only memory: "
           "do not write to what it makes of a tensor. A library from before DLPack 1.0 is given a copy.")
      .def("__dlpack_device__", [](const X&) { return py::make_tuple(dlpack::kCpu, 0); })
      .def_property_readonly(
          "shape", [](const X& t) { return py::tuple(py::cast(std::vector<std::int64_t>(t.shape().dims().begin(), t.shape().dims().end()))); })
      .def_property_readonly("dtype", [dtype](const X&) { return py::dtype(dtype); })
      .def_property_readonly("tracked", &X::tracked)
      .def("item", &X::item)
      .def("detach", &X::detach, "The same numbers, not tracked.")
      .def("__repr__", [name](const X& t) { return std::string(name) + "(shape=" + t.shape().str() + (t.tracked() ? ", tracked)" : ")"); })
      .def("__add__", &ops::add<T>, py::is_operator())
      .def("__sub__", &ops::sub<T>, py::is_operator())
      .def("__mul__", &ops::mul<T>, py::is_operator())
      .def("__truediv__", &ops::div<T>, py::is_operator())
      .def("__matmul__", &ops::matmul<T>, py::is_operator())
      .def("__neg__", &ops::neg<T>)
      .def(
          "__add__", [](const X& x, double b) { return ops::affine(x, 1.0, b); }, py::is_operator())
      .def(
          "__radd__", [](const X& x, double b) { return ops::affine(x, 1.0, b); }, py::is_operator())
      .def(
          "__sub__", [](const X& x, double b) { return ops::affine(x, 1.0, -b); }, py::is_operator())
      .def(
          "__rsub__", [](const X& x, double b) { return ops::affine(x, -1.0, b); }, py::is_operator())
      .def(
          "__mul__", [](const X& x, double a) { return ops::affine(x, a, 0.0); }, py::is_operator())
      .def(
          "__rmul__", [](const X& x, double a) { return ops::affine(x, a, 0.0); }, py::is_operator())
      .def(
          "__truediv__", [](const X& x, double a) { return ops::affine(x, 1.0 / a, 0.0); }, py::is_operator());
  py::detail::get_type_info(typeid(X))->implicit_conversions.push_back(&convert_array<T>);
}

Activation activation_of(const char* function, const std::string& act) {
  static const std::pair<const char*, Activation> known[] = {{"none", Activation::kNone}, {"gelu", Activation::kGelu},
                                                             {"relu", Activation::kRelu}, {"tanh", Activation::kTanh},
                                                             {"silu", Activation::kSilu}, {"gelu_exact", Activation::kGeluExact}};
  for (const auto& [name, a] : known)
    if (act == name) return a;
  detail::fail<ConfigError>(function, "unknown activation", act, "none, gelu, gelu_exact, relu, tanh or silu");
}

template <class T> void bind_ops(py::module_& m) {
  using X = BasicTensor<T>;
  const auto unary = [&](const char* name, X (*f)(const X&)) { m.def(name, f, py::arg("x")); };
  const auto binary = [&](const char* name, X (*f)(const X&, const X&)) { m.def(name, f, py::arg("a"), py::arg("b")); };
  binary("add", ops::add<T>), binary("sub", ops::sub<T>), binary("mul", ops::mul<T>), binary("div", ops::div<T>);
  binary("maximum", ops::maximum<T>), binary("minimum", ops::minimum<T>), binary("matmul", ops::matmul<T>);
  unary("neg", ops::neg<T>), unary("exp", ops::exp<T>), unary("log", ops::log<T>), unary("sqrt", ops::sqrt<T>), unary("square", ops::square<T>),
      unary("abs", ops::abs<T>);
  unary("tanh", ops::tanh<T>), unary("sigmoid", ops::sigmoid<T>), unary("softplus", ops::softplus<T>), unary("relu", ops::relu<T>),
      unary("gelu", ops::gelu<T>), unary("gelu_exact", ops::gelu_exact<T>), unary("silu", ops::silu<T>);
  unary("sum", ops::sum<T>), unary("mean", ops::mean<T>), unary("sum_last", ops::sum_last<T>), unary("sum_first", ops::sum_first<T>),
      unary("logsumexp", ops::logsumexp<T>);
  unary("softmax", ops::softmax<T>), unary("log_softmax", ops::log_softmax<T>), unary("transpose", ops::transpose<T>);
  m.def("affine", &ops::affine<T>, py::arg("x"), py::arg("a"), py::arg("b"), "a * x + b");
  m.def("clip", &ops::clip<T>, py::arg("x"), py::arg("low"), py::arg("high"));
  m.def(
      "reshape", [](const X& x, const std::vector<std::int64_t>& shape) { return ops::reshape(x, shape_of<T>(shape)); }, py::arg("x"),
      py::arg("shape"));
  m.def(
      "rows", [](const X& x, const std::vector<std::int64_t>& index) { return ops::rows(x, std::span(index)); }, py::arg("x"), py::arg("index"));
  m.def("slice_rows", &ops::slice_rows<T>, py::arg("x"), py::arg("begin"), py::arg("end"));
  m.def(
      "concat_rows", [](const std::vector<X>& xs) { return ops::concat_rows(std::span(xs)); }, py::arg("xs"));
  m.def(
      "linear", [](const X& x, const X& w, const X& b, const std::string& act) { return ops::linear(x, w, b, activation_of("ops.linear", act)); },
      py::arg("x"), py::arg("weight"), py::arg("bias") = X(), py::arg("activation") = "none", "act(x W^T + b): (M, K), (N, K), (N) -> (M, N)");
  m.def(
      "grouped_linear",
      [](const X& x, const X& w, const X& b, std::int64_t groups, const std::string& act) {
        return ops::grouped_linear(x, w, b, groups, activation_of("ops.grouped_linear", act));
      },
      py::arg("x"), py::arg("weight"), py::arg("bias"), py::arg("groups"), py::arg("activation") = "none",
      "Linear maps side by side, each of its own columns: (M, G K), (G N, K), (G N) -> (M, G N)");
  m.def(
      "segment_sum", [](const X& x, const std::vector<std::int64_t>& offsets) { return ops::segment_sum(x, std::span(offsets)); }, py::arg("x"),
      py::arg("offsets"), "Sums of the rows [offsets[i], offsets[i + 1]): (M, C) -> (segments, C)");
  m.def("layer_norm", &ops::layer_norm<T>, py::arg("x"), py::arg("gain"), py::arg("bias"), py::arg("eps") = 1e-5);
  m.def("rms_norm", &ops::rms_norm<T>, py::arg("x"), py::arg("gain"), py::arg("eps") = 1e-5, "x / sqrt(mean(x^2) + eps) * gain, over the last axis.");
  m.def("qk_norm", &ops::qk_norm<T>, py::arg("qkv"), py::arg("q_gain"), py::arg("k_gain"), py::arg("eps"), py::arg("num_heads"),
        py::arg("num_key_value_heads"), "rms_norm of each query and key head of (tokens, (H + 2 G) D).");
  m.def(
      "rotary",
      [](const X& qkv, const std::vector<std::int32_t>& positions, const X& angles, int heads, int kv) {
        return ops::rotary(qkv, std::span(positions), angles, heads, kv);
      },
      py::arg("qkv"), py::arg("positions"), py::arg("angles"), py::arg("num_heads"), py::arg("num_key_value_heads"),
      "Turns query and key heads: angles (P, R) holds each position's cosines, then sines.");
  m.def(
      "embedding", [](const X& t, const std::vector<std::int32_t>& ids) { return ops::embedding(t, std::span(ids)); }, py::arg("table"),
      py::arg("ids"));
  m.def(
      "causal_attention",
      [](const X& qkv, const std::vector<std::int64_t>& offsets, int heads, int kv, std::int64_t window) {
        return ops::causal_attention(qkv, std::span(offsets), heads, kv, window);
      },
      py::arg("qkv"), py::arg("offsets"), py::arg("num_heads"), py::arg("num_key_value_heads"), py::arg("window") = 0);
  m.def(
      "token_logprobs", [](const X& z, const std::vector<std::int32_t>& targets, double t) { return ops::token_logprobs(z, std::span(targets), t); },
      py::arg("logits"), py::arg("targets"), py::arg("temperature") = 1.0);
  m.def(
      "norm_linear",
      [](const X& x, const X& gain, const X& norm_bias, double eps, const X& w, const X& b) {
        return ops::norm_linear(x, gain, norm_bias, eps, w, b);
      },
      py::arg("x"), py::arg("gain"), py::arg("norm_bias"), py::arg("eps"), py::arg("weight"), py::arg("bias") = X(),
      "linear(layer_norm(x, gain, norm_bias, eps), weight, bias), keeping less for the backward pass; an empty norm_bias stands for rms_norm.");
  m.def(
      "norm_mlp",
      [](const X& x, const X& gain, const X& norm_bias, double eps, const X& up_w, const X& up_b, const std::string& act, const X& down_w,
         const X& down_b) { return ops::norm_mlp(x, gain, norm_bias, eps, up_w, up_b, activation_of("ops.norm_mlp", act), down_w, down_b); },
      py::arg("x"), py::arg("gain"), py::arg("norm_bias"), py::arg("eps"), py::arg("up_weight"), py::arg("up_bias"), py::arg("activation"),
      py::arg("down_weight"), py::arg("down_bias"), "Layer norm, linear, activation, linear; keeps only what the activation is given.");
  m.def(
      "norm_gated_mlp",
      [](const X& x, const X& gain, const X& norm_bias, double eps, const X& gate_w, const X& gate_b, const X& up_w, const X& up_b,
         const std::string& act, const X& down_w, const X& down_b) {
        return ops::norm_gated_mlp(x, gain, norm_bias, eps, gate_w, gate_b, up_w, up_b, activation_of("ops.norm_gated_mlp", act), down_w, down_b);
      },
      py::arg("x"), py::arg("gain"), py::arg("norm_bias"), py::arg("eps"), py::arg("gate_weight"), py::arg("gate_bias"), py::arg("up_weight"),
      py::arg("up_bias"), py::arg("activation"), py::arg("down_weight"), py::arg("down_bias"), "down(act(gate(n)) * up(n)), n the norm of x.");
  m.def(
      "linear_logprobs",
      [](const X& x, const X& w, const std::vector<std::int32_t>& targets, double t) { return ops::linear_logprobs(x, w, std::span(targets), t); },
      py::arg("x"), py::arg("weight"), py::arg("targets"), py::arg("temperature") = 1.0,
      "log softmax(x W^T / temperature)[targets]: (M, C), (V, C), (M) -> (M), a few rows of logits at a time.");
  m.def(
      "cross_entropy",
      [](const X& x, const X& w, const std::vector<std::int32_t>& targets, const std::vector<double>& weights) {
        return ops::cross_entropy(x, w, std::span(targets), weights);
      },
      py::arg("x"), py::arg("weight"), py::arg("targets"), py::arg("token_weights"),
      "-token_weights[i] log softmax(x W^T)[targets[i]], (M): terms of a loss, to be returned as they are.");
  m.def("token_entropy", &ops::token_entropy<T>, py::arg("logits"), py::arg("temperature") = 1.0);
  m.def(
      "with_derivatives",
      [](const X& value, const std::vector<X>& in, const std::vector<X>& d) { return ops::with_derivatives(value, std::span(in), std::span(d)); },
      py::arg("value"), py::arg("inputs"), py::arg("derivatives"), "An element-wise function whose derivatives were computed elsewhere.");
}

}  // namespace

void bind_tensor(py::module_& m) {
  bind_class<float>(m, "Tensor", "float32");
  bind_class<double>(m, "Tensor64", "float64");
  m.def("from_dlpack", &from_dlpack, py::arg("x"),
        "The memory of another library's array as a tensor, without a copy: float32 or float64, on the CPU, C-contiguous. Tutelage never writes to "
        "it, and "
        "nobody else must while the tensor lives.");
  py::module_ o = m.def_submodule("ops", "Differentiable functions of tensors or NumPy arrays, float32 or float64.");
  bind_ops<float>(o);
  bind_ops<double>(o);
}
