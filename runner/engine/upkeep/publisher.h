// Attaches evidence to its commits if the promote stage could not, because the remote was unreachable or refused the
// note.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/journal.h"

namespace quietgate {

class Publisher {
 public:
  using Say = std::function<void(const std::string& line)>;
  // The references must outlive it. Evidence of other repositories waits.
  Publisher(Journal& journal, Catalog& catalog, Git& git, Clock& clock, std::vector<GitRemote> remotes, Say say);

  // Publishes all sealed but unpublished evidence, until stopped; throws Stopped. Retries a failure after 30 s, doubled
  // each time up to 10 minutes, and logs it when it changes.
  Task<void> publish(Stop& stop);

 private:
  struct Waiting {
    Time not_before{};
    Milliseconds pause{};
    std::string said;
  };
  Task<void> look(Stop& stop);
  Task<std::string> push(PendingEvidence evidence, Stop& stop);  // why it is not published, or empty
  const GitRemote* remote_of(const std::string& repository) const;

  Journal& journal_;
  Catalog& catalog_;
  Git& git_;
  Clock& clock_;
  std::vector<GitRemote> remotes_;
  Say say_;
  std::map<std::int64_t, Waiting> waiting_;  // by the row's sequence
};

}  // namespace quietgate
