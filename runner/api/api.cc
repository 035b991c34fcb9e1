#include "runner/api/api.h"

#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "runner/api/api_asked.h"
#include "runner/api/questions.h"
#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 512;
constexpr std::size_t kept_runs = 32;
constexpr std::size_t kept_lists = 16;

// -1 when there is no such regular file.
std::int64_t size_of(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) ? facts.st_size : -1;
}

// The parameters when the path's parts fit the pattern. `{path}` is the rest of them; the others are plain names.
std::optional<std::map<std::string, std::string>> matched(std::string_view pattern,
                                                          const std::vector<std::string>& parts) {
  std::map<std::string, std::string> names;
  std::size_t at = 0;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const auto slash = pattern.find('/');
    const auto want = pattern.substr(0, slash);
    if (at == parts.size()) return std::nullopt;
    if (want == "{path}") {
      auto& rest = names["path"];
      for (; at + 1 < parts.size(); ++at) rest += parts[at] + "/";
      rest += parts[at];
    } else if (want.front() == '{') {
      if (!is_plain_name(parts[at])) return std::nullopt;
      names.emplace(want.substr(1, want.size() - 2), parts[at]);
    } else if (want != parts[at]) {
      return std::nullopt;
    }
    ++at;
    pattern.remove_prefix(slash == std::string_view::npos ? pattern.size() : slash + 1);
  }
  return at == parts.size() ? std::optional(names) : std::nullopt;
}

// In constant time for texts of one length.
bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Api::Api(Journal& journal, Catalog& catalog, ApiOptions options)
    : journal_(journal), catalog_(catalog), options_(std::move(options)) {}

const std::vector<Api::Route>& Api::table() {
  static const std::vector<Route> routes{
      {"GET", "/", &Api::welcome},
      {"GET", "/healthz", &Api::healthy},
      {"GET", "/readyz", &Api::ready},
      {"GET", "/metrics", &Api::metrics},
      {"GET", "/api/v1/openapi.json", &Api::document},
      {"GET", "/api/v1/repositories", &Api::repositories},
      {"GET", "/api/v1/environments", &Api::environments},
      {"POST", "/api/v1/environments/{environment}/destroy", &Api::destroy, true},
      {"GET", "/api/v1/events", &Api::all_events},
      {"GET", "/api/v1/queue", &Api::queue},
      {"GET", "/api/v1/runs", &Api::runs},
      {"POST", "/api/v1/runs", &Api::request_run, true},
      {"GET", "/api/v1/runs/{repository}/{number}", &Api::run},
      {"GET", "/api/v1/runs/{repository}/{number}/events", &Api::run_events},
      {"POST", "/api/v1/runs/{repository}/{number}/cancel", &Api::cancel, true},
      {"POST", "/api/v1/runs/{repository}/{number}/retry", &Api::retry, true},
      {"POST", "/api/v1/runs/{repository}/{number}/promote", &Api::promote, true},
      {"POST", "/api/v1/runs/{repository}/{number}/rollback", &Api::rollback, true},
      {"GET", "/api/v1/runs/{repository}/{number}/evidence", &Api::evidence},
      {"GET", "/api/v1/evidence-key", &Api::evidence_key},
      {"POST", "/api/v1/watchdogs/{name}", &Api::watchdog, true, 256 * 1024},
      {"POST", "/api/v1/runs/{repository}/{number}/stages/{stage}/approval", &Api::approve, true},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/log", &Api::log},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/log/follow", &Api::follow_log},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/tests", &Api::tests},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/measurements", &Api::measurements},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/chart", &Api::chart},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/artifacts", &Api::artifacts},
      {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/artifacts/{path}", &Api::artifact},
  };
  return routes;
}

std::vector<std::pair<std::string, std::string>> Api::routes() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& route : table()) all.emplace_back(route.method, route.path);
  return all;
}

struct Api::Match {
  const Route* route = nullptr;
  Target target;
  std::map<std::string, std::string> names;
};

