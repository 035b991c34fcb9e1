#include "stages/prometheus/prometheus.h"

#include <fmt/format.h>

#include <cmath>

#include "stages/prometheus/prometheus_answers.h"

namespace quietgate {

namespace {

constexpr std::int64_t points_per_chunk = 10'000;  // the server refuses more than 11,000
constexpr std::int64_t most_chunks = 100;

std::string form_encode(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size() * 2);
  for (unsigned char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
        c == '.' || c == '~') {
      encoded += static_cast<char>(c);
    } else {
      encoded += {'%', digits[c >> 4U], digits[c & 0xfU]};
    }
  }
  return encoded;
}

// The API has milliseconds.
std::string seconds_text(double seconds) {
  return fmt::format("{:.3f}", seconds);
}

std::string without_credentials(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto host = scheme + 3;
  const auto at = url.rfind('@', url.find('/', host));
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

// Appends a later chunk's samples to the series of the earlier ones.
void join(std::map<Labels, std::size_t>& known, std::vector<Series>& all, std::vector<Series> chunk) {
  for (auto& series : chunk) {
    auto [found, is_new] = known.emplace(series.labels, all.size());
    if (is_new) {
      all.push_back(std::move(series));
      continue;
    }
    auto& samples = all[found->second].samples;
    samples.insert(samples.end(), series.samples.begin(), series.samples.end());
  }
}

}  // namespace

Prometheus::Prometheus(Http& http, std::string base_url, Milliseconds deadline)
    : http_(http), base_url_(std::move(base_url)), deadline_(deadline) {
  while (!base_url_.empty() && base_url_.back() == '/') base_url_.pop_back();
  shown_url_ = without_credentials(base_url_);
}

Task<Result<std::string>> Prometheus::ask(std::string path, Form form, Stop& stop) {
  HttpRequest request;
  request.url = base_url_ + path;
  request.deadline = deadline_;
  for (const auto& [name, value] : form) {
    request.method = "POST";
    request.body += (request.body.empty() ? "" : "&") + name + "=" + form_encode(value);
  }
  if (!form.empty()) request.headers.push_back("Content-Type: application/x-www-form-urlencoded");
  auto answer = co_await http_.send(std::move(request), stop);
  if (!answer) co_return answer.error();
  if (answer->status != 200) {
    auto words = read_failure(answer->body);
    const bool too_much = answer->status == 413 || answer->status == 504;
    co_return with_cause(too_much ? ErrorCause::too_much : failure_cause(words),
                         infrastructure_error(fmt::format("{}{} answered {}{}{}", shown_url_, path, answer->status,
                                                          words.empty() ? "" : ": ", words)));
  }
  co_return std::move(answer->body);
}

namespace {

// What the body holds, with the URL named when it can't be read.
template <class T, class Read>
Result<T> read_answer(const Result<std::string>& body, const std::string& url, Read read) {
  if (!body) return body.error();
  auto value = read(*body);
  if (!value) {
    auto error = value.error();
    error.message = url + ": " + error.message;
    return error;
  }
  return value;
}

}  // namespace

Task<Result<bool>> Prometheus::ready(Stop& stop) {
  HttpRequest request;
  request.url = base_url_ + "/-/ready";
  request.deadline = deadline_;
  auto answer = co_await http_.send(std::move(request), stop);
  if (!answer) co_return answer.error();
  if (answer->status == 200) co_return true;
  if (answer->status == 503) co_return false;
  co_return infrastructure_error(
      fmt::format("{}/-/ready answered {}: {}", shown_url_, answer->status, read_failure(answer->body)));
}

Task<Result<double>> Prometheus::now(Stop& stop) {
  auto answer = co_await query("time()", stop);
  if (!answer) co_return answer.error();
  if (answer->size() != 1 || answer->front().samples.size() != 1 || !std::isfinite(answer->front().samples[0].value))
    co_return infrastructure_error(shown_url_ + " does not tell its time");
  co_return answer->front().samples[0].value;
}

