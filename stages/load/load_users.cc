#include "stages/load/load_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/attempt/expectation.h"

namespace quietgate {

namespace {

// Once all were there, so many seconds in a row with fewer count: workers tell their users half a second late.
constexpr int least_seconds = 2;
// Where they never were all there, a load much longer than their coming should have taken.
constexpr double slow_start = 2;
constexpr double more_seconds = 10;

bool one_number(const LoadReport& report, const LoadSpec& spec) {
  return spec.k6.empty() && !spec.command && spec.phases.empty() && !report.own_shape;
}

// Seconds of the load that are told whole.
std::size_t whole_seconds(const LoadReport& report) {
  const auto told = report.seconds.size();
  if (!report.length) return told;
  return std::min(told, static_cast<std::size_t>(std::max(0.0, *report.length)));
}

struct Shortage {
  std::size_t second = 0;
  int users = 0;
};

// By the counts alone.
std::optional<Shortage> shortage_of(const LoadReport& report, const LoadSpec& spec) {
  const auto end = whole_seconds(report);
  const auto is_short = [&](std::size_t at) { return report.seconds[at].users < spec.users; };
  std::size_t begin = 0;
  int most = 0;
  while (begin < end && is_short(begin)) most = std::max(most, report.seconds[begin++].users);
  if (begin == end) {
    const double coming = std::ceil(spec.users / std::max(spec.spawn_rate, 1e-9));
    if (static_cast<double>(end) < slow_start * coming + more_seconds) return std::nullopt;
    return Shortage{end - 1, most};
  }
  int in_a_row = 0;
  for (auto at = begin; at < end; ++at) {
    in_a_row = is_short(at) ? in_a_row + 1 : 0;
    if (in_a_row == least_seconds) return Shortage{at + 1 - least_seconds, report.seconds[at].users};
  }
  return std::nullopt;
}

std::string users(std::int64_t count) {
  return format_count(count) + (count == 1 ? " user" : " users");
}

std::string why(const GoneUsers& gone) {
  auto left = users(gone.left) + " ended by " + (gone.left == 1 ? "itself" : "themselves") + " (StopUser)";
  if (gone.raised == 0) return left;
  return gone.error + (gone.left > 0 ? "; " + left : "");
}

}  // namespace

std::optional<Check> users_check(const LoadReport& report, const LoadSpec& spec) {
  const auto& gone = report.gone;
  const bool one = one_number(report, spec);
  Check check{"users", one ? format_count(spec.users) : "none that ends before its time", {}, Outcome::failed, {}};
  if (gone.all() > 0) {
    if (gone.raised == 0) check.outcome = Outcome::inconclusive;
    const auto at_work = std::max<std::int64_t>(0, spec.users - gone.all());
    check.observed = one ? format_count(at_work) : format_count(gone.all()) + " gone";
    check.sentence =
        one ? fmt::format("{} asked for, {} at work: {}", users(spec.users), format_count(at_work), why(gone))
            : fmt::format("{} of the load ended before their time: {}", users(gone.all()), why(gone));
    return check;
  }
  if (!one) return std::nullopt;
  const auto shortage = shortage_of(report, spec);
  if (!shortage) return std::nullopt;
  check.outcome = Outcome::inconclusive;
  check.observed = format_count(shortage->users);
  check.sentence = fmt::format("{} asked for, {} at work in second {} of the load", users(spec.users),
                               format_count(shortage->users), shortage->second);
  return check;
}

bool deserted(const LoadReport& report, const LoadSpec& spec) {
  return one_number(report, spec) && report.gone.all() >= spec.users;
}

}  // namespace quietgate
