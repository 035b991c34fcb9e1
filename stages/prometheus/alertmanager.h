// What an Alertmanager would not have told anybody: its silences, and the alerts that it holds back. It says nothing
// about whether rules fired; that is for the server that evaluates them.
#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/ports/http.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

struct SilenceMatcher {
  std::string name;
  std::string value;
  bool is_regex = false;  // of the whole value
  bool is_equal = true;   // false: what does not match
};

struct Silence {
  std::string id;
  std::string comment;
  std::string created_by;
  double ends_at = 0;  // seconds since the epoch
  std::vector<SilenceMatcher> matchers;
};

struct HeldAlert {
  Labels labels;
  std::vector<std::string> silenced_by;   // ids of silences
  std::vector<std::string> inhibited_by;  // fingerprints of alerts
};

struct Muting {
  std::vector<Silence> silences;  // active ones
  std::vector<HeldAlert> alerts;  // silenced or inhibited now
};

// API v2. Errors (kind infrastructure) name the URL and what it answered. Bounded in time and size; throws Stopped.
Task<Result<Muting>> ask_muting(Http& http, std::string base_url, Stop& stop);

// Whether an alert with these labels would be silenced. A matcher on a label that is not among them matches the empty
// value, as Alertmanager has it. A pattern that can't be read matches nothing.
bool silences(const Silence& silence, const Labels& labels);
// The same of a rule, of whose alerts only `labels` (alertname among them) are known: matchers on others are passed
// over.
bool may_silence(const Silence& silence, const Labels& labels);

// The bodies of /api/v2/silences and /api/v2/alerts.
Result<std::vector<Silence>> read_silences(const std::string& body);
Result<std::vector<HeldAlert>> read_held_alerts(const std::string& body);

}  // namespace quietgate
