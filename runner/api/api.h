// The HTTP API under /api/v1: a request in, a response out, no sockets. It reads rows and projections; what changes
// something only appends an event, after a look at the rows says that it makes sense. openapi.json describes it.
//
// Reading is open to who reaches the listener and names an allowed host; changing needs the token.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runner/api/documents.h"
#include "runner/api/exchange.h"
#include "runner/api/run_record.h"
#include "runner/ports/journal.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/progress_board.h"
#include "runner/ports/queue.h"
#include "runner/ports/synthetic_faults.h"
#include "runner/ports/watchdog_deliveries.h"

namespace quietgate {

struct ApiOptions {
  std::string version;
  std::string data;                // the data directory, absolute
  std::string token;               // empty: nothing can be changed
  std::vector<std::string> hosts;  // lower case, without port: allowed in Host beside the loopback's names
  std::vector<WatchedRepository> repositories;
  Queue* queue = nullptr;                    // what waits; may be null: nothing does
  std::function<std::string()> not_ready;    // why the service is not ready, or empty; may be unset
  const LoadMetrics* loads = nullptr;        // may be null: nothing is loaded
  const SyntheticFaults* faults = nullptr;   // likewise
  WatchdogDeliveries* deliveries = nullptr;  // may be null: no watchdog is heard
  std::string evidence_key{};                // public, PEM; empty: there is none
  const ProgressBoard* progress = nullptr;   // may be null: how far stages are is not known
  std::function<Time()> now = {};            // unset: the system's clock
};

class Api {
 public:
  // Both must outlive the API.
  Api(Journal& journal, Catalog& catalog, ApiOptions options);

  // What can be said of a request before its body is read: why it is refused, else how large a body it may have.
  struct Admission {
    std::optional<Answer> refusal;
    std::uint64_t body_limit = 0;
  };
  Admission admit(const ApiRequest& head) const;
  // Never throws for what the request holds; an error is an Answer with {"error":{"message","advice"}}.
  ApiResponse handle(const ApiRequest& request);

  // Counts a row for /metrics; the server gives every new row once.
  void observe(const Row& row);
  void observe_damaged_rows(std::int64_t so_far) { damaged_rows_ = so_far; }

  // Whether the run has ended and all its rows are written. An unknown run is over.
  bool over(const RunId& run);
  // Whether nothing more will be written to this attempt's log.
  bool over(const LogFeed& feed);
  Journal& journal() { return journal_; }

  // Every route as (`GET`, `/api/v1/runs/{repository}/{number}`).
  static std::vector<std::pair<std::string, std::string>> routes();

 private:
  struct Asked;  // a request that was matched: target, path parameters, body
  struct Route;
  static const std::vector<Route>& table();
  struct Match;
  std::variant<Answer, Match> match(const ApiRequest& request) const;

  ApiResponse repositories(const Asked& asked);
  ApiResponse runs(const Asked& asked);
  ApiResponse run(const Asked& asked);
  ApiResponse queue(const Asked& asked);
  ApiResponse run_events(const Asked& asked);
  ApiResponse log(const Asked& asked);
  ApiResponse follow_log(const Asked& asked);
  ApiResponse tests(const Asked& asked);
  ApiResponse measurements(const Asked& asked);
  ApiResponse chart(const Asked& asked);
  ApiResponse artifacts(const Asked& asked);
  ApiResponse artifact(const Asked& asked);
  ApiResponse request_run(const Asked& asked);
  ApiResponse cancel(const Asked& asked);
  ApiResponse retry(const Asked& asked);
  ApiResponse approve(const Asked& asked);
  ApiResponse promote(const Asked& asked);
  ApiResponse rollback(const Asked& asked);
  ApiResponse evidence(const Asked& asked);
  ApiResponse evidence_key(const Asked& asked);
  ApiResponse watchdog(const Asked& asked);
  ApiResponse environments(const Asked& asked);
  ApiResponse destroy(const Asked& asked);
  ApiResponse all_events(const Asked& asked);
  ApiResponse document(const Asked& asked);
  ApiResponse welcome(const Asked& asked);
  ApiResponse healthy(const Asked& asked);
  ApiResponse ready(const Asked& asked);
  ApiResponse metrics(const Asked& asked);

  // The run's record, up to date; null when there is no such run. Kept for the runs that were asked for last.
  struct Kept {
    RunRecord record;
    std::int64_t fresh_at = 0;  // the journal's last sequence when the record was brought up to date
    std::string document;       // of a finished run; empty: not made yet
  };
  Result<Kept*> kept(const RunId& id);
  std::uint64_t queue_version() const { return options_.queue != nullptr ? options_.queue->version() : 0; }
  const std::vector<Waiting>& waiting();
  // What these runs ask people; those that can't be read are left out.
  std::vector<Waiting> questions(const std::vector<RunSummary>& runs);
  std::map<RunId, Rollback> rollbacks(const std::vector<RunSummary>& runs);
  ApiResponse append(Event event, int status, const std::function<std::string(std::int64_t)>& body);
  // Gives it the repository's next number; what stands before is written with it.
  ApiResponse start_run(RunRequested request, const std::string& repository, std::vector<Event> before);
  std::string attempt_path(const RunId& run, const std::string& stage, int attempt, const char* file) const;
  // Finds the run, the stage and the attempt that a path and `?attempt=` name; an Answer says why not.
  std::variant<LogFeed, Answer> attempt_of(const Asked& asked, bool may_wait);
  // What an attempt kept: its number, what is on record of it, and the text of its listing, which is what was recorded.
  struct Listing {
    int attempt = 0;
    std::string folder;
    ArtifactsKept kept;
    std::string text;
  };
  std::variant<Listing, Answer> listing_of(const Asked& asked);
  ApiResponse attempt_file(const Asked& asked, const char* file, const char* content_type, const char* what);

  Journal& journal_;
  Catalog& catalog_;
  ApiOptions options_;
  std::list<std::pair<RunId, Kept>> kept_;  // the last used first
  struct ListBody {
    std::int64_t at = -1;
    std::uint64_t queue = 0;
    std::string body;
  };
  std::map<std::string, ListBody> lists_;  // by target; right while neither the journal nor the queue has changed
  std::vector<Waiting> waiting_;           // right as long as the queue has this version
  std::optional<std::uint64_t> waiting_at_;
  std::map<std::string, std::int64_t> runs_by_outcome_;
  std::map<std::string, std::int64_t> stages_by_outcome_;
  std::int64_t promotions_ = 0;
  std::int64_t damaged_rows_ = 0;
};

// The document that is served as /api/v1/openapi.json.
std::string_view openapi_document();

}  // namespace quietgate
