// Which stage may begin: places for stages at work (of the service, of each repository) and named locks. Both are taken
// together or not at all, so that nobody holds one while waiting for the other.
//
// Fair: when something gets free, stages of protected branches go first (but at most so many in a row), then those of
// who holds the fewest places (line.h), for places and for each lock by itself. Some places are for protected branches
// alone (wish.h). Nobody is passed for ever, and who can't use what got free holds up nobody else. A run may keep locks
// between its stages (for an environment) and ask for others: a lock is only given to be kept when no circle of runs
// that wait for each other can come of it.
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

#include "runner/engine/keepers.h"
#include "runner/engine/line.h"
#include "runner/engine/wish.h"
#include "runner/ports/queue.h"

namespace quietgate {

class Slots {
 public:
  // A stage's place in the line, later its place at work and its lock. Given back when it is destroyed, so that none is
  // lost whatever ends the stage or keeps it from beginning. The slots must outlive it.
  class Claim {
   public:
    Claim() = default;  // of a stage that needs nothing
    Claim(Slots& of, std::list<Claimant>::iterator entry) : of_(&of), entry_(entry) {}
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
    std::list<Claimant>::iterator entry_;
  };

  explicit Slots(Limits limits);
  explicit Slots(int stages) : Slots(Limits{stages, {}, {}}) {}
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // Granted at once, or later; then `when_granted` is called once, and must not call back into the slots.
  Claim ask(Wish wish, std::function<void()> when_granted);
  // Work that is under way counts, but is never held up: also when more than the limits allow is.
  Claim take(Wish wish);
  // What a run keeps between its stages. It holds the lock beside its stages, and takes no place.
  Claim keep(Wish wish);
  // It can't be told what the run holds: until it can, no other run is given any lock.
  Claim doubt(const RunId& run);

  std::vector<Waiting> waiting() const;
  bool waits(const RunId& run) const;
  std::uint64_t version() const { return version_; }
  // Something else that people see of the queue has changed.
  void note_change() { ++version_; }

 private:
  struct Picked {
    const Claimant* claimant = nullptr;
    bool passes = false;          // somebody of an unprotected branch, among all
    bool passes_at_lock = false;  // likewise in the lock's line
  };

  int lock_size(const std::string& lock) const;
  bool full(const Wish& wish) const;             // the service is, for such a wish
  bool repository_full(const Wish& wish) const;  // likewise its repository
  bool place_free(const Wish& wish) const;
  bool lock_free(const Wish& wish) const;
  bool safe(const Claimant& claimant) const;
  Line::Heads heads(const std::string& lock) const;
  Picked pick();
  void grant();
  void give_back(std::list<Claimant>::iterator entry);
  void enter(Claimant& entry);
  void leave(Claimant& entry);
  void hold(Claimant& entry);
  void release(Claimant& entry);
  void count(const Wish& wish, int by);
  void reopen(const std::string& lock);
  void reopen_chained();
  Waiting describe(const Claimant& entry) const;
  std::string sentence(const Waiting& of) const;
  void arrived(const Wish& wish) { ++present_[branch_of(wish)]; }
  void left(const BranchName& branch);
  const TurnsGiven& turns_of(const std::string& lock) const;

  Limits limits_;
  std::list<Claimant> waiting_;  // in the order in which they asked
  std::list<Claimant> held_;
  std::map<RunId, int> waits_;            // how many stages of it wait
  Line for_place_;                        // who waits for no lock
  std::map<std::string, Line> for_lock_;  // by lock
  // Lines in which somebody may be able to go on. Of every other line it is known that nobody can, whatever places get
  // free, until something changes that it depends on.
  std::set<std::string> open_;
  std::map<std::string, int> chained_;  // by lock: how many in its line depend on what other runs keep
  Keepers keepers_;
  std::set<RunId> doubts_;
  int used_ = 0;
  PlacesHeld at_work_;
  int unprotected_ = 0;  // of the places used, those of unprotected branches
  std::map<std::string, int> unprotected_by_;
  std::map<std::string, std::vector<const Claimant*>> locked_;  // by lock
  TurnsGiven turns_;
  std::map<std::string, TurnsGiven> lock_turns_;
  std::map<BranchName, int> present_;  // who waits, works or keeps something; of who doesn't no turns are remembered
  std::uint64_t tick_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace quietgate