// By its head alone: the host, the address, the method and the token.
std::variant<Answer, Api::Match> Api::match(const ApiRequest& request) const {
  if (!host_allowed(request.host, options_.hosts)) {
    return error_answer(403, "this service does not answer to the host `" + request.host.substr(0, 100) + "`",
                        "name it by its loopback address, or add the name to `hosts` of the service's configuration");
  }
  auto target = parse_target(request.target);
  if (!target) return error_answer(404, "there is nothing at this address", "see /api/v1/openapi.json");
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string other_methods;
  for (const auto& route : table()) {
    auto names = matched(route.path, target->parts);
    if (!names) continue;
    if (method != route.method) {
      other_methods += (other_methods.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    if (route.changes && (options_.token.empty() || !same_secret(request.authorization, "Bearer " + options_.token))) {
      auto answer =
          error_answer(401, "changing something needs the service's token",
                       "send `Authorization: Bearer TOKEN`; the token is in the file `token` of the data directory");
      answer.headers.emplace_back("WWW-Authenticate", "Bearer");
      return answer;
    }
    return Match{&route, std::move(*target), std::move(*names)};
  }
  if (other_methods.empty()) return error_answer(404, "there is nothing at this address", "see /api/v1/openapi.json");
  auto answer = error_answer(405, method + " is not possible here", "possible: " + other_methods);
  answer.headers.emplace_back("Allow", other_methods);
  return answer;
}

Api::Admission Api::admit(const ApiRequest& head) const {
  auto found = match(head);
  if (auto* refusal = std::get_if<Answer>(&found)) return {std::move(*refusal), 0};
  return {std::nullopt, std::get<Match>(found).route->body_limit};
}

ApiResponse Api::handle(const ApiRequest& request) {
  auto found = match(request);
  if (auto* refusal = std::get_if<Answer>(&found)) return std::move(*refusal);
  auto& match = std::get<Match>(found);
  Asked asked{request, std::move(match.target), std::move(match.names), {}};
  if (auto number = asked.names.find("number"); number != asked.names.end()) {
    asked.run = parse_run_id(asked.names["repository"] + "/" + number->second);
    if (asked.run.number == 0) return error_answer(404, "`" + number->second + "` is not the number of a run");
  }
  return (this->*match.route->answer)(asked);
}

Result<Api::Kept*> Api::kept(const RunId& id) {
  auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& entry) { return entry.first == id; });
  const bool known = found != kept_.end();
  if (!known) {
    kept_.emplace_front(id, Kept{});
    found = kept_.begin();
    found->second.fresh_at = -1;
  }
  auto& kept = found->second;
  const auto now = journal_.last();
  while (kept.fresh_at != now) {
    auto rows = journal_.read(std::max(kept.record.last, kept.fresh_at), read_batch, id);
    if (!rows) {
      kept_.erase(found);
      return rows.error();
    }
    for (const auto& row : *rows) kept.record.add(row);
    if (!rows->empty() && std::holds_alternative<RunExpired>(rows->back().event)) {
      kept_.erase(found);
      return nullptr;
    }
    if (!rows->empty()) kept.document.clear();
    if (rows->size() < read_batch) kept.fresh_at = now;
  }
  if (kept.record.last == 0) {
    kept_.erase(found);
    return nullptr;
  }
  if (known) kept_.splice(kept_.begin(), kept_, found);
  if (kept_.size() > kept_runs) kept_.pop_back();
  return &kept;
}

ApiResponse Api::repositories(const Asked&) {
  std::vector<RepositoryState> states;
  for (const auto& repository : options_.repositories) {
    RepositoryState state{repository, false, {}, std::nullopt};
    auto watched = catalog_.watched(repository.name);
    auto branches = catalog_.branches(repository.name);
    auto runs = catalog_.runs(repository.name, 1);
    if (!watched) return failed_answer(watched.error());
    if (!branches) return failed_answer(branches.error());
    if (!runs) return failed_answer(runs.error());
    state.watched = *watched;
    state.branches = std::move(*branches);
    if (!runs->empty()) state.last_run = runs->front();
    states.push_back(std::move(state));
  }
  return json_answer(repositories_document(states));
}

ApiResponse Api::runs(const Asked& asked) {
  auto& list = lists_[asked.request.target];
  if (list.at == journal_.last() && list.queue == queue_version()) return json_answer(list.body);
  bool bad = false;
  const auto limit = static_cast<std::size_t>(asked.number("limit", 1, 500, bad).value_or(50));
  const auto before = asked.number("before", 0, INT64_MAX, bad).value_or(0);
  if (bad) {
    lists_.erase(asked.request.target);
    return error_answer(400, "`limit` is a number from 1 to 500, `before` the `next_before` of an earlier page");
  }
  auto runs = catalog_.runs(asked.target.value("repository").value_or(""), limit, before);
  if (!runs) return failed_answer(runs.error());
  auto all = questions(*runs);
  all.insert(all.end(), waiting().begin(), waiting().end());
  auto body = runs_document(*runs, rollbacks(*runs), all, limit);
  if (lists_.size() > kept_lists) {
    lists_.clear();
    return json_answer(std::move(body));
  }
  list = {journal_.last(), queue_version(), body};
  return json_answer(std::move(body));
}

