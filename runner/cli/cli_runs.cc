// The verbs that read from the service.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "runner/api/auth/token.h"
#include "runner/base/calendar.h"
#include "runner/cli/cli.h"
#include "runner/cli/terminal/terminal_log.h"
#include "runner/cli/terminal/terminal_run.h"
#include "runner/cli/terminal/terminal_tests.h"
#include "runner/ports/queue.h"
#include "stages/load/chart.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr auto frame_time = std::chrono::milliseconds(100);
constexpr auto glimpse_time = std::chrono::milliseconds(1000);

std::string local_user() {
  if (const auto* entry = ::getpwuid(::getuid()); entry != nullptr) return entry->pw_name;
  return "user " + std::to_string(::getuid());
}

std::string token_from(const CliParts& parts, const CliCommon& common) {
  if (const char* token = std::getenv("QUIETGATE_TOKEN"); token != nullptr && *token != '\0') return token;
  auto data = common.data;
  if (data.empty() && parts.default_data) data = parts.default_data();
  auto token = data.empty() ? Result<std::string>(std::string()) : read_token(data);
  return token ? *token : std::string();
}

Time now() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

Time time_of(const Json& json) {
  if (!json.is_string()) return {};
  const auto seconds = parse_rfc3339(json.get_ref<const std::string&>());
  return seconds ? Time{Milliseconds{std::llround(*seconds * 1000)}} : Time{};
}

std::optional<Row> row_of(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("sequence") || !json.contains("type") || !json.contains("event"))
    return std::nullopt;
  auto event = event_from_json(json["type"].get<std::string>(), json["event"].dump());
  if (!event) return std::nullopt;  // of a newer service: what we don't know, we don't show
  return Row{json["sequence"].get<std::int64_t>(), time_of(json["at"]), std::move(*event)};
}

Milliseconds whole_seconds_of(Milliseconds span) {
  return Milliseconds{span.count() / 1000 * 1000};
}

std::string text_of(const Json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

std::string waited(const Json& waiting) {
  const auto since = time_of(waiting.value("since", Json()));
  return since == Time{} ? std::string() : human_duration(whole_seconds_of(std::max(Milliseconds{0}, now() - since)));
}

// `waits for lock staging, held by web/12 staging; next in line (2m)`; empty when nothing is waited for.
std::string waiting_text(const Json& of) {
  auto found = of.find("waiting");
  if (found == of.end() || !found->is_object()) return {};
  if (text_of(*found, "for") == to_string(Waiting::For::person)) return {};  // the record tells the question
  const auto reason = text_of(*found, "reason");
  const auto span = waited(*found);
  return span.empty() ? reason : reason + " (" + span + ")";
}

// `rollback of hello/4 to 1a2b3c4 by ana (too slow)`; empty: the run is none.
std::string rollback_text(const Json& run, const Terminal& terminal) {
  auto found = run.find("rollback");
  if (found == run.end() || !found->is_object()) return {};
  const auto by = text_of(*found, "by");
  const auto text = "rollback of " + text_of(*found, "of") + " to " + text_of(*found, "to").substr(0, 7);
  return inked(terminal, Ink::yellow, text) + " by " + (by.empty() ? "an alert" : by) + " (" +
         text_of(*found, "reason") + ")";
}

// By stage; the whole run's is under the empty name.
std::map<std::string, std::string> waiting_of(const Json& run) {
  std::map<std::string, std::string> all;
  if (!run.is_object() || !run.contains("stages")) return all;
  if (auto text = waiting_text(run); !text.empty()) all[""] = text;
  for (const auto& stage : run["stages"]) {
    if (auto text = waiting_text(stage); !text.empty()) all[text_of(stage, "name")] = text;
  }
  return all;
}

// Of gates that are being judged, by stage.
std::map<std::string, std::vector<Proof>> proofs_of(const Json& run) {
  std::map<std::string, std::vector<Proof>> all;
  if (!run.is_object() || !run.contains("stages")) return all;
  for (const auto& stage : run["stages"]) {
    if (!stage.contains("progress") || !stage["progress"].is_object()) continue;
    if (auto proofs = proofs_so_far(stage["progress"].dump()); !proofs.empty()) all[text_of(stage, "name")] = proofs;
  }
  return all;
}

// Asks the service how a running stage is doing, about once a second.
class ServiceGlimpses {
 public:
  explicit ServiceGlimpses(CliClient& client) : client_(client) {}
  Glimpse operator()(const RunId& run, const std::string& stage, int attempt) {
    auto& known = known_[stage + "." + std::to_string(attempt)];
    const auto at = std::chrono::steady_clock::now();
    if (at - known.second < glimpse_time) return known.first;
    known.second = at;
    const auto path = "/api/v1/runs/" + to_string(run);
    // Of one answer, however many stages there are.
    if (at - asked_ >= glimpse_time) {
      asked_ = at;
      auto reply = client_.get(path);
      run_ = reply && reply->status == 200 ? Json::parse(reply->body, nullptr, false) : Json();
    }
    if (attempt == 0) {
      known.first.line = waiting_of(run_)[stage];
      return known.first;
    }
    std::string progress;
    for (const auto& s : run_.is_object() ? run_["stages"] : Json::array()) {
      if (s["name"] == stage && s["progress"].is_object()) progress = s["progress"].dump();
    }
    auto log = client_.get(path + "/stages/" + stage + "/log?tail=512&attempt=" + std::to_string(attempt));
    known.first = glimpse_of(progress, log && log->status == 200 ? log->body : std::string());
    return known.first;
  }

 private:
  CliClient& client_;
  Json run_;
  std::chrono::steady_clock::time_point asked_;
  std::map<std::string, std::pair<Glimpse, std::chrono::steady_clock::time_point>> known_;
};

// Rows that one thread reads and another shows.
struct RowQueue {
  std::mutex mutex;
  std::condition_variable bell;
  std::deque<Row> rows;
  std::string said;  // about the connection
  std::optional<Result<Reply>> end;
};

}  // namespace

