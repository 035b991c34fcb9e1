// Decides which stage may begin. A stage needs a slot (of the service, and of its repository) and maybe a named lock.
// It gets both together or neither, so that no stage holds one while it waits for the other.
//
// Grants are fair, for slots and for each lock: stages of protected branches go first (but only a few in a row), then
// those that hold the fewest slots (slot_queue.h). Some slots are reserved for protected branches (slot_request.h). No
// stage starves, and a stage that can't use a free resource does not hold up others. A run may keep locks between its
// stages (for an environment) and request others. Such a lock is granted only if no cycle of runs that wait for each
// other can result.
//
// Many stages may wait: a change looks only at the queues that it affects, and there at the first stages that can
// start. Single-threaded; no clock, no I/O.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/engine/admission/grant_record.h"
#include "runner/engine/admission/lock_table.h"
#include "runner/engine/admission/slot_counts.h"
#include "runner/engine/admission/slot_queue.h"
#include "runner/engine/admission/slot_request.h"
#include "runner/ports/queue.h"

namespace quietgate {

class Slots {
 public:
  // A stage's position in the queue, and later its slot and its lock. The destructor releases them, so that none is
  // lost however the stage ends. The slots must outlive it.
  class Claim {
   public:
    Claim() = default;  // for a stage that needs nothing
    Claim(Slots& of, std::list<SlotEntry>::iterator entry) : of_(&of), entry_(entry) {}
    Claim(Claim&& other) noexcept : of_(std::exchange(other.of_, nullptr)), entry_(other.entry_) {}
    Claim& operator=(Claim&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(entry_, other.entry_);
      return *this;
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() { give_back(); }
    bool granted() const;
    void give_back();

   private:
    Slots* of_ = nullptr;
    std::list<SlotEntry>::iterator entry_;
  };

  explicit Slots(Limits limits);
  explicit Slots(int stages) : Slots(Limits{stages, {}, {}}) {}
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // Granted at once, or later; then `when_granted` is called once. It must not call the slots.
  Claim ask(SlotRequest request, std::function<void()> when_granted);
  // Takes slot and lock for active work at once, even beyond the limits.
  Claim take(SlotRequest request);
  // Takes a lock that a run keeps between its stages, without a slot.
  Claim keep(SlotRequest request);
  // The locks of the run are unknown: while the claim exists, no other run gets any lock.
  Claim hold_every_lock(const RunId& run);

  std::vector<Waiting> waiting() const;
  bool waits(const RunId& run) const { return waits_.contains(run); }
  std::uint64_t version() const { return version_; }
  // Marks the queue as changed for its readers.
  void note_change() { ++version_; }

 private:
  struct Picked {
    const SlotEntry* entry = nullptr;
    bool passes = false;          // a stage of an unprotected branch is overtaken, overall
    bool passes_at_lock = false;  // the same in the lock's queue
  };

  Claim hold(SlotEntry entry);  // at once
  SlotQueue::Heads heads(const std::string& lock) const;
  Picked pick();
  void grant();
  void give_back(std::list<SlotEntry>::iterator entry);
  void enter(SlotEntry& entry);
  void leave(SlotEntry& entry);
  void begin(const SlotEntry& entry);
  void end(const SlotEntry& entry);
  void reopen(const std::string& lock);
  void reopen_dependent();
  Waiting describe(const SlotEntry& entry) const;

  SlotCounts counts_;
  LockTable locks_;
  GrantRecord grants_;
  std::list<SlotEntry> waiting_;  // in order of request
  std::list<SlotEntry> held_;
  std::map<RunId, int> waits_;                 // waiting stages of each run
  SlotQueue for_slot_;                         // stages that wait for no lock
  std::map<std::string, SlotQueue> for_lock_;  // by lock
  // Queues with stages that may be able to start. In every other queue, no stage can start until something changes that
  // the queue depends on, even if slots become free.
  std::set<std::string> open_;
  std::map<std::string, int> dependent_;  // by lock: waiting stages that depend on locks kept by other runs
  std::uint64_t tick_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace quietgate
