#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace quietgate {

// The predicate of one evidence, for people: the move, its run, the results of stages and gate, and the decisions.
// `key`: the id of the signing key.
std::string evidence_report(const nlohmann::json& predicate, const std::string& key);

}  // namespace quietgate
