// What one machine can do: float32 fused multiply-adds, and reading memory. Prints JSON.
//   limits THREADS T:BYTES...    the peak of 1 and of THREADS threads; reading speed of working sets of so many bytes by T threads
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#ifdef __AVX512F__
constexpr int kWidth = 64, kRegisters = 24;
#else
constexpr int kWidth = 32, kRegisters = 12;
#endif
typedef float Vector __attribute__((vector_size(kWidth)));

static volatile float sink;

// Enough independent chains to hide the latency; contracted to fma by -O3 -march=native.
static void multiply_add(long rounds) {
  Vector chain[kRegisters], a, b;
  for (int lane = 0; lane < kWidth / 4; ++lane) a[lane] = 0.999f, b[lane] = 1e-3f;
  for (int i = 0; i < kRegisters; ++i) chain[i] = b * static_cast<float>(i);
  for (long r = 0; r < rounds; ++r)
#pragma GCC unroll 32
    for (int i = 0; i < kRegisters; ++i) chain[i] = chain[i] * a + b;
  for (int i = 1; i < kRegisters; ++i) chain[0] += chain[i];
  sink = chain[0][0];
}

static void read_all(const Vector* data, long count) {
  Vector sum[8] = {};
  for (long i = 0; i + 8 <= count; i += 8)
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) sum[j] += data[i + j];
  for (int j = 1; j < 8; ++j) sum[0] += sum[j];
  sink = sum[0][0];
}

// Seconds of the fastest of `times` rounds in which every thread does work(thread).
static double fastest(int threads, int times, const std::function<void(int)>& work) {
  double best = 1e30;
  std::barrier meet(threads);
  std::vector<std::thread> team;
  for (int t = 0; t < threads; ++t)
    team.emplace_back([&, t] {
      for (int i = 0; i < times; ++i) {
        meet.arrive_and_wait();
        const auto begin = std::chrono::steady_clock::now();
        work(t);
        meet.arrive_and_wait();
        if (t == 0) best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      }
    });
  for (auto& t : team) t.join();
  return best;
}

static double flops(int threads) {
  const long rounds = 2'000'000;
  return 2.0 * rounds * kRegisters * (kWidth / 4) * threads / fastest(threads, 20, [&](int) { multiply_add(rounds); });
}

static double bandwidth(int threads, long bytes) {
  const long each = std::max(8L, bytes / threads / kWidth / 8 * 8), again = std::max(1L, (64L << 20) / bytes);
  std::vector<Vector*> parts;
  for (int t = 0; t < threads; ++t) {
    parts.push_back(static_cast<Vector*>(std::aligned_alloc(4096, (each * kWidth + 4095) / 4096 * 4096)));
    std::fill_n(parts.back(), each, Vector{});
  }
  const double seconds = fastest(threads, 12, [&](int t) {
    for (long i = 0; i < again; ++i) read_all(parts[static_cast<std::size_t>(t)], each);
  });
  for (auto* p : parts) std::free(p);
  return static_cast<double>(each) * kWidth * threads * again / seconds;
}

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  std::printf("{\"flops\": {\"1\": %.4g", flops(1));
  if (threads > 1) std::printf(", \"%d\": %.4g", threads, flops(threads));
  std::printf("}, \"bandwidth\": {");
  for (int i = 2; i < argc; ++i) {
    int t = 1;
    long bytes = 0;
    if (std::sscanf(argv[i], "%d:%ld", &t, &bytes) != 2) return 1;
    std::printf("%s\"%s\": %.4g", i > 2 ? ", " : "", argv[i], bandwidth(t, bytes));
  }
  std::printf("}}\n");
}