ServiceVerbs::ServiceVerbs(const CliParts& parts, const CliCommon& common, Terminal terminal)
    : parts_(parts),
      common_(common),
      terminal_(terminal),
      client_(common.server, token_from(parts, common), local_user()) {}

int ServiceVerbs::fail(const Error& error, int code) {
  print_error(parts_, error, common_.json);
  return code;
}

int ServiceVerbs::refuse(const Reply& reply) {
  auto json = Json::parse(reply.body, nullptr, false);
  auto error = json.is_object() && json.contains("error") ? json["error"] : Json::object();
  auto message = text_of(error, "message");
  if (message.empty())
    message = "the service at " + client_.server() + " answered with status " + std::to_string(reply.status);
  auto advice = text_of(error, "advice");
  if (reply.status == 401) advice = "give the service's data directory with --data, or its token in QUIETGATE_TOKEN";
  return fail(user_error(message, advice), reply.status >= 500 ? exit_unreachable : exit_refused);
}

std::variant<std::string, int> ServiceVerbs::resolve(const std::string& run) {
  if (run.find('/') != std::string::npos) {
    if (parse_run_id(run).number > 0) return run;
    return fail(user_error("`" + run + "` is not a run", "name it as `quietgate runs` does: hello/12"), exit_usage);
  }
  auto reply = client_.get("/api/v1/runs?limit=1" + (run.empty() ? "" : "&repository=" + run));
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  auto json = Json::parse(reply->body, nullptr, false);
  if (json.is_object() && json["runs"].is_array() && !json["runs"].empty()) return text_of(json["runs"][0], "id");
  return fail(user_error(run.empty() ? "there are no runs yet" : "there are no runs of `" + run + "`",
                         "push a commit to a watched branch, or try a pipeline here: quietgate run"),
              exit_refused);
}

int ServiceVerbs::runs(const RunsQuery& query) {
  auto reply = client_.get("/api/v1/runs?limit=" + std::to_string(query.limit) +
                           (query.repository.empty() ? "" : "&repository=" + query.repository));
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  if (common_.json) {
    parts_.out(reply->body);
    return exit_ok;
  }
  auto json = Json::parse(reply->body, nullptr, false);
  Table table({"", "RUN", "BRANCH", "COMMIT", "WHEN", "TOOK", "RESULT"});
  for (const auto& run : json["runs"]) {
    const auto status = text_of(run, "status");
    Outcome outcome = Outcome::skipped;
    const bool over = parse_outcome(text_of(run, "outcome"), outcome);
    const auto took =
        run["duration_ms"].is_number() ? human_duration(Milliseconds{run["duration_ms"].get<std::int64_t>()}) : "";
    auto result = text_of(run, "reason");
    if (result.empty() && !over) result = text_of(run, "waiting");
    if (result.empty()) result = over ? to_string(outcome) : status;
    if (const auto back = rollback_text(run, terminal_); !back.empty()) result = back + ": " + result;
    table.add({over ? mark(terminal_, outcome) : inked(terminal_, Ink::cyan, terminal_.unicode ? "▶" : ">"),
               text_of(run, "id"), text_of(run, "branch"), text_of(run, "commit").substr(0, 7),
               ago(time_of(run["requested_at"]), now()), took, result});
  }
  parts_.out(table.empty() ? "no runs yet: push a commit to a watched branch, or try one here:\n  quietgate run\n"
                           : table.text(terminal_));
  return exit_ok;
}

