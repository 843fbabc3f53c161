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
           py::arg("transformer"), py::arg("head") = py::none(), py::arg_v("ids", io::TokenIds(), "TokenIds()"), py::arg("model_type") = "")
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
  ConfigClass<text::TokenizerConfig>(m, "TokenizerConfig", "What tokenizer_config.json holds besides tokenizer.json.")
      .field("chat_template", &text::TokenizerConfig::chat_template, "chatml, llama2, llama3, zephyr; jinja: the text in `jinja`.")
      .field("default_system", &text::TokenizerConfig::default_system, "Of the built-in templates: the system turn of a conversation without one.")
      .field("jinja", &text::TokenizerConfig::jinja, "The template's text.")
      .field("bos_token", &text::TokenizerConfig::bos_token, "Begins a text; empty: none.")
      .field("eos_token", &text::TokenizerConfig::eos_token, "Ends a text; empty: none.")
      .field("unk_token", &text::TokenizerConfig::unk_token, "Stands for what is unknown; empty: none.")
      .field("pad_token", &text::TokenizerConfig::pad_token, "Fills batches of other libraries; empty: none.")
      .field("other", &text::TokenizerConfig::other, "The file's other keys, an object in JSON.")
      .done();
  ConfigClass<text::TokenizerData>(m, "TokenizerData", "A tokenizer as plain lists, as GGUF and llama2.c files carry it.")
      .field("kind", &text::TokenizerData::kind, "gpt2: byte-level BPE by merges; llama: SentencePiece's BPE by scores.")
      .field("pre", &text::TokenizerData::pre, "Of gpt2, how words are cut: gpt-2, default, llama-bpe, qwen2, smollm.")
      .field("tokens", &text::TokenizerData::tokens, "By id.")
      .field("scores", &text::TokenizerData::scores, "Of llama, one a token.")
      .field("types", &text::TokenizerData::types, "GGUF's: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.")
      .field("merges", &text::TokenizerData::merges, "Of gpt2: two tokens with a space between.")
      .field("bos", &text::TokenizerData::bos, "Id; -1: none.")
      .field("eos", &text::TokenizerData::eos, "Id; -1: none.")
      .field("unk", &text::TokenizerData::unk, "Id; -1: none.")
      .field("pad", &text::TokenizerData::pad, "Id; -1: none.")
      .field("add_bos", &text::TokenizerData::add_bos, "Where special tokens are added, bos begins the text.")
      .field("add_eos", &text::TokenizerData::add_eos, "Where special tokens are added, eos ends the text.")
      .field("add_space_prefix", &text::TokenizerData::add_space_prefix, "Of llama: a text begins with a space of its own.")
      .field("chat_template", &text::TokenizerData::chat_template, "Jinja, or empty.")
      .field("name", &text::TokenizerData::name, "The file, for errors.")
      .done();
  py::class_<Tokenizer>(m, "Tokenizer", "Byte-pair encoding of the GPT-2, GPT-NeoX, Llama, Mistral and Qwen families.")
      .def_static(
          "train",
          [](const std::vector<std::string>& texts, std::int64_t vocab_size, const std::vector<std::string>& special) {
            py::gil_scoped_release release;
            return Tokenizer::train(texts, vocab_size, special);
          },
          py::arg("texts"), py::arg("vocab_size"), py::arg("special_tokens") = text::chat_special_tokens())
      .def_static("load", &Tokenizer::load, py::arg("folder"), py::call_guard<py::gil_scoped_release>(),
                  "Reads tokenizer.json, tokenizer_config.json and chat_template.jinja from a folder.")
      .def("save", &Tokenizer::save, py::arg("folder"), "Writes them into a folder.")
      .def_static("from_json", &Tokenizer::from_json, py::arg("json"), py::arg("name") = "tokenizer.json", py::call_guard<py::gil_scoped_release>())
      .def("to_json", &Tokenizer::to_json)
      .def_static("from_data", &Tokenizer::from_data, py::arg("data"), "Of the lists that a GGUF or llama2.c file carries.")
      .def(
          "encode", [](const Tokenizer& t, const std::string& s, bool allow, bool add) { return t.encode(s, allow, add); }, py::arg("text"),
          py::arg("allow_special") = false, py::arg("add_special") = false)
      .def(
          "encode_marked",
          [](const Tokenizer& t, const std::string& s, const std::vector<std::pair<std::size_t, std::size_t>>& plain,
             const std::vector<std::size_t>& cuts, bool allow) {
            std::vector<text::Span> spans;
            for (const auto& [begin, end] : plain) spans.push_back({begin, end});
            text::EncodeOptions options;
            options.allow_special = allow;
            options.plain = spans;
            options.cuts = cuts;
            auto e = t.encode_marked(s, options);
            return std::tuple(std::move(e.ids), std::move(e.first), std::move(e.last));
          },
          py::arg("text"), py::arg("plain") = std::vector<std::pair<std::size_t, std::size_t>>(), py::arg("cuts") = std::vector<std::size_t>(),
          py::arg("allow_special") = true,
          "Ids, and the places of the bytes (of UTF-8) that each begins and ends with. No added token but white space is seen in `plain` spans, no "
          "token goes over a cut.")
      .def(
          "decode", [](const Tokenizer& t, const std::vector<std::int32_t>& ids, bool skip) { return to_text(t.decode_text(ids, skip)); },
          py::arg("ids"), py::arg("skip_special") = true)
      .def(
          "decode_bytes", [](const Tokenizer& t, const std::vector<std::int32_t>& ids, bool skip) { return py::bytes(t.decode(ids, skip)); },
          py::arg("ids"), py::arg("skip_special") = true)
      .def("__copy__", [](const Tokenizer& t) { return t; })
      .def("special_id", &Tokenizer::special_id, py::arg("token"))
      .def("has_special", &Tokenizer::has_special, py::arg("token"))
      .def_property_readonly("special_tokens", &Tokenizer::special_tokens)
      .def_property_readonly("vocab_size", &Tokenizer::vocab_size)
      .def_readwrite("config", &Tokenizer::config, "What tokenizer_config.json says: special tokens, chat template.")
      .def(
          "apply_chat_template",
          [](const py::object& self, const py::list& messages, bool prompt, bool tokenize, const py::kwargs& variables) -> py::object {
            const auto& t = py::cast<const Tokenizer&>(self);
            if (t.config.chat_template == "jinja")
              return py::module_::import("tutelage.templates").attr("apply")(self, messages, prompt, tokenize, **variables);
            if (!variables.empty())
              detail::fail<ValueError>("apply_chat_template", "the built-in templates take no variables", py::str(variables), "none");
            const auto conversation = to_conversation(messages);
            if (!tokenize) return to_text(text::render_chat(t, conversation, prompt).text);
            return py::cast(text::apply_chat_template(t, conversation, prompt));
          },
          py::arg("messages"), py::arg("add_generation_prompt") = false, py::arg("tokenize") = true,
          "The conversation by config.chat_template, as ids or as text. A template in Jinja needs the extra [hf] and takes variables such as tools.");
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
      "render_example",
      [](const py::object& tokenizer, const py::list& messages) {
        const auto& t = py::cast<const Tokenizer&>(tokenizer);
        if (t.config.chat_template == "jinja")
          return py::cast<text::Example>(py::module_::import("tutelage.templates").attr("example")(tokenizer, messages));
        return text::render_example(t, to_conversation(messages));
      },
      py::arg("tokenizer"), py::arg("messages"), "The conversation as ids, with a mask of what the assistant writes.");
  m.def("chat_template_names", &text::chat_template_names, "The built-in chat templates.");
  m.def("chat_template_jinja", &text::chat_template_jinja, py::arg("name"), py::arg("default_system") = "",
        "A built-in template in Jinja, with its answers between generation tags.");
  m.def("end_of_answer", &text::end_of_answer, py::arg("tokenizer"), "The id of the token that ends an answer.");
  m.def(
      "train_chat_tokenizer",
      [](const py::list& conversations, std::int64_t vocab_size) { return text::train_chat_tokenizer(to_conversations(conversations), vocab_size); },
      py::arg("conversations"), py::arg("vocab_size"));

  bind_files(m);
  py::class_<io::ChatModel>(m, "ChatModel", "A chatbot: transformer, tokenizer and the exchanges it rehearses.")
      .def(py::init([](const nn::Transformer& t, const Tokenizer& k, const py::list& c, const std::optional<io::TokenIds>& ids) {
             return io::ChatModel{t, k, to_conversations(c), ids.value_or(io::TokenIds())};
           }),
           py::arg("transformer"), py::arg("tokenizer"), py::arg("conversations") = py::list(), py::arg("ids") = py::none())
      .def_readonly("ids", &io::ChatModel::ids)
      .def_readonly("transformer", &io::ChatModel::transformer)
      .def_readonly("tokenizer", &io::ChatModel::tokenizer)
      .def_property_readonly("conversations", [](const io::ChatModel& c) {
        py::list out;
        for (const auto& x : c.conversations) out.append(from_conversation(x));
        return out;
      });
  m.def("load_model", &io::load_model, py::arg("path"), py::call_guard<py::gil_scoped_release>());
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
