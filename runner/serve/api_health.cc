// How the service itself is: for people, probes and Prometheus.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runner/serve/api_asked.h"

namespace quietgate {

namespace {

Answer text_answer(std::string body, int status = 200, const char* type = "text/plain; charset=utf-8") {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.content_type = type;
  return answer;
}

void family(std::string& text, const char* name, const char* type, const char* help) {
  text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void gauge(std::string& text, const char* name, const char* help, double value) {
  family(text, name, "gauge", help);
  text += fmt::format("{} {}\n", name, value);
}

// From /proc, under the names that Prometheus clients use everywhere.
void add_process(std::string& text) {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  if (statm >> pages >> resident) {
    gauge(text, "process_resident_memory_bytes", "Resident memory.",
          static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  std::error_code code;
  std::int64_t descriptors = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", code), end; !code && it != end; it.increment(code))
    ++descriptors;
  if (!code) gauge(text, "process_open_fds", "Open file descriptors.", static_cast<double>(descriptors));
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  // The command may hold anything; the fields after its last bracket are counted from the third on.
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos) return;
  std::vector<std::string> fields;
  std::size_t at = bracket + 2;
  while (at < line.size()) {
    const auto space = std::min(line.find(' ', at), line.size());
    fields.push_back(line.substr(at, space - at));
    at = space + 1;
  }
  if (fields.size() < 20) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  family(text, "process_cpu_seconds_total", "counter", "User and system CPU time.");
  text += fmt::format("process_cpu_seconds_total {}\n", (std::stod(fields[11]) + std::stod(fields[12])) / ticks);
}

}  // namespace

void Api::observe(const Row& row) {
  if (const auto* finished = std::get_if<RunFinished>(&row.event)) ++runs_by_outcome_[to_string(finished->outcome)];
  if (const auto* finished = std::get_if<StageFinished>(&row.event))
    ++stages_by_outcome_[to_string(finished->outcome.outcome)];
  if (std::holds_alternative<CommitPromoted>(row.event)) ++promotions_;
}

ApiResponse Api::welcome(const Asked&) {
  return json_answer(
      fmt::format("{{\"service\":\"quietgate\",\"version\":\"{}\",\"api\":\"/api/v1\","
                  "\"documentation\":\"/api/v1/openapi.json\"}}\n",
                  options_.version));
}

ApiResponse Api::document(const Asked&) {
  return json_answer(std::string(openapi_document()));
}

ApiResponse Api::healthy(const Asked&) {
  return text_answer("ok\n");
}

ApiResponse Api::ready(const Asked&) {
  auto runs = catalog_.runs("", 1);
  if (!runs) return text_answer(runs.error().message + "\n", 503);
  auto why = options_.not_ready ? options_.not_ready() : std::string();
  return why.empty() ? text_answer("ok\n") : text_answer(why + "\n", 503);
}

ApiResponse Api::metrics(const Asked&) {
  auto unfinished = catalog_.unfinished_runs();
  auto environments = catalog_.environments();
  if (!unfinished) return failed_answer(unfinished.error());
  if (!environments) return failed_answer(environments.error());
  std::int64_t live_stages = 0;
  std::int64_t waiting = 0;
  for (const auto& run : *unfinished) {
    auto kept = this->kept(run.id);
    if (!kept || *kept == nullptr) continue;
    for (const auto& [name, stage] : (*kept)->record.state.stages) {
      live_stages += stage.status == StageStatus::running ? 1 : 0;
      waiting += stage.status == StageStatus::awaiting_approval ? 1 : 0;
    }
  }
  std::string text;
  family(text, "quietgate_runs_finished_total", "counter", "Runs that ended since the service started.");
  for (auto outcome : {Outcome::passed, Outcome::failed, Outcome::inconclusive, Outcome::error, Outcome::cancelled})
    text += fmt::format("quietgate_runs_finished_total{{outcome=\"{}\"}} {}\n", to_string(outcome),
                        runs_by_outcome_[to_string(outcome)]);
  family(text, "quietgate_stages_finished_total", "counter", "Stage attempts that ended since the service started.");
  for (auto outcome : {Outcome::passed, Outcome::failed, Outcome::inconclusive, Outcome::error, Outcome::cancelled})
    text += fmt::format("quietgate_stages_finished_total{{outcome=\"{}\"}} {}\n", to_string(outcome),
                        stages_by_outcome_[to_string(outcome)]);
  family(text, "quietgate_promotions_total", "counter", "Commits promoted since the service started.");
  text += fmt::format("quietgate_promotions_total {}\n", promotions_);
  gauge(text, "quietgate_runs_unfinished", "Runs that have not ended.", static_cast<double>(unfinished->size()));
  gauge(text, "quietgate_stages_running", "Stages that run now.", static_cast<double>(live_stages));
  gauge(text, "quietgate_stages_awaiting_approval", "Stages that wait for a person.", static_cast<double>(waiting));
  gauge(text, "quietgate_environments", "Environments that exist.", static_cast<double>(environments->size()));
  gauge(text, "quietgate_environments_failing", "Environments that could not be destroyed.",
        static_cast<double>(std::count_if(environments->begin(), environments->end(),
                                          [](const auto& e) { return e.status == "failing"; })));
  family(text, "quietgate_journal_last_sequence", "counter", "Sequence of the journal's last row.");
  text += fmt::format("quietgate_journal_last_sequence {}\n", journal_.last());
  family(text, "quietgate_build_info", "gauge", "The version that runs.");
  text += fmt::format("quietgate_build_info{{version=\"{}\"}} 1\n", options_.version);
  add_process(text);
  return text_answer(std::move(text), 200, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace quietgate