int ServiceVerbs::queue() {
  auto reply = client_.get("/api/v1/queue");
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  if (common_.json) {
    parts_.out(reply->body);
    return exit_ok;
  }
  auto json = Json::parse(reply->body, nullptr, false);
  Table table({"RUN", "STAGE", "FOR", "REASON"});
  for (const auto& each : json["waiting"]) {
    table.add({text_of(each, "run"), text_of(each, "stage"), waited(each), text_of(each, "reason")});
  }
  parts_.out(table.empty() ? "nothing waits\n" : table.text(terminal_));
  return exit_ok;
}

std::variant<RunRecord, int> ServiceVerbs::record_of(const std::string& run) {
  RunRecord record;
  for (bool more = true; more;) {
    auto reply = client_.get("/api/v1/runs/" + run + "/events?after=" + std::to_string(record.last));
    if (!reply) return fail(reply.error(), exit_unreachable);
    if (reply->status != 200) return refuse(*reply);
    auto json = Json::parse(reply->body, nullptr, false);
    if (!json.is_object() || !json["events"].is_array())
      return fail(infrastructure_error("the answer of " + client_.server() + " is not understood"), exit_unreachable);
    const auto before = record.last;
    for (const auto& event : json["events"]) {
      if (auto row = row_of(event.dump())) record.add(*row);
    }
    more = json.value("more", false) && record.last > before;
  }
  return record;
}

void ServiceVerbs::print_charts(const RunRecord& record) {
  if (!record.state.plan) return;
  for (const auto& stage : record.state.plan->stages) {
    if (!traits_of(stage).loads) continue;
    auto reply =
        client_.get(fmt::format("/api/v1/runs/{}/stages/{}/measurements", to_string(record.state.id), stage.name));
    if (!reply || reply->status != 200) continue;
    const auto width = static_cast<std::size_t>(std::clamp(terminal_.width, 40, 160));
    const auto lines = text_chart(parse_measurements(reply->body), width);
    if (lines.empty()) continue;
    parts_.out("\n" + stage.name + "\n");
    for (const auto& line : lines) parts_.out("  " + line + "\n");
  }
}

std::map<std::string, std::string> ServiceVerbs::tests_of(const RunRecord& record) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (stage.status != StageStatus::finished || !worth_naming(stage.outcome)) continue;
    auto reply = client_.get(
        fmt::format("/api/v1/runs/{}/stages/{}/tests?attempt={}", to_string(record.state.id), name, stage.attempt));
    if (reply && reply->status == 200) all[name] = std::move(reply->body);
  }
  return all;
}

int ServiceVerbs::show(const std::string& name, bool follow, bool chart) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto path = "/api/v1/runs/" + std::get<std::string>(run);
  if (follow && !common_.json) {
    const int code = follow_run(std::get<std::string>(run));
    auto rows = record_of(std::get<std::string>(run));
    if (chart && std::holds_alternative<RunRecord>(rows)) print_charts(std::get<RunRecord>(rows));
    return code;
  }
  if (common_.json) {
    if (follow) {
      if (auto end = client_.follow(path + "/events", [](const auto&) { return true; }); !end)
        return fail(end.error(), exit_unreachable);
    }
    auto reply = client_.get(path);
    if (!reply) return fail(reply.error(), exit_unreachable);
    if (reply->status != 200) return refuse(*reply);
    parts_.out(reply->body);
    return exit_ok;
  }
  auto rows = record_of(std::get<std::string>(run));
  if (auto* code = std::get_if<int>(&rows)) return *code;
  const auto& record = std::get<RunRecord>(rows);
  std::map<std::string, std::string> waiting;
  std::map<std::string, std::vector<Proof>> so_far;
  if (!record.over()) {
    auto reply = client_.get(path);
    if (reply && reply->status == 200) {
      const auto document = Json::parse(reply->body, nullptr, false);
      waiting = waiting_of(document);
      so_far = proofs_of(document);
    }
  }
  parts_.out(run_report(record, terminal_, now(), waiting, so_far, tests_of(record)));
  if (chart) print_charts(record);
  return exit_ok;
}

