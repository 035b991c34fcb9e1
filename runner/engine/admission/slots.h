// Which stage may begin: places for stages at work (of the service, of each repository) and named locks. Both are taken
// together or not at all, so that nobody holds one while waiting for the other.
//
// Fair: when something gets free, stages of protected branches go first (but at most so many in a row), then those of
// who holds the fewest places (slot_queue.h), for places and for each lock by itself. Some places are for protected
// branches alone (slot_request.h). Nobody is passed for ever, and who can't use what got free holds up nobody else. A
// run may keep locks between its stages (for an environment) and ask for others: a lock is only given to be kept when
// no cycle of runs that wait for each other can come of it.
//
// Many may wait: a change looks only at the lines that it can move, and there at the first who can go on. One thread;
// no clock, no I/O.
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
#include "runner/engine/admission/slot_places.h"
#include "runner/engine/admission/slot_queue.h"
#include "runner/engine/admission/slot_request.h"
#include "runner/ports/queue.h"

namespace quietgate {

class Slots {
 public:
  // A stage's place in the line, later its place at work and its lock. Given back when it is destroyed, so that none is
  // lost whatever ends the stage or keeps it from beginning. The slots must outlive it.
  class Claim {
   public:
    Claim() = default;  // of a stage that needs nothing
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

  // Granted at once, or later; then `when_granted` is called once, and must not call back into the slots.
  Claim ask(SlotRequest request, std::function<void()> when_granted);
  // Work that is under way counts, but is never held up: also when more than the limits allow is.
  Claim take(SlotRequest request);
  // What a run keeps between its stages. It holds the lock beside its stages, and takes no place.
  Claim keep(SlotRequest request);
  // It can't be told what the run holds: until it can, no other run is given any lock.
  Claim hold_every_lock(const RunId& run);

  std::vector<Waiting> waiting() const;
  bool waits(const RunId& run) const { return waits_.contains(run); }
  std::uint64_t version() const { return version_; }
  // Something else that people see of the queue has changed.
  void note_change() { ++version_; }

 private:
  struct Picked {
    const SlotEntry* entry = nullptr;
    bool passes = false;          // somebody of an unprotected branch, among all
    bool passes_at_lock = false;  // likewise in the lock's queue
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

  SlotPlaces places_;
  LockTable locks_;
  GrantRecord grants_;
  std::list<SlotEntry> waiting_;  // in the order in which they asked
  std::list<SlotEntry> held_;
  std::map<RunId, int> waits_;                 // how many stages of it wait
  SlotQueue for_place_;                        // who waits for no lock
  std::map<std::string, SlotQueue> for_lock_;  // by lock
  // Queues in which somebody may be able to go on. Of every other one it is known that nobody can, whatever places get
  // free, until something changes that it depends on.
  std::set<std::string> open_;
  std::map<std::string, int> dependent_;  // by lock: how many in its queue depend on what other runs keep
  std::uint64_t tick_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace quietgate
