// Runs a problem of run.hpp and compares its digests with the golden ones. Exit code: 0 equal, 1 different, 2 wrong call or an error.
//   one_result [--run ppo50|ppo50_wide|ppo3|ppo3_qwen|ppo3_neox|ppo3_lora] [--threads N] [--micro-batch N] [--stop-at STEP]...
//              [--host plain|flush|upward|both] [--check GOLDEN | --update GOLDEN | --print]
// --update is the only way in which golden digests change; a changed one needs a line under Results in CHANGELOG.md.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <tutelage/impl/kernels/table.hpp>

#include "golden.hpp"
#include "host.hpp"
#include "run.hpp"

namespace {

struct Call {
  std::string run = "ppo50", host = "plain", mode = "--print", golden;
  one_result::Execution execution;
};

bool parse(int argc, char** argv, Call& call) {
  call.execution.threads = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--print") continue;
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (option == "--run")
      call.run = value;
    else if (option == "--threads")
      call.execution.threads = std::atoi(value.c_str());
    else if (option == "--micro-batch")
      call.execution.micro_batch_size = std::atoi(value.c_str());
    else if (option == "--stop-at")
      call.execution.stops.insert(std::atoi(value.c_str()));
    else if (option == "--host" && (value == "plain" || value == "flush" || value == "upward" || value == "both"))
      call.host = value;
    else if (option == "--check" || option == "--update")
      call.mode = option, call.golden = value;
    else
      return false;
  }
  return true;
}

int compared(const Call& call, const one_result::Digests& digests) {
  if (call.mode == "--print") {
    for (const auto& [what, digest] : digests) std::printf("%s  %s\n", digest.c_str(), what.c_str());
    return 0;
  }
  one_result::Golden golden;
  if (call.mode == "--update") {
    try {
      golden = one_result::read_golden(call.golden);
    } catch (const std::exception&) {  // the first run makes the file
    }
    golden[call.run] = digests;
    one_result::write_golden(call.golden, golden);
    return 0;
  }
  const auto different = one_result::differences(digests, one_result::read_golden(call.golden)[call.run]);
  if (!different.empty()) std::printf("one_result: %s differs from %s in: %s\n", call.run.c_str(), call.golden.c_str(), different.c_str());
  return different.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Call call;
  if (!parse(argc, argv, call)) {
    std::fprintf(stderr, "one_result: see the first lines of one_result.cpp\n");
    return 2;
  }
  try {
    for (const auto& problem : one_result::problems()) {
      if (problem.name != call.run) continue;
      one_result::Outcome outcome;
      bool unchanged;
      {
        const one_result::Host host(call.host);
        outcome = one_result::run(problem, call.execution);
        unchanged = host.unchanged();
      }
      const int code = compared(call, outcome.digests);
      std::printf("one_result: %s, %s, %d of %d threads worked, host %s %s: %s\n", call.run.c_str(), tutelage::kernels::isa_name(), outcome.workers,
                  call.execution.threads, call.host.c_str(), unchanged ? "as it was" : "CHANGED", code == 0 ? "ok" : "DIFFERENT");
      return unchanged && outcome.workers == call.execution.threads ? code : 1;
    }
    std::fprintf(stderr, "one_result: unknown run %s\n", call.run.c_str());
  } catch (const std::exception& e) { std::fprintf(stderr, "%s\n", e.what()); }
  return 2;
}
