// Used run numbers, from sources other than the journal, which may be a restored older one or a new one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quietgate {

// The highest used number: of a run's folder, or of published evidence in the newest 200 notes of the repository's
// mirror. Ignores numbers above `believed`, which somebody may have written to exhaust the numbers. 0: none.
std::int64_t highest_number(const std::string& data, const std::string& repository, std::int64_t believed);

// The same, from folders only.
std::int64_t highest_folder(const std::string& data, const std::string& repository, std::int64_t believed);

// How far above the journal's next number a found number may be. A forged number can waste this many numbers at most.
constexpr std::int64_t most_leap = 1'000'000;

// The repositories with folders of runs.
std::vector<std::string> repositories_with_folders(const std::string& data);

// The run number in a note's line of evidence for this repository, whoever signed it; 0: none.
std::int64_t number_in_evidence(const std::string& line, const std::string& repository);

}  // namespace quietgate
