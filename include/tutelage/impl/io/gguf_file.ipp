#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tutelage/impl/io/stored.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// Types of metadata in GGUF.
enum class GgufType : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

inline bool utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto byte = [&](std::size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u; };
    const unsigned lead = byte(i);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : lead >= 0xe0 && lead < 0xf0 ? 2
                             : lead >= 0xf0 && lead < 0xf5 ? 3
                                                           : 9;
    if (more == 9) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    const unsigned second = byte(i + 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
      return false;
    i += more + 1;
  }
  return true;
}

/// Reads a file from front to back; whatever would pass its end is refused with the offset.
class Cursor {
 public:
  Cursor(const char* function, const std::string& path, std::string_view bytes) : function_(function), path_(path), bytes_(bytes) {}
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::string_view take(std::uint64_t n, const std::string& what) {
    if (n > left()) wrong(what + " passes the end of the file", std::to_string(n) + " bytes", "at most " + detail::str(left()));
    const auto part = bytes_.substr(at_, n);
    at_ += n;
    return part;
  }
  template <class T> T number(const std::string& what) {
    T x;
    std::memcpy(&x, take(sizeof x, what).data(), sizeof x);
    return x;
  }
  std::string_view string(const std::string& what) { return take(number<std::uint64_t>(what), what); }
  [[noreturn]] void wrong(const std::string& what, const std::string& got, const std::string& expected) const {
    detail::fail<IoError>(function_, path_ + ", byte " + detail::str(at_) + ": " + what, got, expected);
  }

 private:
  const char* function_;
  const std::string& path_;
  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// A value of the metadata, still in the file.
struct GgufValue {
  GgufType type{}, item{};  // item: of an array
  std::uint64_t count = 1;  // of an array
  std::string_view bytes;   // a string's text, a number, an array's items
};

/// Head, metadata and tensors of a GGUF file, checked against its size; nothing is copied.
class GgufFile {
 public:
  GgufFile(const char* function, const std::string& path) : function_(function), file_(std::make_shared<const MappedFile>(function, path)) {
    Cursor c(function, file_->path, file_->bytes());
    if (c.left() < 4 || c.take(4, "magic") != "GGUF") wrong("not a GGUF file", "other first bytes", "GGUF");
    const auto version = c.number<std::uint32_t>("version");
    if (version != 0 && (version & 0xffff) == 0) wrong("file is big-endian", "version " + std::to_string(version), "a little-endian file");
    if (version != 2 && version != 3) wrong("unknown version", std::to_string(version), "2 or 3");
    const auto tensors = c.number<std::uint64_t>("number of tensors"), keys = c.number<std::uint64_t>("number of keys");
    if (tensors > 65536 || tensors > c.left() / 24)
      c.wrong("number of tensors is absurd", std::to_string(tensors), "what the file can hold, at most 65536");
    if (keys > 65536 || keys > c.left() / 13) c.wrong("number of keys is absurd", std::to_string(keys), "what the file can hold, at most 65536");
    for (std::uint64_t i = 0; i < keys; ++i) read_key(c);
    read_tensors(c, tensors);
  }

  StoredTensors tensors() const { return {{file_}, tensors_, {}, file_->path}; }
  const std::map<std::string, StoredTensor>& all_tensors() const { return tensors_; }
  const std::map<std::string, GgufValue>& keys() const { return keys_; }
  const std::string& path() const { return file_->path; }
  bool has(const std::string& key) const { return keys_.count(key) > 0; }

  std::string text(const std::string& key, const std::string& otherwise) const {
    const GgufValue* v = find(key);
    if (!v) return otherwise;
    if (v->type != GgufType::kString) wrong_type(key, "a string");
    if (!utf8(v->bytes)) wrong(key + " is not UTF-8", "other bytes", "UTF-8");
    return std::string(v->bytes);
  }
  bool flag(const std::string& key, bool otherwise) const {
    const GgufValue* v = find(key);
    if (v && v->type != GgufType::kBool) wrong_type(key, "a bool");
    return v ? v->bytes[0] != 0 : otherwise;
  }
  std::int64_t whole(const std::string& key, std::int64_t otherwise) const {
    const GgufValue* v = find(key);
    if (!v) return otherwise;
    if (!whole_type(v->type)) wrong_type(key, "a whole number");
    return whole_of(v->type, v->bytes.data());
  }
  double number(const std::string& key, double otherwise) const {
    const GgufValue* v = find(key);
    if (!v) return otherwise;
    if (v->type == GgufType::kF32) return static_cast<double>(copied<float>(v->bytes.data()));
    if (v->type == GgufType::kF64) return copied<double>(v->bytes.data());
    if (!whole_type(v->type)) wrong_type(key, "a number");
    return static_cast<double>(whole_of(v->type, v->bytes.data()));
  }
  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> all;
    const GgufValue* v = find(key);
    if (!v) return all;
    if (v->type != GgufType::kArray || v->item != GgufType::kString) wrong_type(key, "an array of strings");
    all.reserve(v->count);  // each takes 8 bytes of the file at least
    const char* p = v->bytes.data();
    for (std::uint64_t i = 0; i < v->count; ++i) {
      const auto n = copied<std::uint64_t>(p);
      const std::string_view s(p + 8, n);
      if (!utf8(s)) wrong(key + ": item " + std::to_string(i) + " is not UTF-8", "other bytes", "UTF-8");
      all.emplace_back(s);
      p += 8 + n;
    }
    return all;
  }
  std::vector<std::int32_t> wholes(const std::string& key) const {
    std::vector<std::int32_t> all;
    const GgufValue* v = find(key);
    if (!v) return all;
    if (v->type != GgufType::kArray || !whole_type(v->item)) wrong_type(key, "an array of whole numbers");
    const std::size_t step = v->bytes.size() / std::max<std::uint64_t>(v->count, 1);
    for (std::uint64_t i = 0; i < v->count; ++i) all.push_back(static_cast<std::int32_t>(whole_of(v->item, v->bytes.data() + i * step)));
    return all;
  }
  std::vector<float> numbers(const std::string& key) const {
    const GgufValue* v = find(key);
    if (!v) return {};
    if (v->type != GgufType::kArray || v->item != GgufType::kF32) wrong_type(key, "an array of float32");
    std::vector<float> all(v->count);
    if (v->count) std::memcpy(all.data(), v->bytes.data(), v->bytes.size());
    return all;
  }
  [[noreturn]] void wrong(const std::string& what, const std::string& got, const std::string& expected) const {
    detail::fail<IoError>(function_, file_->path + ": " + what, got, expected);
  }