int ServiceVerbs::follow_run(const std::string& run) {
  RunView view(terminal_, parts_.out, now, ServiceGlimpses(client_));
  RowQueue queue;
  // A client of its own: the one here asks for glimpses meanwhile.
  std::thread reader([this, &queue, run] {
    CliClient client(common_.server, {}, {});
    auto end = client.follow(
        "/api/v1/runs/" + run + "/events",
        [&queue](const StreamEvent& event) {
          if (auto row = row_of(event.data)) {
            std::lock_guard lock(queue.mutex);
            queue.rows.push_back(std::move(*row));
            queue.bell.notify_one();
          }
          return true;
        },
        [&queue](const std::string& line) {
          std::lock_guard lock(queue.mutex);
          queue.said = line;
        });
    std::lock_guard lock(queue.mutex);
    queue.end = std::move(end);
    queue.bell.notify_one();
  });
  std::unique_lock lock(queue.mutex);
  for (;;) {
    queue.bell.wait_for(lock, frame_time, [&] { return !queue.rows.empty() || queue.end; });
    const bool over = queue.end.has_value();
    auto rows = std::exchange(queue.rows, {});
    const auto said = std::exchange(queue.said, {});
    lock.unlock();
    if (!said.empty()) view.say(said);
    for (const auto& row : rows) view.on_row(row);
    if (over) break;
    view.tick();
    lock.lock();
  }
  reader.join();
  if (!*queue.end) return fail(queue.end->error(), exit_unreachable);
  if ((*queue.end)->status != 200) return refuse(**queue.end);
  view.finish(tests_of(view.record()));
  return exit_code_of(view.record());
}

int ServiceVerbs::logs(const LogsQuery& query) {
  auto run = resolve(query.run);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto path = "/api/v1/runs/" + std::get<std::string>(run);
  auto stage = query.stage;
  if (stage.empty()) {
    auto reply = client_.get(path);
    if (!reply) return fail(reply.error(), exit_unreachable);
    if (reply->status != 200) return refuse(*reply);
    auto json = Json::parse(reply->body, nullptr, false);
    // What one wants to read: the stage that went wrong, else the one that runs, else the last one that began.
    int best = 0;
    for (const auto& s : json["stages"]) {
      Outcome outcome = Outcome::skipped;
      parse_outcome(text_of(s, "outcome"), outcome);
      StageStatus status = StageStatus::waiting;
      parse_stage_status(text_of(s, "status"), status);
      const bool wrong = outcome == Outcome::failed || outcome == Outcome::error || outcome == Outcome::inconclusive;
      const int worth = s["attempts"].empty() ? 0 : wrong ? 3 : status == StageStatus::running ? 2 : 1;
      if (worth > 0 && (worth > best || (worth == best && worth == 1))) {
        best = worth;
        stage = text_of(s, "name");
      }
    }
    if (stage.empty() && !json["stages"].empty() && query.follow) stage = text_of(json["stages"][0], "name");
    if (stage.empty()) {
      return fail(user_error("no stage of " + std::get<std::string>(run) + " has started yet",
                             "wait for it: quietgate show " + std::get<std::string>(run) + " --follow"),
                  exit_refused);
    }
    if (terminal_.live) parts_.err(inked(terminal_, Ink::dim, "log of stage " + stage) + "\n");
  }
  const auto log = path + "/stages/" + stage + "/log";
  const auto attempt = query.attempt > 0 ? "?attempt=" + std::to_string(query.attempt) : std::string();
  LogSieve sieve(terminal_.colour, terminal_.unicode);
  // A file or a pipe gets the bytes as they are.
  auto show = [&](std::string_view bytes) {
    if (terminal_.screen)
      parts_.out(sieve.pass(bytes));
    else
      parts_.out(bytes);
    return true;
  };
  auto end = query.follow ? client_.follow(
                                log + "/follow" + attempt,
                                [&](const StreamEvent& event) { return show(from_base64(event.data)); },
                                [&](const std::string& line) { parts_.err("quietgate: " + line + "\n"); })
                          : client_.download(log + attempt, show);
  if (terminal_.screen) parts_.out(sieve.end());
  if (!end) return fail(end.error(), exit_unreachable);
  return end->status == 200 ? static_cast<int>(exit_ok) : refuse(*end);
}

int ServiceVerbs::environments() {
  auto reply = client_.get("/api/v1/environments");
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  if (common_.json) {
    parts_.out(reply->body);
    return exit_ok;
  }
  auto json = Json::parse(reply->body, nullptr, false);
  Table table({"ENVIRONMENT", "OF", "BY", "STATUS", "CREATED", "EXPIRES", "PROBLEM"});
  for (const auto& e : json["environments"]) {
    const auto expires = time_of(e["expires_at"]);
    const auto left = expires - now();
    const auto status = text_of(e, "status");
    EnvironmentStatus known = EnvironmentStatus::planned;
    const bool failing = parse_environment_status(status, known) && known == EnvironmentStatus::failing;
    table.add({text_of(e, "id"), text_of(e, "run") + " " + text_of(e, "stage"), text_of(e, "provisioner"),
               failing ? inked(terminal_, Ink::red, status) : status, ago(time_of(e["created_at"]), now()),
               e.value("keep", false)   ? "kept"
               : left < Milliseconds{0} ? "overdue"
                                        : "in " + human_duration(left),
               text_of(e, "problem")});
  }
  parts_.out(table.empty() ? "no environments: they live from an `apply` stage to the end of its run\n"
                           : table.text(terminal_));
  return exit_ok;
}

}  // namespace quietgate
