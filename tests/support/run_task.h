// Runs one task to its end on a loop of its own and answers its value, or throws what it threw.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "runner/base/task.h"

namespace quietgate {

template <class T>
Task<void> keep_value(Task<T> task, std::optional<T>& value) {
  value.emplace(co_await std::move(task));
}

template <class T>
T run_task(boost::asio::io_context& io, Task<T> task) {
  std::optional<T> value;
  std::exception_ptr thrown;
  spawn(io.get_executor(), keep_value(std::move(task), value), [&thrown](std::exception_ptr e) { thrown = e; });
  io.restart();
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*value);
}

}  // namespace quietgate
