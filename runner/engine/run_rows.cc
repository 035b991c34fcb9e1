#include "runner/engine/run_rows.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 512;

}  // namespace

RunRows::RunRows(Journal& journal, Clock& clock, RunId run) : journal_(journal), clock_(clock) {
  state_.id = std::move(run);
}

Task<RunRows::News> RunRows::catch_up() {
  News news;
  const auto end = journal_.last();  // what comes while it is read may not be among what is read
  const auto asking = state_.asking;
  for (;;) {
    auto rows = co_await journal_.read(cursor_, read_batch, state_.id);
    if (!rows) throw std::runtime_error(rows.error().message);
    for (const auto& row : *rows) {
      fold(state_, row);
      cursor_ = row.sequence;
      const auto* cancel = std::get_if<CancelRequested>(&row.event);
      if (cancel != nullptr && cancel->superseded_by.number > 0 && !state_.cancel)
        news.newer_that_wait.push_back(cancel->superseded_by);
    }
    if (rows->size() < read_batch) break;
  }
  // Behind all rows of this run: those of others need no reading, and the newest are in the journal's memory.
  cursor_ = std::max(cursor_, end);
  news.asking = asking != state_.asking;
  co_return news;
}

Task<RunRows::News> RunRows::append(std::vector<Event> events) {
  auto appended = co_await journal_.append(std::move(events));
  if (!appended) throw std::runtime_error(appended.error().message);
  co_return co_await catch_up();
}

Task<RunRows::News> RunRows::append(Intended rows) {
  if (rows.runs.empty()) co_return co_await append(std::move(rows.events));
  const auto repository = state_.id.repository;
  auto numbered = [rows = std::move(rows), repository](std::int64_t number) {
    auto all = rows.events;
    for (auto run : rows.runs) {
      run.run = {repository, number++};
      all.emplace_back(std::move(run));
    }
    return all;
  };
  auto appended = co_await journal_.append_runs(repository, std::move(numbered));
  if (!appended) throw std::runtime_error(appended.error().message);
  co_return co_await catch_up();
}

void RunRows::intend(Event event, Intended& rows) {
  fold(state_, event, clock_.now());
  rows.events.push_back(std::move(event));
}

}  // namespace quietgate
