// Every kind of model file, cut and garbled: it is read or refused with a typed error, nothing else.
#include <functional>

#include "../catch.hpp"
#include "families.hpp"
#include "folder.hpp"
#include "gguf_maker.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/io/gguf.hpp"
#include "tutelage/io/pretrained.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

/// Reads what stands at `path` cut at many places, then with bytes changed. Returns how many times it was refused.
int torment(const std::string& path, const std::function<void()>& read, std::uint32_t seed, std::size_t head) {
  const std::string good = io::read_file(path);
  int refused = 0;
  const auto attempt = [&](const std::string& bytes) {
    put(path, bytes);
    try {
      read();
    } catch (const Error&) { ++refused; }  // anything else ends the test
  };
  const std::size_t step = std::max<std::size_t>(1, good.size() / 300);
  for (std::size_t n = 0; n < good.size(); n += step) attempt(good.substr(0, n));
  Rng rng(seed, Purpose::kUser);
  static constexpr unsigned char kBytes[] = {0, 1, 2, 8, 9, 12, 0x7f, 0x80, 0xff, '"', '{', '}', '[', ']', ',', '-', '0', '9'};
  for (int i = 0; i < 1500; ++i) {
    std::string bad = good;
    const auto changes = 1 + rng.below(3);
    for (std::uint32_t k = 0; k < changes; ++k) {
      const std::size_t at = rng.below(static_cast<std::uint32_t>(std::min(head, good.size())));
      if (rng.below(2))
        bad[at] = static_cast<char>(kBytes[rng.below(sizeof kBytes)]);
      else
        bad[at] = static_cast<char>(bad[at] ^ static_cast<char>(1u << rng.below(8)));
    }
    if (rng.below(8) == 0) bad.erase(rng.below(static_cast<std::uint32_t>(bad.size())), 1 + rng.below(9));
    attempt(bad);
  }
  put(path, good);
  CHECK_NOTHROW(read());
  return refused;
}

}  // namespace

TEST_CASE("garbled folders") {
  const Folder f("bad_folder");
  const auto families = small_families();
  for (std::size_t k : {std::size_t{0}, std::size_t{2}, std::size_t{8}}) {
    const std::string folder = f / std::to_string(k);
    io::save_pretrained(folder, {nn::Transformer(families[k].second, 1), {}, {1, 2, {3}}, ""});
    const auto read = [&] { io::load_pretrained(folder); };
    CHECK(torment(folder + "/model.safetensors", read, 1, 2000) > 1000);
    CHECK(torment(folder + "/config.json", read, 2, 5000) > 1000);
    CHECK(torment(folder + "/generation_config.json", read, 3, 5000) > 300);
  }
}

TEST_CASE("a garbled index of shards") {
  const Folder f("bad_index");
  const std::string folder = f / "m";
  io::save_transformer(folder, nn::Transformer(small_families()[3].second, 1));
  const auto content = io::read_safetensors(folder + "/model.safetensors");
  std::filesystem::rename(folder + "/model.safetensors", folder + "/s");
  std::string map;
  for (const auto& [name, t] : content.tensors) map += (map.empty() ? "\"" : ",\"") + name + "\":\"s\"";
  put(folder + "/model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
  CHECK(torment(
            folder + "/model.safetensors.index.json", [&] { io::load_pretrained(folder); }, 4, 5000) > 1000);
}

TEST_CASE("garbled GGUF files") {
  const Folder f("bad_gguf");
  const std::string path = f / "m.gguf";
  put(path, small_gguf().str());
  CHECK(torment(
            path, [&] { io::load_pretrained(path); }, 5, 1800) > 1000);
  CHECK(torment(
            path, [&] { io::read_gguf_tokenizer(path); }, 6, 1800) > 800);
}

TEST_CASE("garbled files of llama2.c") {
  const Folder f("bad_llama2c");
  const std::string path = f / "m.bin", tokenizer = f / "t.bin";
  put(path, small_llama2c());
  CHECK(torment(
            path, [&] { io::load_pretrained(path); }, 7, 28) > 1000);
  Bytes b;
  b.put(std::uint32_t{8});
  for (const std::string s : {"<unk>", "\n<s>\n", "\n</s>\n", "<0x0A>", " the"}) b.put(-1.5f).put(static_cast<std::uint32_t>(s.size())).all += s;
  put(tokenizer, b.all);
  CHECK(torment(
            tokenizer, [&] { io::read_llama2c_tokenizer(tokenizer); }, 8, 100) > 500);
}
