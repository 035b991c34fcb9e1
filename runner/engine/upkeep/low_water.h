// The disk's low-water mark: below it, the attempt that has written most ends, so that the others can continue. An
// attempt ends only if it can free the missing space, and at least 1 MiB; otherwise the service's log says so.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/disk_gauge.h"

namespace quietgate {

class LowWater {
 public:
  using Say = std::function<void(const std::string& line)>;
  // `disk` is the name of the disk in messages. All must outlive it, and it must outlive its entries.
  LowWater(DiskGauge& gauge, Clock& clock, Executor executor, LowWaterRule rule, std::string disk, Say say);
  ~LowWater();
  LowWater(const LowWater&) = delete;
  LowWater& operator=(const LowWater&) = delete;

  // A running attempt, from enter() until its result is destroyed.
  struct Running {
    std::string name;       // `hello/7, unit`
    std::string directory;  // the folder that it writes to
    std::function<void(const std::string& why)> end;
    bool ended = false;
  };
  class Entry {
   public:
    Entry() = default;
    ~Entry() { leave(); }
    Entry(Entry&& other) noexcept { *this = std::move(other); }
    Entry& operator=(Entry&& other) noexcept;

   private:
    friend class LowWater;
    void leave();
    LowWater* owner_ = nullptr;
    std::list<Running>::iterator place_;
  };
  Entry enter(Running attempt);

  // Runs until stopped; throws Stopped.
  Task<void> watch(Stop& stop);

 private:
  Task<void> look(Stop& stop);
  std::uint64_t mark(const DiskSpace& space) const;
  void say_in_vain(const std::string& left, std::uint64_t missing, std::uint64_t most);

  DiskGauge& gauge_;
  Clock& clock_;
  LowWaterRule rule_;
  std::string disk_;
  Say say_;
  Bell entered_;
  std::list<Running> running_;
  bool in_vain_ = false;  // the log says that no attempt can free enough
};

// A size for people: `0.9 GB`, `640 MB`.
std::string human_bytes(std::uint64_t bytes);

}  // namespace quietgate