 private:
  const GgufValue* find(const std::string& key) const {
    const auto it = keys_.find(key);
    return it == keys_.end() ? nullptr : &it->second;
  }
  [[noreturn]] void wrong_type(const std::string& key, const std::string& expected) const {
    wrong(key + " has a value of the wrong type", "another type", expected);
  }
  template <class T> static T copied(const char* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
  }
  static bool whole_type(GgufType t) {
    return t == GgufType::kU64 || t == GgufType::kI64 || static_cast<std::uint32_t>(t) <= static_cast<std::uint32_t>(GgufType::kI32);
  }
  /// A number beyond 2^63 becomes the largest that is not.
  static std::int64_t whole_of(GgufType t, const char* p) {
    switch (t) {
      case GgufType::kU8:
        return copied<std::uint8_t>(p);
      case GgufType::kI8:
        return copied<std::int8_t>(p);
      case GgufType::kU16:
        return copied<std::uint16_t>(p);
      case GgufType::kI16:
        return copied<std::int16_t>(p);
      case GgufType::kU32:
        return copied<std::uint32_t>(p);
      case GgufType::kI32:
        return copied<std::int32_t>(p);
      case GgufType::kU64:
        return static_cast<std::int64_t>(std::min<std::uint64_t>(copied<std::uint64_t>(p), std::uint64_t{~std::uint64_t{0} >> 1}));
      default:
        return copied<std::int64_t>(p);
    }
  }
  static std::uint64_t size_of(GgufType t) {
    constexpr std::uint64_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return sizes[static_cast<std::uint32_t>(t)];
  }

  GgufType read_type(Cursor& c, const std::string& key) const {
    const auto t = c.number<std::uint32_t>("type of " + key);
    if (t > static_cast<std::uint32_t>(GgufType::kF64)) c.wrong(key + " has an unknown type", std::to_string(t), "0 to 12");
    return static_cast<GgufType>(t);
  }

  void read_key(Cursor& c) {
    const auto length = c.number<std::uint64_t>("length of a key");
    if (length > 65535) c.wrong("key is too long", std::to_string(length) + " bytes", "at most 65535");
    const std::string key(c.take(length, "key"));
    if (!utf8(key)) c.wrong("key is not UTF-8", "other bytes", "UTF-8");
    GgufValue v;
    v.type = read_type(c, key);
    if (v.type == GgufType::kString) {
      v.bytes = c.string(key);
    } else if (v.type == GgufType::kArray) {
      v.item = read_type(c, key);
      if (v.item == GgufType::kArray) c.wrong(key + " has a type that is not supported", "an array of arrays", "an array of numbers or strings");
      v.count = c.number<std::uint64_t>("length of " + key);
      const std::uint64_t least = v.item == GgufType::kString ? 8 : size_of(v.item);
      if (v.count > c.left() / least)
        c.wrong("array " + key + " passes the end of the file", std::to_string(v.count) + " items", "at most " + std::to_string(c.left() / least));
      const std::size_t start = c.at();
      if (v.item == GgufType::kString) {
        for (std::uint64_t i = 0; i < v.count; ++i) c.string(key);
        v.bytes = file_->bytes().substr(start, c.at() - start);
      } else {
        v.bytes = c.take(v.count * least, key);
      }
    } else {
      v.bytes = c.take(size_of(v.type), key);
    }
    if (v.type == GgufType::kBool && static_cast<unsigned char>(v.bytes[0]) > 1) c.wrong(key + " is no bool", std::to_string(v.bytes[0]), "0 or 1");
    if (!keys_.emplace(key, v).second) c.wrong("key is there twice", key, "each key once");
  }

