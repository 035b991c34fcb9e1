#include "tests/simulation/service.h"

#include "tests/support/run_task.h"

namespace quietgate {

namespace {

const std::string token(32, 't');

ApiOptions api_options(const Surroundings& around, const Clock& clock) {
  ApiOptions options;
  options.now = [&clock] { return clock.now(); };
  options.version = "sim";
  options.token = token;
  options.now = [&world = around.world] { return world.now(); };
  for (const auto& repository : around.repositories)
    options.repositories.push_back({repository.remote.repository, repository.remote.url, repository.pipeline});
  return options;
}

Limits limits_of(const Surroundings& around) {
  auto limits = around.limits;
  if (around.world.planted == Planted::free_slots) limits = {1000, {}, limits.locks};
  if (around.world.planted == Planted::wide_lock) limits.locks["cluster"] = 1000;
  return limits;
}

}  // namespace

Service::Service(Surroundings& around)
    : around_(around),
      io_(std::make_unique<boost::asio::io_context>(1)),
      clock_(around.world, io_->get_executor()),
      journal_(around.world, around.disk, clock_, io_->get_executor()),
      slow_(journal_, io_->get_executor(), journal_ticks()),
      slow_catalog_(journal_, io_->get_executor(), journal_ticks()),
      git_(
          around.world, clock_, around.remotes,
          [&i = around.invariants](const auto& r, const auto& b, const auto& f, const auto& t) {
            i.push_sent(r, b, f, t);
          },
          [&i = around.invariants](const auto& r, const auto& b, const auto& f, const auto& t) {
            i.branch_moved(r, b, f, t);
          }),
      http_(around.world, clock_, around.metrics),
      steps_(around.world, clock_, around.machine, io_->get_executor()),
      workspace_(around.world, around.data),
      test_(steps_, at_once_),
      apply_(steps_, http_, git_, clock_, nullptr, &at_once_),
      verify_(http_, clock_),
      promote_(git_, http_, clock_, {false, &sealer_, nullptr}),
      environments_(steps_, residents_, http_, clock_, around.data + "/environments"),
      destroyer_(around.world, clock_, environments_),
      slots_(limits_of(around)),
      reaper_(slow_, slow_catalog_, clock_, destroyer_, io_->get_executor(),
              [&w = around.world](const std::string& line) { w.trace("service", "{}", line); }),
      parts_{io_->get_executor(),
             slow_,
             slow_catalog_,
             git_,
             clock_,
             compiler_,
             workspace_,
             reaper_,
             slots_,
             {},
             {{"PATH", "/usr/bin:/bin"}},
             [&w = around.world](const std::string& line) { w.trace("service", "{}", line); },
             nullptr,
             nullptr,
             {},
             [&w = around.world] { return fmt::format("{:016x}", w.dice.draw()); }},
      supervisor_(parts_, around.repositories),
      publisher_(slow_, slow_catalog_, git_, clock_, git_remotes(around.repositories),
                 [&w = around.world](const std::string& line) { w.trace("service", "{}", line); }),
      api_(journal_, journal_, attempts_, api_options(around, clock_)) {
  const std::vector<std::pair<const char*, StageKind*>> kinds{
      {"test", &test_}, {"apply", &apply_}, {"verify", &verify_}, {"promote", &promote_}, {"approve", &approve_}};
  for (const auto& [name, kind] : kinds) {
    watched_.push_back(std::make_unique<ObservedStage>(around.world, around.invariants, around.remotes, *kind));
    parts_.kinds[name] = watched_.back().get();
  }
  add("the supervisor", supervisor_.supervise(stop_));
  if (around.world.planted != Planted::sleeping_reaper) add("the reaper", reaper_.reap(stop_));
  add("the publisher", publisher_.publish(stop_));
  for (const auto& repository : around.repositories) {
    watchers_.push_back(std::make_unique<Watcher>(
        repository, slow_, slow_catalog_, git_, clock_, compiler_,
        [&w = around.world](const std::string& name, const std::optional<Error>& error) {
          w.trace("watcher", "{}: {}", name, error ? error->message : "answers again");
        },
        [&w = around.world](const std::string& name, const Error& error) {
          w.trace("watcher", "{}: {}", name, error.message);
        }));
    add("a watcher", watchers_.back()->watch(stop_));
  }
}

// What still waits is destroyed first, while all that it refers to is there.
Service::~Service() {
  io_.reset();
}

void Service::add(const char* name, Task<void> loop) {
  ++loops_;
  spawn(io_->get_executor(), std::move(loop), [this, name](std::exception_ptr error) {
    --loops_;
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Stopped&) {
    } catch (const Crash&) {
    } catch (const std::exception& reason) {
      around_.world.trace("service", "{} failed: {}", name, reason.what());
      if (!around_.world.chaos)
        around_.world.keep_breach(Breach(invariant::alive, std::string(name) + " failed: " + reason.what()));
      stop_.request(StopReason::shutdown, std::string(name) + " failed");
    }
  });
}

bool Service::poll_one() {
  io_->restart();
  try {
    return io_->poll_one() > 0;
  } catch (const Crash&) {
    return true;
  }
}

int Service::ask(const std::string& method, const std::string& target, const std::string& body) {
  ApiRequest request;
  request.method = method;
  request.target = "/api/v1" + target;
  request.host = "127.0.0.1:8330";
  request.body = body;
  request.authorization = "Bearer " + token;
  request.claimed_name = "ana";
  request.accept = "application/json";
  try {
    boost::asio::io_context at_once;
    auto response = run_task(at_once, api_.handle(request));
    const auto* answer = std::get_if<Answer>(&response);
    return answer == nullptr ? 0 : answer->status;
  } catch (const Crash&) {
    return 0;
  }
}

}  // namespace quietgate
