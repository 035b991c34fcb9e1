// Compares expected with observed values, as a Check with its arithmetic. Pure.
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

// `p95 312 ms > 250 ms over 45 s (4,512 requests)`: failed if the bound does not hold, inconclusive if the observed
// value is not a number (NaN, infinite). The numbers are printed with enough digits to differ. `basis` is the basis of
// the number (`over 45 s (4,512 requests)`) at the end of the sentence; may be empty.
Check judge(std::string name, double observed, Unit unit, const Bound& bound, std::string_view basis);

// The actual relation of the two numbers: the bound's own if it holds, else its opposite.
const char* relation_symbol(Bound::Relation relation, bool holds);

// A check that could not be judged for lack of data, or that failed without a number.
Check inconclusive_check(std::string name, std::string expected, std::string sentence);
Check failed_check(std::string name, std::string expected, std::string observed, std::string sentence);
Check passed_check(std::string name, std::string expected, std::string observed, std::string sentence);
// Passed, with `WARNING: ` before the sentence. summarise() always shows it.
Check warning_check(std::string name, std::string expected, std::string observed, const std::string& sentence);

// The worst outcome of all checks, with the sentence of the first check that has it (`...; 2 more failed` if there are
// more); for a pass, the first three and all that warn (`...; 4 more hold`). Without checks, the outcome is
// inconclusive.
struct Summary {
  Outcome outcome = Outcome::inconclusive;
  std::string sentence;
};
Summary summarise(const std::vector<Check>& checks);

}  // namespace quietgate
