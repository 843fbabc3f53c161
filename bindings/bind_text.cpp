#include "casters.hpp"
#include "tutelage/io/gguf.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/io/record.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

void bind_files(py::module_& m) {
  py::class_<io::TokenIds>(m, "TokenIds", "The ids at which generation begins and ends; -1 and []: none.")
      .def(py::init([](std::int32_t bos, std::int32_t pad, std::vector<std::int32_t> eos) {
             return io::TokenIds{bos, pad, std::move(eos)};
           }),
           py::arg("bos") = -1, py::arg("pad") = -1, py::arg("eos") = std::vector<std::int32_t>())
      .def_readonly("bos", &io::TokenIds::bos)
      .def_readonly("pad", &io::TokenIds::pad)
      .def_readonly("eos", &io::TokenIds::eos);
  py::class_<io::Pretrained>(m, "Pretrained", "A language model from elsewhere, or with a head (1, C) a reward or value model.")
      .def(py::init([](const nn::Transformer& t, const std::optional<Tensor>& head, const io::TokenIds& ids, const std::string& model_type) {
             io::Pretrained p{t, {}, ids, model_type};
             if (head) {
               if (!(head->shape() == Shape{1, t.config.hidden_size}))
                 detail::fail<ShapeError>("Pretrained", "head has the wrong shape", head->shape().str(), Shape{1, t.config.hidden_size}.str());
               p.head.emplace(t.config.hidden_size);
               p.head->weight = head->detach();
             }
             return p;
           }),
           py::arg("transformer"), py::arg("head") = py::none(), py::arg("ids") = io::TokenIds(), py::arg("model_type") = "")
      .def_readonly("transformer", &io::Pretrained::transformer)
      .def_property_readonly("head", [](const io::Pretrained& p) { return p.head ? std::optional<Tensor>(p.head->weight) : std::nullopt; })
      .def_readonly("ids", &io::Pretrained::ids)
      .def_readonly("model_type", &io::Pretrained::model_type);
  m.def("load_pretrained", &io::load_pretrained, py::arg("path"), py::call_guard<py::gil_scoped_release>());
  m.def(
      "save_pretrained",
      [](const std::string& folder, const io::Pretrained& model, const std::string& base, const std::string& license, const std::string& training) {
        io::save_pretrained(folder, model, {base, license, training});
      },
      py::arg("folder"), py::arg("model"), py::arg("base") = "", py::arg("license") = "", py::arg("training") = "",
      py::call_guard<py::gil_scoped_release>());
  py::class_<io::GgufTokenizer>(m, "GgufTokenizer", "The tokenizer of a GGUF or llama2.c file, as it stands there.")
      .def_readonly("model", &io::GgufTokenizer::model)
      .def_readonly("pre", &io::GgufTokenizer::pre)
      .def_readonly("tokens", &io::GgufTokenizer::tokens)
      .def_readonly("scores", &io::GgufTokenizer::scores)
      .def_readonly("token_types", &io::GgufTokenizer::token_types)
      .def_readonly("merges", &io::GgufTokenizer::merges)
      .def_readonly("bos", &io::GgufTokenizer::bos)
      .def_readonly("eos", &io::GgufTokenizer::eos)
      .def_readonly("unk", &io::GgufTokenizer::unk)
      .def_readonly("pad", &io::GgufTokenizer::pad)
      .def_readonly("add_bos", &io::GgufTokenizer::add_bos)
      .def_readonly("add_eos", &io::GgufTokenizer::add_eos)
      .def_readonly("add_space_prefix", &io::GgufTokenizer::add_space_prefix)
      .def_readonly("chat_template", &io::GgufTokenizer::chat_template);
  m.def("read_gguf_tokenizer", &io::read_gguf_tokenizer, py::arg("path"), py::call_guard<py::gil_scoped_release>());
  m.def("read_llama2c_tokenizer", &io::read_llama2c_tokenizer, py::arg("path"), py::call_guard<py::gil_scoped_release>());
  m.def(
      "read_safetensors",
      [](const std::string& path) {
        auto content = [&] {
          py::gil_scoped_release release;
          return io::read_safetensors(path);
        }();
        return std::pair(std::move(content.tensors), std::move(content.metadata));
      },
      py::arg("path"), "F32, F16 and BF16 tensors as float32, by name, and the file's notes.");
  m.def(
      "write_safetensors",
      [](const std::string& path, const std::map<std::string, Tensor>& tensors, const std::map<std::string, std::string>& metadata) {
        py::gil_scoped_release release;
        io::write_safetensors(path, {tensors, metadata});
      },
      py::arg("path"), py::arg("tensors"), py::arg("metadata") = std::map<std::string, std::string>(),
      "Float32 tensors by name, byte for byte as the safetensors package writes them.");
}

}  // namespace

