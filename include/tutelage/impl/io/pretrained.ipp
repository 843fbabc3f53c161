#pragma once
#include "tutelage/impl/io/gguf.ipp"
#include "tutelage/impl/io/hf_folder.hpp"
#include "tutelage/impl/io/llama2c.ipp"
#include "tutelage/impl/io/stored.hpp"
#include "tutelage/io/pretrained.hpp"

TUTELAGE_BEGIN

namespace io {

namespace detail_ {  // header-only, any of the files above may be the one that brought this
inline Pretrained read_gguf(const std::string& path);
inline Pretrained read_llama2c(const std::string& path);
inline Pretrained read_folder(const char* function, const std::string& folder, StoredTensors& stored);
inline void write_folder(const char* function, const std::string& folder, const Pretrained& model, const ModelCard& card,
                         std::map<std::string, std::string> notes);
}  // namespace detail_

TUTELAGE_INLINE Pretrained load_pretrained(const std::string& path) {
  if (path.ends_with(".gguf")) return detail_::read_gguf(path);
  if (path.ends_with(".bin")) return detail_::read_llama2c(path);
  detail_::StoredTensors stored;
  return detail_::read_folder("load_pretrained", path, stored);
}

TUTELAGE_INLINE void save_pretrained(const std::string& folder, const Pretrained& model, const ModelCard& card) {
  detail_::write_folder("save_pretrained", folder, model, card, {});
}

TUTELAGE_INLINE nn::Transformer load_transformer(const std::string& path) {
  auto all = load_pretrained(path);
  if (all.head)
    detail::fail<ConfigError>("load_transformer", path + " holds a classifier", "a head", "a language model", "load_pretrained reads it.");
  return std::move(all.transformer);
}

TUTELAGE_INLINE void save_transformer(const std::string& folder, const nn::Transformer& model, const ModelCard& card) {
  detail_::write_folder("save_transformer", folder, {model, {}, {}, ""}, card, {});
}

}  // namespace io

TUTELAGE_END
