// A Prometheus server, as the load, verify and promote stages ask it. Client-side deadlines on every call; warnings,
// partial answers and anything unparsable are errors, never data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/ports/http.h"

namespace quietgate {

using Labels = std::map<std::string, std::string>;

struct Sample {
  double time = 0;  // seconds since the epoch, the server's clock
  double value = 0;
};
struct Series {
  Labels labels;
  std::vector<Sample> samples;  // in time order
};

struct RuntimeInformation {
  double start_time = 0;  // seconds since the epoch
  double last_config_time = 0;
  bool reload_config_success = false;
};

// One element of an alerting rule that is pending or firing.
struct ActiveAlert {
  Labels labels;
  std::string state;     // pending, firing
  double active_at = 0;  // seconds since the epoch
  double value = 0;      // may be NaN
};

struct LoadedRule {
  std::string group;
  std::string file;
  double interval = 0;  // seconds, of the group
  int limit = 0;        // of the group: most alerts or series of one rule; 0: none
  std::string name;
  bool alerting = false;
  std::string query;
  double duration = 0;  // `for`, seconds
  double keep_firing_for = 0;
  Labels labels;
  Labels annotations;
  std::string state;  // alerting only: inactive, pending, firing
  std::string health;
  std::string last_error;
  double last_evaluation = 0;       // seconds since the epoch; 0: never
  std::vector<ActiveAlert> alerts;  // alerting only
};

struct ScrapeTarget {
  std::string job;
  std::string instance;
  std::string health;  // up, down, unknown
  std::string last_error;
  double last_scrape = 0;
  double scrape_interval = 0;  // seconds; 0 when the server does not say
};

class Prometheus {
 public:
  // `http` must outlive this. `base_url` may have a path prefix; a trailing slash is ignored.
  Prometheus(Http& http, std::string base_url, Milliseconds deadline = Milliseconds{10'000});

  // All errors are of kind infrastructure and name the URL and the server's own words. All throw Stopped. Numbers that
  // are NaN or infinite are data, for the caller to judge. Native histograms are errors.
  Task<Result<bool>> ready(Stop& stop);  // 200: true, 503: false, else an error
  Task<Result<double>> now(Stop& stop);  // the server's time(), seconds
  Task<Result<RuntimeInformation>> runtime(Stop& stop);
  Task<Result<std::vector<Series>>> query(std::string promql,
                                          Stop& stop);  // at the server's now; a range selector gives many samples
  Task<Result<std::vector<Series>>> query_at(std::string promql, double time, Stop& stop);
  // Splits into chunks below the server's 11,000 points and joins them.
  Task<Result<std::vector<Series>>> query_range(std::string promql, double begin, double end, double step, Stop& stop);
  Task<Result<std::vector<LoadedRule>>> rules(Stop& stop);
  Task<Result<std::vector<ScrapeTarget>>> targets(Stop& stop);
  // Whether a scraped target describes this metric (HELP or TYPE), be there samples of it or not.
  Task<Result<bool>> describes(std::string metric, Stop& stop);
  Task<Result<std::string>> format_query(std::string promql, Stop& stop);
  const std::string& url() const { return shown_url_; }  // without credentials

 private:
  using Form = std::vector<std::pair<std::string, std::string>>;
  // The body of a successful answer of the API; asked with GET when the form is empty, else with POST.
  Task<Result<std::string>> ask(std::string path, Form form, Stop& stop);
  Http& http_;
  std::string base_url_;
  std::string shown_url_;
  Milliseconds deadline_;
};

}  // namespace quietgate
