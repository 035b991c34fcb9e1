// The alert and recording rules of a commit, read from its rule files.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

struct ExpectedRule {
  std::string file;  // relative to the checkout
  int line = 0;      // in the file, where the rule begins
  std::string group;
  double interval = 0;  // seconds; 0: the file leaves it to the server's default
  int limit = 0;
  std::string name;
  bool alerting = false;
  std::string query;
  double duration = 0;         // `for`, seconds
  double keep_firing_for = 0;  // seconds
  Labels labels;
  Labels annotations;
  bool last = false;  // of its group

  bool operator==(const ExpectedRule&) const = default;
};

// One rule file. An error (kind user) names file:line:column, what is wrong and what was expected. Keys that this
// version does not know are errors: what can't be compared can't be proved equal.
Result<std::vector<ExpectedRule>> read_rules_file(const std::string& file, const std::string& text);

// The same of a file on the disk, which is also what errors call it; over 4 MiB is an error.
Result<std::vector<ExpectedRule>> read_rules_at(const std::string& path);

// Every rule of the files below `checkout` that match one of the globs (as in `on: paths:`), ordered by file. A glob
// that matches no file is an error of kind user; so are more than 500 files and a file over 4 MiB. Links are not
// followed. Blocks for as long as the disk does.
Result<std::vector<ExpectedRule>> read_rules(const std::string& checkout, const std::vector<std::string>& globs);

// The paths below `checkout` of the files that match one of the globs, ordered. Errors as above. Takes long where there
// are many files: `stop`, if any, ends it.
Result<std::vector<std::string>> rule_files(const std::string& checkout, const std::vector<std::string>& globs,
                                            const std::atomic<bool>* stop = nullptr);

// The rules of one commit for several who ask: the check before a run, its loads and its gates. To be asked on one
// thread. A checkout never changes: its files are looked for once.
class CommittedRules {
 public:
  // As read_rules. A file that had this name and this text the last time is not parsed again.
  Result<std::vector<ExpectedRule>> read(const std::string& checkout, const std::vector<std::string>& globs);
  // As rules_mention.
  Result<bool> mention(const std::string& checkout, const std::vector<std::string>& globs, const std::string& word);
  bool knows_files(const std::string& checkout, const std::vector<std::string>& globs) const;
  // What rule_files answered.
  void know_files(const std::string& checkout, const std::vector<std::string>& globs, std::vector<std::string> files);

 private:
  struct RulesFile {
    std::string text;
    std::vector<ExpectedRule> rules;
  };
  struct Listing {
    std::string checkout;
    std::vector<std::string> globs;
    std::vector<std::string> files;
  };
  Result<std::vector<std::string>> files(const std::string& checkout, const std::vector<std::string>& globs);

  std::map<std::string, RulesFile> last_;
  std::deque<Listing> listings_;
};

// Whether one of these files holds the word anywhere: what is cheap to know before they are read. Errors as above.
Result<bool> rules_mention(const std::string& checkout, const std::vector<std::string>& globs, const std::string& word);

// Whether the rule's alerts decide about quietness: an alerting rule that is not labelled `severity: none` and is none
// of the gate's own (GateWatchdog, GateSyntheticFault), which fire by design.
bool in_scope(const ExpectedRule& rule);

// Lower-case hex SHA-256 over everything that the rules say; where in a file they stand, and its name, change nothing.
// Docs/evidence.md tells how it is made.
std::string hash_of(std::vector<ExpectedRule> rules);

// The group's heartbeat: the last rule of the group records `gate:heartbeat` with a label `gate_group`. Its value, or
// empty when there is none.
std::string heartbeat_of(const std::vector<ExpectedRule>& rules, const std::string& group);

}  // namespace quietgate