ApiResponse Api::run(const Asked& asked) {
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return error_answer(404, "there is no run " + to_string(asked.run), "see `quietgate runs`");
  auto& entry = **kept;
  if (!entry.document.empty()) return json_answer(entry.document);
  auto mine = questions_of(entry.record);
  if (options_.queue != nullptr && options_.queue->waits(asked.run)) {
    for (const auto& each : waiting()) {
      if (each.run == asked.run) mine.push_back(each);
    }
  }
  auto body = run_document(entry.record, mine, [&](const std::string& stage, int attempt) {
    if (options_.progress == nullptr) return std::string();
    return options_.progress->read(attempt_path(asked.run, stage, attempt, ""));
  });
  if (entry.record.over()) entry.document = body;
  return json_answer(std::move(body));
}

const std::vector<Waiting>& Api::waiting() {
  const auto version = queue_version();
  if (options_.queue != nullptr && waiting_at_ != version) {
    waiting_ = options_.queue->waiting();
    waiting_at_ = version;
  }
  return waiting_;
}

std::vector<Waiting> Api::questions(const std::vector<RunSummary>& runs) {
  std::vector<Waiting> all;
  for (const auto& run : runs) {
    if (run.status != RunStatus::running) continue;
    // A thousand runs may wait for other things: their rows are not read for this.
    if (options_.queue != nullptr && !options_.queue->asks(run.id)) continue;
    auto kept = this->kept(run.id);
    if (!kept || *kept == nullptr) continue;
    auto asked = questions_of((*kept)->record);
    std::move(asked.begin(), asked.end(), std::back_inserter(all));
  }
  return all;
}

std::map<RunId, Rollback> Api::rollbacks(const std::vector<RunSummary>& runs) {
  std::map<RunId, Rollback> found;
  for (const auto& run : runs) {
    auto rows = journal_.read(run.first - 1, 1, std::nullopt);
    const auto* asked = rows && !rows->empty() ? std::get_if<RunRequested>(&rows->front().event) : nullptr;
    if (asked != nullptr && asked->run == run.id && asked->rollback.wanted()) found.emplace(run.id, asked->rollback);
  }
  return found;
}

ApiResponse Api::queue(const Asked&) {
  auto unfinished = catalog_.unfinished_runs();
  if (!unfinished) return failed_answer(unfinished.error());
  auto all = waiting();
  auto asked = questions(*unfinished);
  std::move(asked.begin(), asked.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.since < b.since; });
  return json_answer(queue_document(all));
}

ApiResponse Api::run_events(const Asked& asked) {
  auto run = catalog_.run(asked.run);
  if (!run) return failed_answer(run.error());
  if (!run->has_value()) return error_answer(404, "there is no run " + to_string(asked.run), "see `quietgate runs`");
  bool bad = false;
  auto after = asked.number("after", 0, INT64_MAX, bad).value_or(0);
  const auto& resumed = asked.request.last_event_id;
  if (!resumed.empty()) after = Asked::parsed(resumed, 0, INT64_MAX, bad).value_or(0);
  if (bad) return error_answer(400, "`after` and Last-Event-ID are the sequence of a row");
  if (asked.request.accept.find("application/json") == std::string::npos) return EventFeed{asked.run, after};
  auto rows = journal_.read(after, read_batch, asked.run);
  if (!rows) return failed_answer(rows.error());
  return json_answer(rows_document(*rows, rows->size() == read_batch));
}

ApiResponse Api::all_events(const Asked& asked) {
  bool bad = false;
  auto after = asked.number("after", 0, INT64_MAX, bad).value_or(journal_.last());
  const auto& resumed = asked.request.last_event_id;
  if (!resumed.empty()) after = Asked::parsed(resumed, 0, INT64_MAX, bad).value_or(0);
  if (bad) return error_answer(400, "`after` and Last-Event-ID are the sequence of a row");
  return EventFeed{std::nullopt, after};
}

ApiResponse Api::environments(const Asked&) {
  auto environments = catalog_.environments();
  if (!environments) return failed_answer(environments.error());
  return json_answer(environments_document(*environments));
}

