#include "runner/service/noted_numbers.h"

#include <atomic>
#include <functional>

#include "runner/model/evidence.h"
#include "runner/service/run_numbers.h"

namespace quietgate {

NotedNumbers::NotedNumbers(std::string data, JournalSqlite& journal, RemoteNotes& notes, BlockingPool& pool)
    : data_(std::move(data)), journal_(journal), notes_(notes), pool_(pool) {}

Result<void> NotedNumbers::hold(const std::string& repository) {
  auto known = journal_.catalog().runs_now(repository, 1);
  if (!known) return known.error();
  if (!known->empty()) return {};
  held_.insert(repository);
  journal_.hold_numbers(repository);
  return {};
}

Task<Result<void>> NotedNumbers::learn(GitRemote remote, Stop& stop) {
  const auto name = remote.repository;
  if (!held_.contains(name)) co_return Result<void>{};
  std::string ref = evidence_notes;
  auto fetched = co_await notes_.fetch_notes(std::move(remote), std::move(ref), stop);
  if (!fetched)
    co_return Error{fetched.error().kind,
                    "its notes can't be read, and quietgate needs them to number new runs: " + fetched.error().message,
                    fetched.error().advice};
  std::function<std::int64_t(const std::atomic<bool>&)> work = [data = data_, name](const std::atomic<bool>&) {
    return highest_number(data, name, most_leap);
  };
  const auto highest = co_await pool_.run<std::int64_t>(std::move(work), stop);
  held_.erase(name);
  journal_.number_above(name, highest);
  co_return Result<void>{};
}

}  // namespace quietgate
