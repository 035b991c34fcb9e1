// What a leader costs: a step of `true` against `sh -c true`, and bytes of log against `| cat > file`.
//   leader_bench [STEPS [MEGABYTES [FOLDER]]]      FOLDER on a memory disk tells what is not syncing
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "runner/adapters/local_steps/led_steps.h"

namespace quietgate {

namespace {

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

double shell(const std::string& script) {
  const auto began = std::chrono::steady_clock::now();
  const std::vector<std::string> texts{"sh", "-c", script};
  char* argv[] = {const_cast<char*>(texts[0].c_str()), const_cast<char*>(texts[1].c_str()),
                  const_cast<char*>(texts[2].c_str()), nullptr};
  char* none[] = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
  pid_t pid = 0;
  int how = 0;
  if (::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, argv, none) != 0) std::abort();
  ::waitpid(pid, &how, 0);
  return seconds_since(began);
}

Task<void> one(LedSteps& steps, LedStep spec, Stop& stop) {
  auto exit = co_await steps.run(std::move(spec), stop);
  if (!exit || !exit->succeeded()) {
    std::fprintf(stderr, "%s\n", exit ? describe(*exit).c_str() : exit.error().message.c_str());
    std::exit(1);
  }
}

class Bench {
 public:
  explicit Bench(std::string folder) : folder_(std::move(folder)) {}
  double step(std::vector<std::string> argv, std::vector<std::string> secrets = {}) {
    LedStep spec;
    const auto name = folder_ + "/" + std::to_string(++count_);
    spec.record = name + ".step";
    spec.argv = std::move(argv);
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.working_directory = folder_;
    spec.log = name + ".log";
    spec.secrets = std::move(secrets);
    const auto began = std::chrono::steady_clock::now();
    spawn(io_.get_executor(), one(processes_, spec, stop_), [](std::exception_ptr) {});
    io_.run();
    io_.restart();
    return seconds_since(began);
  }
  void forget() const { std::filesystem::remove(folder_ + "/" + std::to_string(count_) + ".log"); }

 private:
  std::string folder_;
  int count_ = 0;
  boost::asio::io_context io_;
  LedSteps processes_{io_.get_executor()};
  Stop stop_;
};

void compare_steps(Bench& bench, int steps) {
  std::vector<double> direct;
  std::vector<double> led;
  for (int i = 0; i < steps; ++i) {  // side by side, so that both see the same machine
    direct.push_back(shell("true"));
    led.push_back(bench.step({"true"}));
  }
  std::printf("step of `true`: %.2f ms, `sh -c true`: %.2f ms, ratio %.2f (medians of %d)\n", median(led) * 1e3,
              median(direct) * 1e3, median(led) / median(direct), steps);
}

void compare_bytes(Bench& bench, const std::string& folder, int megabytes) {
  const auto text = folder + "/text";
  const auto size = std::to_string(megabytes) + "M";
  shell("yes 'the quick brown fox jumps over the lazy dog 0123456789' | head -c " + size + " > " + text);
  shell("head -c " + size + " /dev/urandom | base64 -w 0 | head -c " + size + " > " + folder + "/base64");
  for (const std::string name : {"text", "base64"}) {
    std::vector<double> direct;
    std::vector<double> led;
    std::vector<double> masked;
    for (int i = 0; i < 5; ++i) {
      direct.push_back(shell("cat " + folder + "/" + name + " | cat > " + folder + "/copy"));
      std::filesystem::remove(folder + "/copy");
      led.push_back(bench.step({"cat", folder + "/" + name}));
      bench.forget();
      masked.push_back(bench.step({"cat", folder + "/" + name}, {"a-secret-of-20-bytes", "another-secret"}));
      bench.forget();
    }
    std::printf("%d MB %s: %.3f s, with two secrets %.3f s, `| cat > file`: %.3f s, ratios %.2f and %.2f\n", megabytes,
                name.c_str(), median(led), median(masked), median(direct), median(led) / median(direct),
                median(masked) / median(direct));
  }
}

}  // namespace

}  // namespace quietgate

int main(int argc, char** argv) {
  std::string folder = std::string(argc > 3 ? argv[3] : "/var/tmp") + "/quietgate-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  {
    quietgate::Bench bench(folder);
    quietgate::compare_steps(bench, argc > 1 ? std::atoi(argv[1]) : 200);
    quietgate::compare_bytes(bench, folder, argc > 2 ? std::atoi(argv[2]) : 200);
  }
  struct rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("peak memory: runner %ld KB", used.ru_maxrss);
  ::getrusage(RUSAGE_CHILDREN, &used);
  std::printf(", largest child %ld KB\n", used.ru_maxrss);
  std::filesystem::remove_all(folder);
  return 0;
}
