// What the documents of the service's API hold, read for people. Pure, but for what is told as a span up to now.
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

// A member's text, made printable; empty when there is none.
std::string shown_text(const nlohmann::json& object, const char* key);
// An RFC 3339 time; the epoch when it is none.
Time time_in(const nlohmann::json& text);
// A row of a run's events; nothing when it is none that this version knows.
std::optional<Row> row_in(const std::string& text);

// Of an entry of the queue: for how long it has waited, as `2m`.
std::string waited_in(const nlohmann::json& waiting);
// Of a run's document: `waits for lock staging, held by web/12 staging; next in line (2m)`, by stage; the whole run's
// is under the empty name.
std::map<std::string, std::string> waiting_in(const nlohmann::json& run);
// Of a run's document: the proofs of the gates that are being judged, by stage.
std::map<std::string, std::vector<Proof>> proofs_in(const nlohmann::json& run);

}  // namespace quietgate
