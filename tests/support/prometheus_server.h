// A real Prometheus on a free loopback port, with a target whose answer the test decides. Ends with the object.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/loopback_server.h"

extern char** environ;

namespace quietgate {

inline bool prometheus_is_installed() {
  return std::filesystem::exists("/usr/bin/prometheus");
}

inline int free_loopback_port() {
  return LoopbackServer([](const ServerRequest&) { return ServerAnswer{}; }).port();
}

// A target with gauges that the test sets and a counter that rises by itself.
class MetricsTarget {
 public:
  MetricsTarget() {
    gauges_["app_errors"] = 0;
    gauges_["app_latency_seconds"] = 0.1;
  }
  void set(const std::string& name, double value) {
    std::lock_guard lock(mutex_);
    gauges_[name] = value;
  }
  // From now on this metric has this time of its own, as exporters of events do.
  void stamp(const std::string& name, std::int64_t milliseconds) {
    std::lock_guard lock(mutex_);
    stamps_[name] = milliseconds;
  }
  // A metric that has a description and no samples.
  void describe(const std::string& name) {
    std::lock_guard lock(mutex_);
    described_.push_back(name);
  }
  void fail(bool failing) { failing_ = failing; }
  int port() const { return server_.port(); }

 private:
  ServerAnswer answer() {
    std::lock_guard lock(mutex_);
    ServerAnswer answer;
    if (failing_) {
      answer.status = 503;
      return answer;
    }
    answer.headers = "Content-Type: text/plain\r\n";
    for (const auto& name : described_) answer.body += "# HELP " + name + " Text.\n# TYPE " + name + " gauge\n";
    for (const auto& [name, value] : gauges_) {
      const auto stamp = stamps_.find(name);
      answer.body += name + " " + std::to_string(value) +
                     (stamp == stamps_.end() ? "" : " " + std::to_string(stamp->second)) + "\n";
    }
    answer.body += "app_requests_total{code=\"200\"} " + std::to_string(requests_ += 10) + "\n";
    return answer;
  }
  std::mutex mutex_;
  std::map<std::string, double> gauges_;
  std::map<std::string, std::int64_t> stamps_;
  std::vector<std::string> described_;
  double requests_ = 0;
  std::atomic<bool> failing_{false};
  LoopbackServer server_{[this](const ServerRequest&) { return answer(); }};
};

class PrometheusServer {
 public:
  // `folder` must exist; rules.yml is written there. The server starts at once.
  PrometheusServer(std::string folder, const std::string& rules, int target_port, bool scrapes_itself,
                   std::vector<std::string> options = {})
      : folder_(std::move(folder)), port_(free_loopback_port()), options_(std::move(options)) {
    std::ofstream(folder_ + "/rules.yml") << rules;
    std::ofstream config(folder_ + "/prometheus.yml");
    config << "global: {scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}\n"
           << "rule_files: [" << folder_ << "/rules.yml]\n"
           << "scrape_configs:\n  - {job_name: app, static_configs: [{targets: [\"127.0.0.1:" << target_port
           << "\"]}]}\n";
    if (scrapes_itself)
      config << "  - {job_name: prometheus, static_configs: [{targets: [\"127.0.0.1:" << port_ << "\"]}]}\n";
    config.close();
    start();
  }
  ~PrometheusServer() { kill(); }

  void start() {
    std::vector<std::string> words{"/usr/bin/prometheus", "--config.file=" + folder_ + "/prometheus.yml",
                                   "--storage.tsdb.path=" + folder_ + "/data",
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=error"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (int fd : {0, 1, 2})
      posix_spawn_file_actions_addopen(&files, fd, fd == 0 ? "/dev/null" : (folder_ + "/log").c_str(),
                                       fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&files);
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void signal(int number) { ::kill(pid_, number); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  int port_ = 0;
  std::vector<std::string> options_;
  pid_t pid_ = -1;
};

}  // namespace quietgate
