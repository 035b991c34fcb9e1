// Which numbers runs have had, by what is left of them besides the journal: it may be an older one that was restored,
// or a new one after the old one was lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quietgate {

// The highest number in use: by a folder of a run, or by evidence that was published (in the notes of the repository's
// mirror, as far as it is known here; of the newest 200). Numbers above `believed` are nobody's: somebody has written
// them there who wants to use them up. 0: none.
std::int64_t highest_number(const std::string& data, const std::string& repository, std::int64_t believed);

// Of a folder alone.
std::int64_t highest_folder(const std::string& data, const std::string& repository, std::int64_t believed);

// Beyond the journal's next number. Somebody who writes a number may cost that many, not all of them.
constexpr std::int64_t most_leap = 1'000'000;

// The repositories that have folders of runs.
std::vector<std::string> repositories_with_folders(const std::string& data);

// The number of the run of this repository that the line of a note is evidence of, signed by whomever; 0: it is none.
std::int64_t number_in_evidence(const std::string& line, const std::string& repository);

}  // namespace quietgate
