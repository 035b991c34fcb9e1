#include "stages/locust.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <memory>
#include <utility>

#include "stages/measurements.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_at_once = 64 * 1024;
constexpr std::size_t end_of_log = 64 * 1024;
constexpr Milliseconds between_reads{250};

// Where the locustfile is, with links followed. It must be a Python file of the commit.
Result<std::string> find_locustfile(const StageRequest& request, const LoadSpec& spec) {
  std::error_code error;
  auto root = fs::canonical(request.checkout, error);
  if (error) return infrastructure_error(fmt::format("the checkout {} is gone: {}", request.checkout, error.message()));
  auto wanted = fs::path(request.checkout) / spec.locustfile;
  auto found = fs::canonical(wanted, error);
  if (error || !fs::is_regular_file(found, error)) {
    return step_error(fmt::format("there is no locustfile `{}` in the commit", spec.locustfile),
                      "`locustfile` is a path from the root of the repository");
  }
  auto relative = found.lexically_relative(root);
  if (relative.empty() || relative.begin()->string() == "..") {
    return step_error(fmt::format("the locustfile `{}` leads out of the repository", spec.locustfile));
  }
  auto name = found.filename().string();
  if (!name.ends_with(".py") || name.ends_with("locust.py") || name.find(',') != std::string::npos) {
    return step_error(fmt::format("Locust can't load a file named `{}`", name),
                      "its name must end in `.py` but not in `locust.py`, and hold no comma");
  }
  return found.string();
}

std::string seconds_argument(Milliseconds duration) {
  return fmt::format("{}s", std::max<std::int64_t>(1, (duration.count() + 999) / 1000));
}

std::string read_end(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, file.tellg()));
  auto count = std::min(size, end_of_log);
  std::string text(count, '\0');
  file.seekg(static_cast<std::streamoff>(size - count));
  file.read(text.data(), static_cast<std::streamsize>(count));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// Shared by the stage and the coroutine that waits for Locust: whichever ends last lets go of it.
struct Running {
  Running(Executor executor, ProcessSpec what, Stop& parent) : spec(std::move(what)), ending(parent), bell(executor) {}
  ProcessSpec spec;
  Stop ending;
  Bell bell;
  bool over = false;
  std::optional<Result<ProcessExit>> exit;
  std::exception_ptr failure;
};

Task<void> wait_for_locust(Processes& processes, std::shared_ptr<Running> running) {
  running->exit = co_await processes.run(running->spec, running->ending);
}

Result<LocustEnd> to_end(const Running& running, const std::string& overdue) {
  LocustEnd end;
  end.last_log = read_end(running.spec.log);
  if (!overdue.empty()) {
    end.how = LocustEnd::How::overdue;
    end.words = overdue;
    return end;
  }
  if (!running.exit->ok()) return running.exit->error();
  const auto& exit = running.exit->value();
  end.words = describe(exit);
  end.code = exit.how == ProcessExit::How::exited ? exit.code : 0;
  switch (exit.how) {
    case ProcessExit::How::exited:
      end.how = LocustEnd::How::exited;
      break;
    case ProcessExit::How::not_started:
      end.how = LocustEnd::How::not_started;
      break;
    case ProcessExit::How::signalled:
    case ProcessExit::How::leader_died:
      end.how = LocustEnd::How::killed;
      break;
  }
  return end;
}

// Follows until Locust is over or must end; answers why it must, or nothing.
Task<std::string> follow_until_over(std::shared_ptr<Running> running, Clock& clock, Stop& stop, const Follow& follow) {
  while (!running->over) {
    auto why = co_await follow();
    if (why) co_return *why;
    if (!running->over) co_await clock.sleep(between_reads, stop);
  }
  co_return std::string();
}

}  // namespace

