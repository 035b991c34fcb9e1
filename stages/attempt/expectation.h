// What was expected against what was observed, as a Check with its arithmetic. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runner/model/bound.h"
#include "runner/model/outcome.h"

namespace quietgate {

// Decides how a number is printed: `0.021`, `312 ms`, `112 req/s`, `4,512`.
enum class Unit { number, ratio, milliseconds, requests_per_second, count };

std::string format_quantity(double value, Unit unit);
std::string format_count(std::int64_t count);  // `4,512`

// `p95 312 ms > 250 ms over 45 s (4,512 requests)`: failed when the bound does not hold, inconclusive when the observed
// number is none (NaN, infinite). The two numbers are printed with as many digits as it takes to tell them apart.
// `basis` is what the number stands on (`over 45 s (4,512 requests)`), and ends the sentence; may be empty.
Check judge(std::string name, double observed, Unit unit, const Bound& bound, std::string_view basis);

// The relation as it is between the two numbers: the bound's own when it holds, its opposite when not.
const char* relation_symbol(Bound::Relation relation, bool holds);

// A check that could not be judged for lack of data, or that failed for a reason that is no number.
Check inconclusive_check(std::string name, std::string expected, std::string sentence);
Check failed_check(std::string name, std::string expected, std::string observed, std::string sentence);
Check passed_check(std::string name, std::string expected, std::string observed, std::string sentence);
// Passed, with `WARNING: ` before the sentence: summarise tells it however many checks there are.
Check warning_check(std::string name, std::string expected, std::string observed, const std::string& sentence);

// The worst outcome of all checks, with the sentence of the first check that has it (`...; 2 more failed` when it is
// not alone); for a pass the first three and all that warn (`...; 4 more hold`). No checks at all is inconclusive.
struct Summary {
  Outcome outcome = Outcome::inconclusive;
  std::string sentence;
};
Summary summarise(const std::vector<Check>& checks);

}  // namespace quietgate