  void read_tensors(Cursor& c, std::uint64_t count) {
    struct Place {
      std::uint64_t offset, bytes;
      std::string name;
    };
    std::vector<Place> places;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto length = c.number<std::uint64_t>("length of a tensor's name");
      if (length > 64) c.wrong("tensor's name is too long", std::to_string(length) + " bytes", "at most 64");
      const std::string name(c.take(length, "tensor's name"));
      if (!utf8(name)) c.wrong("tensor's name is not UTF-8", "other bytes", "UTF-8");
      const auto rank = c.number<std::uint32_t>("rank of " + name);
      if (rank < 1 || rank > 4) c.wrong("tensor " + name + " has an impossible number of dimensions", std::to_string(rank), "1 to 4");
      std::vector<std::int64_t> dims;  // the file has the fastest first
      for (std::uint32_t k = 0; k < rank; ++k) {
        const auto d = c.number<std::uint64_t>("shape of " + name);
        if (d > std::uint64_t{1} << 40) c.wrong("tensor " + name + " has an impossible shape", std::to_string(d), "sizes that a file can have");
        dims.insert(dims.begin(), static_cast<std::int64_t>(d));
      }
      const auto type = c.number<std::uint32_t>("type of " + name);
      const auto offset = c.number<std::uint64_t>("offset of " + name);
      StoredTensor t;
      name_type(type, t);
      if (t.type == Stored::kOther)
        c.wrong("tensor " + name + " has a type that is not supported", t.type_name, "F32, F16, BF16, Q8_0, Q4_0 or Q4_1");
      try {
        t.shape = Shape{std::span<const std::int64_t>(dims)};
      } catch (const ShapeError& e) { c.wrong("tensor " + name + " has an impossible shape", e.what(), "sizes that a file can have"); }
      const auto block = stored_block(t.type);
      if (dims.back() % block.numbers != 0)
        c.wrong("tensor " + name + " has rows that are no whole blocks", detail::str(dims.back()), "a multiple of " + detail::str(block.numbers));
      const auto blocks = static_cast<std::uint64_t>(t.shape.size() / block.numbers);
      if (blocks > c.left() / static_cast<std::uint64_t>(block.bytes))
        c.wrong("tensor " + name + " passes the end of the file", t.shape.str() + " of " + t.type_name,
                "at most " + detail::str(c.left()) + " bytes");
      if (!tensors_.emplace(name, t).second) c.wrong("tensor is there twice", name, "each tensor once");
      places.push_back({offset, blocks * static_cast<std::uint64_t>(block.bytes), name});
    }
    const std::int64_t alignment = whole("general.alignment", 32);
    if (alignment < 8 || alignment > 65536 || (alignment & (alignment - 1)) != 0)
      wrong("general.alignment is impossible", detail::str(alignment), "a power of two, 8 to 65536");
    const auto a = static_cast<std::uint64_t>(alignment);
    const std::uint64_t start = (c.at() + a - 1) / a * a, size = file_->bytes().size();
    std::sort(places.begin(), places.end(),
              [](const Place& x, const Place& y) { return std::tie(x.offset, x.bytes, x.name) < std::tie(y.offset, y.bytes, y.name); });
    std::uint64_t end = 0;
    for (const Place& p : places) {
      if (p.offset % a != 0)
        wrong("tensor " + p.name + " is not aligned", "offset " + std::to_string(p.offset), "a multiple of " + detail::str(alignment));
      if (start > size || p.offset > size - start || p.bytes > size - start - p.offset)
        wrong("tensor " + p.name + " passes the end of the file", "offset " + std::to_string(p.offset) + ", " + std::to_string(p.bytes) + " bytes",
              std::to_string(start > size ? 0 : size - start) + " bytes of data");
      if (p.offset < end) wrong("tensor " + p.name + " overlaps another", "offset " + std::to_string(p.offset), std::to_string(end) + " or more");
      end = p.offset + p.bytes;
      tensors_.at(p.name).data = file_->bytes().data() + start + p.offset;
    }
  }

  static void name_type(std::uint32_t type, StoredTensor& t) {
    constexpr const char* names[] = {"F32",   "F16",    "Q4_0", "Q4_1", "Q4_2", "Q4_3",    "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
                                     "Q3_K",  "Q4_K",   "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
                                     "IQ2_S", "IQ4_XS", "I8",   "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16"};
    t.type_name = type < std::size(names) ? names[type]
                  : type == 34            ? "TQ1_0"
                  : type == 35            ? "TQ2_0"
                  : type == 39            ? "MXFP4"
                                          : "type " + std::to_string(type);
    switch (type) {
      case 0:
        t.type = Stored::kF32;
        break;
      case 1:
        t.type = Stored::kF16;
        break;
      case 2:
        t.type = Stored::kQ4_0;
        break;
      case 3:
        t.type = Stored::kQ4_1;
        break;
      case 8:
        t.type = Stored::kQ8_0;
        break;
      case 30:
        t.type = Stored::kBF16;
        break;
      default:
        t.type = Stored::kOther;
    }
  }

  const char* function_;
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, GgufValue> keys_;
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace io::detail_

TUTELAGE_END
