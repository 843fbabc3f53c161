#include "casters.hpp"
#include "tutelage/io/model.hpp"
#include "tutelage/io/record.hpp"

using namespace tutelage;

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

  py::class_<io::ChatModel>(m, "ChatModel", "A chatbot: transformer, tokenizer and the exchanges it rehearses.")
      .def(py::init([](const nn::Transformer& t, const Tokenizer& k, const py::list& c) {
             return io::ChatModel{t, k, to_conversations(c), {}};
           }),
           py::arg("transformer"), py::arg("tokenizer"), py::arg("conversations") = py::list())
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
