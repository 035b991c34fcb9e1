// What survives a crash of the service: time, the machine's processes, the disk, the remote, and the agenda of what
// happens next. One thread; every choice from one seed.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "runner/model/event.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/planted.h"

namespace quietgate {

// An invariant does not hold.
struct Breach : std::runtime_error {
  Breach(std::string which, const std::string& what) : std::runtime_error(which + ": " + what), invariant(which) {}
  std::string invariant;
};

// Unwinds the service like kill -9. Not a std::exception, so that no part of the product takes it for a failure.
struct Crash {};

class World {
 public:
  World(std::uint64_t seed, Planted planted, bool traced);

  // The machine's wall clock, which may jump; and the time since the beginning, which does not.
  Time now() const { return Time{elapsed_} + offset_; }
  Milliseconds elapsed() const { return elapsed_; }
  void jump(Milliseconds span) { offset_ += span; }

  // Puts something on the agenda. Things of the same moment happen in an order drawn from the seed.
  using Entry = std::pair<Milliseconds, std::pair<std::uint64_t, std::uint64_t>>;
  Entry after(Milliseconds delay, std::function<void()> act);
  void forget(const Entry& entry) { agenda_.erase(entry); }
  // Does the next thing on the agenda, moving the time on. False when it is empty.
  bool step();
  Milliseconds next_at() const { return agenda_.empty() ? Milliseconds::max() : agenda_.begin()->first.first; }

  template <class... Args>
  void trace(const char* who, fmt::format_string<Args...> what, Args&&... args) {
    if (traced_) print(who, fmt::format(what, std::forward<Args>(args)...));
  }
  bool traced() const { return traced_; }
  void keep_breach(const Breach& breach);
  void throw_breach() const;

  // Kills the service: nothing that it does after this has an effect.
  [[noreturn]] void crash(const char* why);
  bool crashed() const { return crashed_; }
  void restarted() { crashed_ = false; }
  void throw_if_crashed() const {
    if (crashed_) throw Crash{};
  }

  Dice dice;
  Faults faults;
  bool chaos = true;  // false: the faults have ceased
  bool disk_full = false;
  bool network_down = false;
  Planted planted;
  std::function<void(const std::string& repository)> rival;  // moves production, as somebody else
  bool fault(double probability) { return chaos && dice.chance(probability); }

 private:
  void print(const char* who, const std::string& what) const;
  Milliseconds elapsed_{0};
  Milliseconds offset_{1'767'225'600'000};  // 2026-01-01T00:00:00Z
  std::map<Entry, std::function<void()>> agenda_;
  std::uint64_t entries_ = 0;
  bool traced_;
  bool crashed_ = false;
  std::vector<Breach> breaches_;
};

}  // namespace quietgate
