// How the service is, for Prometheus.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runner/api/route.h"

namespace quietgate {

namespace {

using prometheus::MetricType;

class Families {
 public:
  void begin(const char* name, MetricType type, const char* help) {
    all_.emplace_back();
    all_.back().name = name;
    all_.back().type = type;
    all_.back().help = help;
  }
  // Of the family begun last.
  void add(double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (all_.back().type == MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    all_.back().metric.push_back(std::move(metric));
  }
  void gauge(const char* name, const char* help, double value) {
    begin(name, MetricType::Gauge, help);
    add(value);
  }
  void counter(const char* name, const char* help, double value) {
    begin(name, MetricType::Counter, help);
    add(value);
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(all_); }

 private:
  std::vector<prometheus::MetricFamily> all_;
};

// From /proc, under the names that Prometheus clients use everywhere.
void add_process(Families& families) {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  if (statm >> pages >> resident) {
    families.gauge("process_resident_memory_bytes", "Resident memory.",
                   static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  std::error_code code;
  std::int64_t descriptors = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", code), end; !code && it != end; it.increment(code))
    ++descriptors;
  if (!code) families.gauge("process_open_fds", "Open file descriptors.", static_cast<double>(descriptors));
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
  families.counter("process_cpu_seconds_total", "User and system CPU time.",
                   (std::stod(fields[11]) + std::stod(fields[12])) / ticks);
}

// Of every watched repository from the start on: a rule that asks for them finds them also while nothing is loaded.
// The names are those of the rule library.
void add_loads(Families& families, const ApiOptions& options) {
  std::map<std::string, LoadMetrics::Counts> all;
  for (const auto& repository : options.repositories) all[repository.name];
  if (options.loads != nullptr) {
    for (const auto& [name, counts] : options.loads->by_repository()) all[name] = counts;
  }
  if (all.empty()) return;
  families.begin("loadtest_active", MetricType::Gauge, "Load stages of the repository that are running.");
  for (const auto& [name, counts] : all) families.add(counts.active, {{"repository", name}});
  families.begin("loadtest_requests_total", MetricType::Counter, "Requests that loads sent since the service started.");
  for (const auto& [name, counts] : all) families.add(static_cast<double>(counts.requests), {{"repository", name}});
  families.begin("loadtest_requests_failed_total", MetricType::Counter,
                 "Requests of loads that failed, as seen by the client.");
  for (const auto& [name, counts] : all) families.add(static_cast<double>(counts.failed), {{"repository", name}});
}

// Of runs whose fault is up now; the series ends when it is down again.
void add_faults(Families& families, const SyntheticFaults* faults) {
  if (faults == nullptr) return;
  const auto raised = faults->raised();
  if (raised.empty()) return;
  families.begin("gate_synthetic_fault", MetricType::Gauge,
                 "1 while a run proves that its alert can fire; nothing is wrong.");
  for (const auto& run : raised) families.add(1, {{"repository", run.repository}, {"run", std::to_string(run.number)}});
}

void add_by_outcome(Families& families, const char* name, const char* help,
                    const std::map<std::string, std::int64_t>& counts) {
  families.begin(name, MetricType::Counter, help);
  for (auto outcome : {Outcome::passed, Outcome::failed, Outcome::inconclusive, Outcome::error, Outcome::cancelled}) {
    const std::string word = to_string(outcome);
    const auto found = counts.find(word);
    families.add(found == counts.end() ? 0 : static_cast<double>(found->second), {{"outcome", word}});
  }
}

Task<ApiResponse> tell_metrics(ApiContext& context, Asked) {
  auto unfinished = co_await context.catalog.unfinished_runs();
  auto environments = co_await context.catalog.environments();
  if (!unfinished) co_return failed_answer(unfinished.error());
  if (!environments) co_return failed_answer(environments.error());
  std::int64_t live_stages = 0;
  std::int64_t waiting = 0;
  for (const auto& run : *unfinished) {
    auto kept = co_await context.records.find(run.id);
    if (!kept || *kept == nullptr) continue;
    for (const auto& [name, stage] : (*kept)->record.state.stages) {
      live_stages += stage.status == StageStatus::running ? 1 : 0;
      waiting += stage.status == StageStatus::awaiting_approval ? 1 : 0;
    }
  }
  Families families;
  add_by_outcome(families, "quietgate_runs_finished_total", "Runs that ended since the service started.",
                 context.counts.runs_by_outcome);
  add_by_outcome(families, "quietgate_stages_finished_total", "Stage attempts that ended since the service started.",
                 context.counts.stages_by_outcome);
  families.counter("quietgate_promotions_total", "Commits promoted since the service started.",
                   static_cast<double>(context.counts.promotions));
  families.gauge("quietgate_runs_unfinished", "Runs that have not ended.", static_cast<double>(unfinished->size()));
  families.gauge("quietgate_stages_running", "Stages that are running.", static_cast<double>(live_stages));
  families.gauge("quietgate_stages_awaiting_approval", "Stages that wait for a person.", static_cast<double>(waiting));
  families.gauge("quietgate_environments", "Environments that exist.", static_cast<double>(environments->size()));
  families.gauge("quietgate_environments_failing", "Environments that could not be destroyed.",
                 static_cast<double>(std::count_if(environments->begin(), environments->end(), [](const auto& e) {
                   return e.status == EnvironmentStatus::failing;
                 })));
  families.counter("quietgate_journal_damaged_rows_total",
                   "Rows that could not be read since the service started: run `quietgate doctor`.",
                   static_cast<double>(context.counts.damaged_rows));
  families.counter("quietgate_journal_last_sequence", "Sequence of the journal's last row.",
                   static_cast<double>(context.journal.last()));
  add_loads(families, context.options);
  add_faults(families, context.options.faults);
  families.begin("quietgate_build_info", MetricType::Gauge, "The running version.");
  families.add(1, {{"version", context.options.version}});
  add_process(families);
  co_return text_answer(families.text(), 200, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

Route metrics_route() {
  return {"GET", "/metrics", Permission::read, no_body, tell_metrics};
}

}  // namespace quietgate