Task<Result<RuntimeInformation>> Prometheus::runtime(Stop& stop) {
  const std::string path = "/api/v1/status/runtimeinfo";
  auto body = co_await ask(path, Form(), stop);
  co_return read_answer<RuntimeInformation>(body, shown_url_ + path, read_runtime);
}

Task<Result<bool>> Prometheus::describes(std::string metric, Stop& stop) {
  const std::string path = "/api/v1/metadata";
  auto body = co_await ask(path + "?limit=1&metric=" + form_encode(metric), Form(), stop);
  co_return read_answer<bool>(body, shown_url_ + path, read_has_metadata);
}

Task<Result<std::vector<Series>>> Prometheus::query(std::string promql, Stop& stop) {
  const std::string path = "/api/v1/query";
  Form form;
  form.emplace_back("query", std::move(promql));
  auto body = co_await ask(path, std::move(form), stop);
  co_return read_answer<std::vector<Series>>(body, shown_url_ + path, read_series);
}

Task<Result<std::vector<Series>>> Prometheus::query_at(std::string promql, double time, Stop& stop) {
  const std::string path = "/api/v1/query";
  Form form;
  form.emplace_back("query", std::move(promql));
  form.emplace_back("time", seconds_text(time));
  auto body = co_await ask(path, std::move(form), stop);
  co_return read_answer<std::vector<Series>>(body, shown_url_ + path, read_series);
}

Task<Result<std::vector<Series>>> Prometheus::query_range(std::string promql, double begin, double end, double step,
                                                          Stop& stop) {
  const std::string path = "/api/v1/query_range";
  if (!(step >= 0.001) || !(end >= begin)) {
    co_return infrastructure_error(
        fmt::format("the range {} to {} by {} s can't be asked", seconds_text(begin), seconds_text(end), step));
  }
  const auto points = static_cast<std::int64_t>(std::floor((end - begin) / step + 1e-6)) + 1;
  if (points > points_per_chunk * most_chunks) {
    co_return infrastructure_error(fmt::format("the range holds {} points, more than {}: take a longer step", points,
                                               points_per_chunk * most_chunks));
  }
  std::vector<Series> all;
  std::map<Labels, std::size_t> known;
  for (std::int64_t first = 0; first < points; first += points_per_chunk) {
    const auto last = std::min(points, first + points_per_chunk) - 1;
    Form form;
    form.emplace_back("query", promql);
    form.emplace_back("start", seconds_text(begin + static_cast<double>(first) * step));
    form.emplace_back("end", seconds_text(begin + static_cast<double>(last) * step));
    form.emplace_back("step", seconds_text(step));
    auto body = co_await ask(path, std::move(form), stop);
    auto chunk = read_answer<std::vector<Series>>(body, shown_url_ + path, read_series);
    if (!chunk) co_return chunk.error();
    join(known, all, std::move(*chunk));
  }
  co_return all;
}

Task<Result<std::vector<LoadedRule>>> Prometheus::rules(Stop& stop) {
  const std::string path = "/api/v1/rules";
  auto body = co_await ask(path, Form(), stop);
  co_return read_answer<std::vector<LoadedRule>>(body, shown_url_ + path, read_loaded_rules);
}

Task<Result<std::vector<ScrapeTarget>>> Prometheus::targets(Stop& stop) {
  const std::string path = "/api/v1/targets?state=active";
  auto body = co_await ask(path, Form(), stop);
  co_return read_answer<std::vector<ScrapeTarget>>(body, shown_url_ + path, read_targets);
}

Task<Result<std::string>> Prometheus::format_query(std::string promql, Stop& stop) {
  const std::string path = "/api/v1/format_query";
  Form form;
  form.emplace_back("query", std::move(promql));
  auto body = co_await ask(path, std::move(form), stop);
  co_return read_answer<std::string>(body, shown_url_ + path, read_text);
}

}  // namespace quietgate
