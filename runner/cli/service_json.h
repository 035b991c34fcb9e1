// Reads the documents of the service's API for people. Pure, except for durations up to now.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runner/model/outcome.h"
#include "runner/model/types.h"
#include "runner/ports/journal.h"

namespace quietgate {

Time wall_clock();

// A member's text, made printable; empty if it is missing.
std::string shown_text(const nlohmann::json& object, const char* key);
// An RFC 3339 time; the epoch if the text is none.
Time time_in(const nlohmann::json& text);
// A row of a run's events; nothing if this version does not know it.
std::optional<Row> row_in(const std::string& text);

// How long an entry of the queue has waited, such as `2m`.
std::string waited_in(const nlohmann::json& waiting);
// From a run's document, by stage: `waits for lock staging, held by web/12 staging; next in line (2m)`. The entry of
// the whole run has an empty name.
std::map<std::string, std::string> waiting_in(const nlohmann::json& run);
// From a run's document, by stage: the proofs of gates that are being judged.
std::map<std::string, std::vector<Proof>> proofs_in(const nlohmann::json& run);

}  // namespace quietgate