void bind_text(py::module_& m) {
  using text::Tokenizer;
  py::class_<Tokenizer>(m, "Tokenizer", "Byte-level BPE: any bytes go in and come out again.")
      .def_static(
          "train",
          [](const std::vector<std::string>& texts, std::int64_t vocab_size, const std::vector<std::string>& special) {
            py::gil_scoped_release release;
            return Tokenizer::train(texts, vocab_size, special);
          },
          py::arg("texts"), py::arg("vocab_size"), py::arg("special_tokens") = text::chat_special_tokens())
      .def_static("load", &Tokenizer::load, py::arg("folder"), "Reads tokenizer.json from a folder.")
      .def("save", &Tokenizer::save, py::arg("folder"), "Writes tokenizer.json into a folder.")
      .def_static("from_json", &Tokenizer::from_json, py::arg("json"), py::arg("name") = "tokenizer.json")
      .def("to_json", &Tokenizer::to_json)
      .def(
          "encode", [](const Tokenizer& t, const std::string& s, bool allow) { return t.encode(s, allow); }, py::arg("text"),
          py::arg("allow_special") = false)
      .def(
          "decode", [](const Tokenizer& t, const std::vector<std::int32_t>& ids, bool skip) { return to_text(t.decode(ids, skip)); }, py::arg("ids"),
          py::arg("skip_special") = true)
      .def(
          "decode_bytes", [](const Tokenizer& t, const std::vector<std::int32_t>& ids, bool skip) { return py::bytes(t.decode(ids, skip)); },
          py::arg("ids"), py::arg("skip_special") = true)
      .def("special_id", &Tokenizer::special_id, py::arg("token"))
      .def_property_readonly("special_tokens", &Tokenizer::special_tokens)
      .def_property_readonly("vocab_size", &Tokenizer::vocab_size)
      .def(
          "apply_chat_template",
          [](const Tokenizer& t, const py::list& messages, bool prompt) { return text::apply_chat_template(t, to_conversation(messages), prompt); },
          py::arg("messages"), py::arg("add_generation_prompt") = false);
  py::class_<text::Example>(m, "Example", "A conversation as tokens, with the assistant's marked.")
      .def(py::init([](std::vector<std::int32_t> ids, std::vector<std::uint8_t> mask) {
             if (ids.size() != mask.size())
               detail::fail<ShapeError>("Example", "ids and mask differ in length", detail::str(mask.size()), detail::str(ids.size()));
             return text::Example{std::move(ids), std::move(mask)};
           }),
           py::arg("ids"), py::arg("mask"))
      .def_readonly("ids", &text::Example::ids)
      .def_readonly("mask", &text::Example::mask);
  m.def(
      "render_example", [](const Tokenizer& t, const py::list& messages) { return text::render_example(t, to_conversation(messages)); },
      py::arg("tokenizer"), py::arg("messages"));
  m.def(
      "train_chat_tokenizer",
      [](const py::list& conversations, std::int64_t vocab_size) { return text::train_chat_tokenizer(to_conversations(conversations), vocab_size); },
      py::arg("conversations"), py::arg("vocab_size"));

  bind_files(m);
  py::class_<io::ChatModel>(m, "ChatModel", "A chatbot: transformer, tokenizer and the exchanges it rehearses.")
      .def(py::init([](const nn::Transformer& t, const Tokenizer& k, const py::list& c) {
             return io::ChatModel{t, k, to_conversations(c), {}};
           }),
           py::arg("transformer"), py::arg("tokenizer"), py::arg("conversations") = py::list())
      .def_readonly("ids", &io::ChatModel::ids)
      .def_readonly("transformer", &io::ChatModel::transformer)
      .def_readonly("tokenizer", &io::ChatModel::tokenizer)
      .def_property_readonly("conversations", [](const io::ChatModel& c) {
        py::list out;
        for (const auto& x : c.conversations) out.append(from_conversation(x));
        return out;
      });
  m.def("load_model", &io::load_model, py::arg("folder"), py::call_guard<py::gil_scoped_release>());
  m.def("save_model", &io::save_model, py::arg("folder"), py::arg("model"), py::call_guard<py::gil_scoped_release>());
  m.def(
      "read_conversations",
      [](const std::string& path) {
        py::list out;
        for (const auto& c : io::read_conversations(path)) out.append(from_conversation(c));
        return out;
      },
      py::arg("path"), "Conversations from JSON lines in TRL's columns.");
  m.def(
      "write_conversations", [](const std::string& path, const py::list& all) { io::write_conversations(path, to_conversations(all)); },
      py::arg("path"), py::arg("conversations"));
}
