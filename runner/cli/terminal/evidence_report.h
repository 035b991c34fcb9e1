#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace quietgate {

// The predicate of one evidence, for people: what moved, by which run, what its stages and its gate said, who decided.
// `key`: the id of the key that signed it.
std::string evidence_report(const nlohmann::json& predicate, const std::string& key);

}  // namespace quietgate
