// Which names Git takes for a branch.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

// Why the name can't be a branch's, by the rules of `git check-ref-format --branch` and with at most 255 bytes:
// `it holds a space`; empty: it can be.
std::string branch_name_problem(std::string_view name);

}  // namespace quietgate
