#include "tests/simulation/faults.h"

namespace quietgate {

Faults Faults::drawn(Dice& dice) {
  Faults faults;
  if (dice.chance(0.05)) return faults;
  auto maybe = [&dice](double often, std::initializer_list<double> strengths) {
    std::vector<double> all(strengths);
    return dice.chance(often) ? dice.pick(all) : 0.0;
  };
  auto every = [&dice](double often, std::int64_t low_seconds, std::int64_t high_seconds) {
    const bool on = dice.chance(often);
    const auto seconds = dice.between(low_seconds, high_seconds);
    return Milliseconds{on ? seconds * 1000 : 0};
  };
  faults.lost_request = maybe(0.5, {0.01, 0.05, 0.2});
  faults.lost_answer = maybe(0.5, {0.01, 0.05, 0.2});
  faults.late_push = maybe(0.3, {0.1, 0.5});
  faults.raced_push = maybe(0.3, {0.1, 0.5});
  faults.slow_answer = maybe(0.4, {0.02, 0.1});
  faults.spawn_fails = maybe(0.3, {0.02, 0.1});
  faults.destroy_fails = maybe(0.4, {0.1, 0.5});
  faults.workspace_fails = maybe(0.3, {0.02, 0.1});
  faults.read_fails = maybe(0.2, {0.001, 0.01});
  faults.crash_before_commit = maybe(0.4, {0.005, 0.03});
  faults.crash_after_commit = maybe(0.5, {0.005, 0.03});
  if (dice.chance(0.6)) faults.crash_every = dice.pick(std::vector<std::int64_t>{300, 1500, 5000});
  faults.leader_dies = every(0.4, 60, 600);
  faults.clock_jumps = every(0.3, 120, 900);
  faults.disk_fills = every(0.3, 120, 900);
  faults.network_ends = every(0.4, 120, 900);
  faults.stops = every(0.4, 60, 900);
  faults.longest_jump = Milliseconds{dice.pick(std::vector<std::int64_t>{2'000, 60'000, 3'600'000, 6 * 3'600'000})};
  faults.foreign_record = maybe(0.3, {0.05, 0.3});
  return faults;
}

}  // namespace quietgate