std::string find_on_path(const std::string& name, const std::string& path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    auto end = std::min(path.find(':', begin), path.size());
    auto folder = path.substr(begin, end - begin);
    begin = end + 1;
    if (folder.empty() || folder[0] != '/') continue;
    auto candidate = folder + "/" + name;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Result<ProcessSpec> prepare_locust(const StageRequest& request) {
  const auto& spec = std::get<LoadSpec>(request.spec.body);
  auto locustfile = find_locustfile(request, spec);
  if (!locustfile) return locustfile.error();
  auto path = request.environment.find("PATH");
  auto locust = find_on_path("locust", path == request.environment.end() ? std::string() : path->second);
  if (locust.empty()) {
    return infrastructure_error("Locust is not on the PATH of this runner",
                                "install it: on Debian `apt-get install python3-locust`");
  }
  auto listener = request.directory + "/quietgate_listener.py";
  if ((listener + *locustfile).find(',') != std::string::npos) {
    return infrastructure_error(
        fmt::format("Locust can't load files below a folder with a comma in its name: {}, {}", listener, *locustfile),
        "give the runner a data directory without commas");
  }
  auto written = replace_file(listener, locust_listener());
  if (!written) return written.error();
  std::error_code error;
  fs::create_directories(request.directory + "/steps", error);

  ProcessSpec process;
  process.directory = request.directory + "/steps/locust";
  // The listener comes first: it must be there when the locustfile breaks, and Locust keeps the last file's load shape.
  process.argv = {locust,
                  "--headless",
                  "--only-summary",
                  "--exit-code-on-error",
                  "0",
                  "-u",
                  std::to_string(spec.users),
                  "-r",
                  fmt::format("{}", spec.spawn_rate),
                  "-t",
                  seconds_argument(spec.duration),
                  "--host",
                  spec.host,
                  "-f",
                  listener + "," + *locustfile};
  process.environment = request.environment;
  process.environment["QUIETGATE_LOAD_FILE"] = request.directory + "/locust.ndjson";
  process.environment["PYTHONUNBUFFERED"] = "1";
  // The checkout is shared and must stay the commit's.
  process.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  process.working_directory = request.checkout;
  process.log = request.directory + "/log";
  process.secrets = request.secrets;
  process.stop_signal = SIGINT;
  return process;
}

bool LocustRows::read_into(LoadReport& report) {
  if (!file_.is_open()) {
    file_.open(path_, std::ios::binary);
    if (!file_.is_open()) return false;
  }
  bool any = false;
  std::string bytes(read_at_once, '\0');
  while (true) {
    file_.clear();
    file_.seekg(offset_);
    file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    auto count = file_.gcount();
    if (count <= 0) return any;
    report.add(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)));
    offset_ += count;
    any = true;
  }
}

Task<Result<LocustEnd>> run_locust(Processes& processes, Clock& clock, ProcessSpec spec, Stop& stop, Follow follow) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto running = std::make_shared<Running>(executor, std::move(spec), stop);
  spawn(executor, wait_for_locust(processes, running), [running](std::exception_ptr failure) {
    running->failure = failure;
    running->over = true;
    running->bell.ring();
  });
  std::string overdue;
  std::exception_ptr interrupted;
  try {
    overdue = co_await follow_until_over(running, clock, stop, follow);
  } catch (...) {
    interrupted = std::current_exception();
  }
  // Whatever happened here, Locust is not left to itself: its end is waited for, also when the stage is to stop.
  if (!overdue.empty()) running->ending.request(StopReason::timeout, overdue);
  if (interrupted && !stop.requested()) running->ending.request(StopReason::cancel, "the load stage broke");
  Stop never;
  for (auto seen = running->bell.rings(); !running->over; seen = running->bell.rings()) {
    co_await running->bell.wait(seen, never);
  }
  stop.throw_if_requested();
  if (interrupted) std::rethrow_exception(interrupted);
  if (running->failure && overdue.empty()) std::rethrow_exception(running->failure);
  co_return to_end(*running, overdue);
}

}  // namespace quietgate
