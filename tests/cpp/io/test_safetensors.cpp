#include <cmath>
#include <cstring>
#include <limits>

#include "../catch.hpp"
#include "folder.hpp"
#include "tutelage/base/error.hpp"
#include "tutelage/base/rng.hpp"
#include "tutelage/io/safetensors.hpp"

using namespace tutelage;

namespace {

Tensor numbers(Shape shape) {
  Tensor t(shape);
  for (std::int64_t i = 0; i < t.size(); ++i) t.mutable_data()[i] = static_cast<float>(i) * 0.5f - 1;
  return t;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && (a.size() == 0 || std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * 4) == 0);
}

std::string file_of(const std::string& header, std::size_t data) {
  std::string bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 255);
  return bytes + header + std::string(data, '\1');
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets, const std::string& dtype = "F32") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

TEST_CASE("tensors of every shape come back, with the notes") {
  const Folder f("safetensors");
  io::SafeTensors content;
  content.tensors = {{"scalar", numbers(Shape{})},
                     {"empty", numbers({0, 3})},
                     {"row", numbers({5})},
                     {"\u00fc \"quoted\"\n", numbers({2, 3})},
                     {"six", numbers({1, 2, 1, 3, 1, 2})}};
  float* odd = content.tensors["row"].mutable_data();
  odd[0] = std::numeric_limits<float>::quiet_NaN(), odd[1] = -0.0f, odd[2] = std::numeric_limits<float>::denorm_min();
  odd[3] = -std::numeric_limits<float>::infinity();
  content.metadata = {{"note", "\u00e9\n\"x\""}, {"", "empty"}};
  io::write_safetensors(f / "a", content);
  const auto back = io::read_safetensors(f / "a");
  CHECK(back.metadata == content.metadata);
  REQUIRE(back.tensors.size() == content.tensors.size());
  for (const auto& [name, t] : content.tensors) CHECK(same(back.tensors.at(name), t));
  io::write_safetensors(f / "b", back);
  const std::string bytes = io::read_file(f / "a");
  CHECK(io::read_file(f / "b") == bytes);
  CHECK(static_cast<unsigned char>(bytes[0]) % 8 == 0);  // the data begin at a multiple of 8
  io::write_safetensors(f / "none", {});
  CHECK(io::read_safetensors(f / "none").tensors.empty());
}

TEST_CASE("the file is laid out as the format says") {
  const Folder f("layout");
  io::write_safetensors(f / "a", {{{"b", Tensor::full({1}, 1.0f)}, {"a", Tensor::full({2}, -2.0f)}}, {}});
  const std::string header = "{" + entry("a", "[2]", "[0,8]") + "," + entry("b", "[1]", "[8,12]") + "}";
  const std::string bytes = io::read_file(f / "a");
  CHECK(bytes.substr(8, header.size()) == header);
  CHECK(bytes.substr(bytes.size() - 12) == std::string("\0\0\0\xc0\0\0\0\xc0\0\0\x80?", 12));
}

TEST_CASE("a file that is cut anywhere is refused") {
  const Folder f("cut");
  io::write_safetensors(f / "a", {{{"w", numbers({3, 4})}, {"b", numbers({4})}}, {{"k", "v"}}});
  const std::string good = io::read_file(f / "a");
  for (std::size_t n = 0; n < good.size(); ++n) {
    put(f / "cut", good.substr(0, n));
    REQUIRE_THROWS_AS(io::read_safetensors(f / "cut"), IoError);
  }
  CHECK_THROWS_AS(io::read_safetensors(f / "absent"), IoError);
}

