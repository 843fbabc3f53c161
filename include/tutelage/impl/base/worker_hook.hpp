#pragma once
#include <atomic>

#include "tutelage/config.hpp"

TUTELAGE_BEGIN

namespace detail {
/// Called by each thread that has taken a part of a parallel_for's work, where a test wants to count them. Null, the default: nobody is told.
using WorkerHook = void (*)() noexcept;
WorkerHook set_worker_hook(WorkerHook hook) noexcept;  // returns the one before
std::atomic<WorkerHook>& worker_hook();
}  // namespace detail

TUTELAGE_END
