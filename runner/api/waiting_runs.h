// What runs wait for: slots, locks and branches, from the service's queue; people, from the runs' records.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runner/api/run_records.h"
#include "runner/ports/queue.h"

namespace quietgate {

class WaitingRuns {
 public:
  // `queue` may be null: nothing waits in it.
  WaitingRuns(Queue* queue, RunRecords& records) : queue_(queue), records_(records) {}
  std::uint64_t version() const { return queue_ != nullptr ? queue_->version() : 0; }
  // The entries of the queue. Valid until the queue changes.
  const std::vector<Waiting>& in_queue();
  // For this run: its open questions, then its entries in the queue.
  std::vector<Waiting> of(const RunRecord& record);
  // The open questions of these runs; runs that can't be read are left out. `runs` outlives the call.
  Task<std::vector<Waiting>> questions(const std::vector<RunSummary>& runs);

 private:
  Queue* queue_;
  RunRecords& records_;
  std::vector<Waiting> waiting_;  // valid while the queue has this version
  std::optional<std::uint64_t> waiting_at_;
};

}  // namespace quietgate
