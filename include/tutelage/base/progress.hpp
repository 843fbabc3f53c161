#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

/// One report of a long call: "stage", done of total, and the few numbers that matter.
struct Progress {
  std::string stage;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::vector<std::pair<std::string, double>> metrics;
  std::vector<std::string> warnings = {};  // what looks wrong, with the likely cause; each is told once
};

/// How a long call reports and can be stopped. Both are called on the calling thread, between steps.
struct RunOptions {
  std::function<void(const Progress&)> progress;
  std::function<bool()> should_stop;
  void report(const Progress& p) const {
    if (progress) progress(p);
  }
  bool stop_requested() const { return should_stop && should_stop(); }
};

TUTELAGE_END