TEST_CASE("what a header declares is checked before it is believed") {
  const Folder f("header");
  const std::string path = f / "x.safetensors";
  const auto refused = [&](const std::string& bytes, const std::string& word) {
    put(path, bytes);
    try {
      io::read_safetensors(path);
      FAIL("accepted: " << word);
    } catch (const IoError& e) {
      INFO(e.what());
      CHECK(std::string(e.what()).find(path) != std::string::npos);
      CHECK(std::string(e.what()).find(word) != std::string::npos);
    }
  };
  const std::string good = entry("w", "[2]", "[0,8]");
  put(path, file_of("{" + good + "}   ", 8));
  CHECK(io::read_safetensors(path).tensors.at("w").size() == 2);

  refused(file_of("{" + good + "}", 12), "bytes that belong to no tensor");
  refused(file_of("{" + good + "}", 4), "outside the file");
  refused(file_of("{" + good + "," + entry("v", "[2]", "[4,12]") + "}", 12), "overlap");
  refused(file_of("{" + good + "," + entry("v", "[2]", "[0,8]") + "}", 8), "overlap");
  refused(file_of("{" + good + "," + entry("v", "[1]", "[12,16]") + "}", 16), "gap");
  refused(file_of("{" + good + "," + good + "}", 8), "twice");
  refused(file_of("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8), "twice");
  for (const std::string dtype : {"F16", "BF16", "F64", "F8_E4M3"})
    refused(file_of("{" + entry("w", "[2]", "[0,8]", dtype) + "}", 8), "shape denies");
  for (const std::string dtype : {"f32", "F33", ""}) refused(file_of("{" + entry("w", "[2]", "[0,8]", dtype) + "}", 8), "unknown dtype");
  for (const std::string dtype : {"F64", "I64", "U64", "C64"})
    refused(file_of("{" + entry("w", "[1]", "[0,8]", dtype) + "}", 8), "w has another type: got " + dtype);
  refused(file_of("{" + entry("w", "[3]", "[0,1]", "F4") + "}", 1), "shape denies");  // half a byte
  refused(file_of("{" + entry("w", "[3]", "[0,8]") + "}", 8), "shape denies");
  refused(file_of("{" + entry("w", "[2]", "[8,0]") + "}", 8), "outside");
  refused(file_of("{" + entry("w", "[2]", "[-8,8]") + "}", 8), "damaged");
  refused(file_of("{" + entry("w", "[2]", "[0.0,8]") + "}", 8), "damaged");
  refused(file_of("{" + entry("w", "[2.5]", "[0,8]") + "}", 8), "damaged");
  refused(file_of("{" + entry("w", "[true,2]", "[0,8]") + "}", 8), "damaged");
  refused(file_of("{" + entry("w", "[2]", "[0,8]") + "," + entry("e", "[0]", "[4,4]") + "}", 8), "e at byte 4");
  refused(file_of(" {" + good + "}", 8), "not an object");
  refused(file_of("{" + entry("w", "[2]", "[0]") + "}", 8), "outside");
  refused(file_of("{" + entry("w", "[-2]", "[0,8]") + "}", 8), "damaged");
  refused(file_of("{" + entry("w", "[1,1,1,1,1,1,2]", "[0,8]") + "}", 8), "impossible shape");
  refused(file_of("{" + entry("w", "[4294967296,4294967296]", "[0,8]") + "}", 8), "impossible shape");
  refused(file_of("{" + entry("w", "[4611686018427387904]", "[0,0]") + "}", 0), "shape denies");  // 4 times it is 0 in 64 bits
  refused(file_of("{" + entry("w", "\"2\"", "[0,8]") + "}", 8), "damaged");
  refused(file_of("{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8), "damaged");
  refused(file_of("{\"w\":3}", 0), "damaged");
  refused(file_of("{\"__metadata__\":{\"a\":1}}", 0), "damaged");
  refused(file_of("[]", 0), "not an object");
  refused(file_of("{\"w\":", 0), "not valid JSON");
  refused(file_of("{\"\xff\":1}", 0), "not valid JSON");
  refused(file_of("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0), "twice");
  refused(file_of("{\"w\":" + std::string(100000, '['), 0), "100 deep");
  refused(std::string(8, '\xff') + "{}", "longer than the file");
  refused(std::string("\x03\0\0\0\0\0\0\0{}", 10), "longer than the file");
}

TEST_CASE("halves come as floats") {
  const Folder f("halves");
  const std::string path = f / "h";
  // 1, -2, the smallest subnormal, -0, the largest, infinity, and a NaN
  const std::string halves("\x00\x3c\x00\xc0\x01\x00\x00\x80\xff\x7b\x00\x7c\x01\x7e", 14);
  const std::string header = "{" + entry("w", "[7]", "[0,14]", "F16") + "," + entry("b", "[2]", "[14,18]", "BF16") + "}";
  put(path, file_of(header, 0) + halves + std::string("\x80\x3f\x49\xc0", 4));
  const auto content = io::read_safetensors(path);
  const float* w = content.tensors.at("w").data();
  CHECK(w[0] == 1);
  CHECK(w[1] == -2);
  CHECK(w[2] == std::ldexp(1.0f, -24));
  CHECK((w[3] == 0 && std::signbit(w[3])));
  CHECK(w[4] == 65504);
  CHECK(w[5] == std::numeric_limits<float>::infinity());
  CHECK(std::isnan(w[6]));
  CHECK(content.tensors.at("b").data()[0] == 1);
  CHECK(content.tensors.at("b").data()[1] == -3.140625f);
}

TEST_CASE("names that cannot be written are refused") {
  const Folder f("unwritable_names");
  CHECK_THROWS_AS(io::write_safetensors(f / "a", {{{"\xff", numbers({1})}}, {}}), ValueError);
  CHECK_THROWS_AS(io::write_safetensors(f / "a", {{{"w", numbers({1})}}, {{"k", "\xff"}}}), ValueError);
  CHECK_THROWS_AS(io::write_safetensors(f / "a", {{{"__metadata__", numbers({1})}}, {}}), ValueError);
  CHECK(f.entries() == 0);
}

TEST_CASE("a garbled file is read or refused, nothing else") {
  const Folder f("garbled");
  io::write_safetensors(f / "a", {{{"w", numbers({3, 4})}, {"b", numbers({4})}}, {}});
  const std::string good = io::read_file(f / "a");
  Rng rng(1, Purpose::kUser);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string bad = good;
    for (int k = 0; k < 2; ++k) bad[rng.below(170)] = static_cast<char>(rng.below(128));
    put(f / "bad", bad);
    try {
      io::read_safetensors(f / "bad");
    } catch (const IoError&) { ++refused; }
  }
  CHECK(refused > 200);
}

TEST_CASE("a full disk leaves the old tensors") {
  const Folder f("full_tensors");
  io::write_safetensors(f / "a", {{{"w", numbers({3})}}, {}});
  {
    const FullDisk full(2000);
    CHECK_THROWS_AS(io::write_safetensors(f / "a", {{{"w", numbers({1000})}}, {}}), IoError);
  }
  CHECK(io::read_safetensors(f / "a").tensors.at("w").size() == 3);
  CHECK(f.entries() == 1);
}
