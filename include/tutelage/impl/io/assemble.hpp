#pragma once
#include <algorithm>
#include <set>
#include <vector>

#include "tutelage/impl/io/stored.hpp"
#include "tutelage/io/hf_names.hpp"

TUTELAGE_BEGIN

namespace io::detail_ {

/// A parameter as a file has it. paired_heads = D > 0: the first two names are queries and keys whose heads of D rows were written for a rotation of
/// neighbours, row 2 j + s of a head being our row s D / 2 + j.
struct FileParameter : HfParameter {
  std::int64_t paired_heads = 0;
};

/// Rows of one tensor of a file on their way into a parameter.
struct Move {
  const StoredTensor* from;
  float* to;                   // the parameter
  std::int64_t rows, columns;  // in the file
  std::int64_t first;          // of our rows
  std::int64_t heads = 0;      // interleaved: H
  std::int64_t paired = 0;     // paired rows: D
  bool transposed = false;
  static constexpr std::int64_t kRows = 16;  // one task: a line of cache of a transposed row

  std::int64_t our_row(std::int64_t r) const {
    if (heads) {
      const std::int64_t d = rows / (3 * heads), h = r / (3 * d), p = r / d % 3;
      return first + (p * heads + h) * d + r % d;
    }
    if (paired) return first + r / paired * paired + r % 2 * (paired / 2) + r % paired / 2;
    return first + r;
  }
  void run(std::int64_t begin, std::int64_t end) const {
    if (transposed) {  // of whole numbers a block, see fill_parameters
      constexpr std::int64_t width = 256;
      float tile[kRows * width];
      for (std::int64_t c0 = 0; c0 < columns; c0 += width) {
        const std::int64_t n = std::min(width, columns - c0);
        for (std::int64_t r = begin; r < end; ++r) convert(*from, r * columns + c0, n, tile + (r - begin) * width);
        for (std::int64_t c = 0; c < n; ++c)
          for (std::int64_t r = begin; r < end; ++r) to[(c0 + c) * rows + r] = tile[(r - begin) * width + c];
      }
    } else if (heads || paired) {
      for (std::int64_t r = begin; r < end; ++r) convert(*from, r * columns, columns, to + our_row(r) * columns);
    } else {
      convert(*from, begin * columns, (end - begin) * columns, to + (first + begin) * columns);
    }
  }
};

/// Checks a configuration that a file describes. @throws ConfigError naming the file
inline void check_config(const char* function, const std::string& where, const nn::TransformerConfig& config) {
  try {
    config.validate();
  } catch (const ConfigError& e) { detail::fail<ConfigError>(function, where + " describes a model that cannot be", e.what(), "one that can"); }
}

/// A model whose parameters come from a file's tensors: each number is converted once, straight to its place, by all threads.
/// Every parameter must be there with its shape, and every tensor be used or `ignored(name)`. @throws IoError naming the file and the tensor
template <class Ignored>
nn::Transformer assemble(const char* function, const StoredTensors& stored, const nn::TransformerConfig& config,
                         const std::vector<FileParameter>& parameters, const Ignored& ignored) {
  std::set<std::string> used;
  for (const auto& p : parameters)
    for (std::size_t i = 0; i < p.names.size(); ++i) {
      const auto it = stored.tensors.find(p.names[i]);
      if (it == stored.tensors.end())
        detail::fail<IoError>(function, stored.where + " lacks a tensor", "no " + p.names[i], "every parameter of the configuration");
      const StoredTensor& t = it->second;
      must_be_weight(function, stored.where, p.names[i], t);
      if (!(t.shape == p.shapes[i]))
        detail::fail<IoError>(function, stored.where + ": " + p.names[i] + " has the wrong shape", t.shape.str(), p.shapes[i].str());
      if (stored_block(t.type).numbers > 1 && (p.transposed || (t.shape.rank() == 1 && (p.interleaved_heads || p.paired_heads))))
        detail::fail<IoError>(function, stored.where + ": " + p.names[i] + " has another type", t.type_name, "F32, F16 or BF16");
      used.insert(p.names[i]);
    }
  for (const auto& [name, t] : stored.tensors)
    if (!used.count(name) && !ignored(name))
      detail::fail<IoError>(function, stored.where + " has a tensor that the configuration lacks", name, "only its parameters");

  std::vector<Move> moves;
  std::vector<std::int64_t> starts{0};  // of each move's tasks
  auto p = parameters.begin();
  auto model = nn::Transformer::made_of(config, [&](const std::string&, const Shape& shape) {
    auto t = Tensor::uninitialized(shape);
    float* to = t.mutable_data();
    std::int64_t first = 0;
    for (std::size_t i = 0; i < p->names.size(); ++i) {
      const StoredTensor& from = stored.tensors.at(p->names[i]);
      Move m{&from, to, 1, from.shape.size(), first, p->interleaved_heads, i < 2 ? p->paired_heads : 0, p->transposed};
      const bool vector = from.shape.rank() == 1;
      if (!vector) m.rows = from.shape[0], m.columns = from.shape[1];
      if (vector && (m.heads || m.paired)) m.rows = from.shape[0], m.columns = 1;
      if (vector && m.rows == 1) m.to = to + first, m.first = 0;  // a vector is one row
      moves.push_back(m);
      starts.push_back(starts.back() + (m.rows + Move::kRows - 1) / Move::kRows);
      first += from.shape[0];
    }
    ++p;
    return t;
  });
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    auto m = static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), begin) - starts.begin()) - 1;
    for (std::int64_t task = begin; task < end; ++task) {
      while (task >= starts[m + 1]) ++m;
      const std::int64_t row = (task - starts[m]) * Move::kRows;
      moves[m].run(row, std::min(moves[m].rows, row + Move::kRows));
    }
  };
  parallel_for(starts.back(), 8, body);
  return model;
}

}  // namespace io::detail_

TUTELAGE_END
