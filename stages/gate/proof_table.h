// The gate's proofs as a table for people: in logs and on terminals.
#pragma once

#include <string>
#include <vector>

#include "runner/model/outcome.h"

namespace quietgate {

// One line per proof: `P3  ok     loaded rules equal the commit's  9 rules, 8 of them alerts that decide`, in aligned
// columns. A width greater than 0 breaks long details at spaces, so that no line is longer where that can be.
std::vector<std::string> format_proofs(const std::vector<Proof>& proofs, std::size_t width = 0);

}  // namespace quietgate