std::string Api::attempt_path(const RunId& run, const std::string& stage, int attempt, const char* file) const {
  return fmt::format("{}/runs/{}/{}/{}.{}/{}", options_.data, run.repository, run.number, stage, attempt, file);
}

std::variant<LogFeed, Answer> Api::attempt_of(const Asked& asked, bool may_wait) {
  const auto& stage = asked.names.at("stage");
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return error_answer(404, "there is no run " + to_string(asked.run), "see `quietgate runs`");
  const auto& state = (*kept)->record.state;
  auto found = state.stages.find(stage);
  if (found == state.stages.end() && (state.plan || state.status == RunStatus::finished)) {
    return error_answer(404, "run " + to_string(asked.run) + " has no stage `" + stage + "`",
                        "see `quietgate show " + to_string(asked.run) + "`");
  }
  const int latest = found == state.stages.end() ? 0 : found->second.attempt;
  bool bad = false;
  const auto attempt = static_cast<int>(asked.number("attempt", 1, 1000, bad).value_or(std::max(latest, 1)));
  if (bad) return error_answer(400, "`attempt` is a number from 1 on");
  if (attempt > latest && !(may_wait && attempt == latest + 1)) {
    return error_answer(404, latest == 0 ? "stage `" + stage + "` has not started"
                                         : fmt::format("stage `{}` had {} attempts, not {}", stage, latest, attempt));
  }
  return LogFeed{asked.run, stage, attempt, attempt_path(asked.run, stage, attempt, "log"), 0};
}

ApiResponse Api::log(const Asked& asked) {
  auto found = attempt_of(asked, false);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  const auto& feed = std::get<LogFeed>(found);
  const auto size = std::max<std::int64_t>(0, size_of(feed.path));
  bool bad = false;
  auto from = asked.number("from", 0, INT64_MAX, bad).value_or(0);
  if (auto tail = asked.number("tail", 0, INT64_MAX, bad)) from = std::max<std::int64_t>(0, size - *tail);
  if (bad) return error_answer(400, "`from` and `tail` are numbers of bytes");
  return FileAnswer{feed.path, std::min(from, size), size, "text/plain; charset=utf-8"};
}

ApiResponse Api::follow_log(const Asked& asked) {
  auto found = attempt_of(asked, true);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  auto feed = std::get<LogFeed>(found);
  bool bad = false;
  feed.from = asked.number("from", 0, INT64_MAX, bad).value_or(0);
  const auto& resumed = asked.request.last_event_id;
  if (!resumed.empty()) feed.from = Asked::parsed(resumed, 0, INT64_MAX, bad).value_or(0);
  if (bad) return error_answer(400, "`from` and Last-Event-ID are numbers of bytes");
  return feed;
}

ApiResponse Api::attempt_file(const Asked& asked, const char* file, const char* content_type, const char* what) {
  auto found = attempt_of(asked, false);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  const auto& feed = std::get<LogFeed>(found);
  const auto path = attempt_path(feed.run, feed.stage, feed.attempt, file);
  const auto size = size_of(path);
  if (size < 0) return error_answer(404, "stage `" + feed.stage + "` left no " + what);
  return FileAnswer{path, 0, size, content_type};
}

ApiResponse Api::tests(const Asked& asked) {
  return attempt_file(asked, "tests.json", "application/json", "test results");
}

ApiResponse Api::measurements(const Asked& asked) {
  return attempt_file(asked, "measurements.ndjson", "application/x-ndjson", "measurements");
}

ApiResponse Api::chart(const Asked& asked) {
  return attempt_file(asked, "artifacts/load.svg", "image/svg+xml", "chart");
}

bool Api::over(const RunId& run) {
  auto kept = this->kept(run);
  return kept && (*kept == nullptr || (*kept)->record.over());
}

bool Api::over(const LogFeed& feed) {
  auto kept = this->kept(feed.run);
  if (!kept) return false;
  if (*kept == nullptr) return true;
  const auto& record = (*kept)->record;
  if (record.over()) return true;
  auto found = record.state.stages.find(feed.stage);
  if (found == record.state.stages.end()) return static_cast<bool>(record.state.plan);
  const auto& stage = found->second;
  if (stage.status == StageStatus::skipped || stage.attempt > feed.attempt) return true;
  const bool ended = stage.status == StageStatus::finished;
  return ended && stage.attempt == feed.attempt;
}

}  // namespace quietgate
