// What one of the gate's proofs found.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/model/outcome.h"

namespace quietgate {

struct Finding {
  Proof proof;
  std::vector<std::string> problems;  // sentences, the most telling first; empty: the proof holds
  std::set<std::pair<std::string, std::string>> unreliable;  // group and name of the rules that the problems are about
  std::size_t near_misses = 0;                               // QUIET: alerts that were pending for a while and cleared
};

// A proof that holds with `detail`; or, when there are problems, one that is blind and lists them as its detail.
Finding conclude(std::string id, std::string name, std::vector<std::string> problems, std::string detail);

}  // namespace quietgate
