#include "tests/simulation/simulation.h"

#include <filesystem>

#include "tests/simulation/service.h"
#include "tests/simulation/users.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds longest_rest{3 * 3'600'000};
constexpr Milliseconds look_every{5'000};
constexpr std::int64_t most_at_once = 200'000;  // handlers without the time moving on

std::vector<Repository> repositories_of(World& world) {
  std::vector<Repository> all;
  for (const char* name : {"one", "two"}) {
    Repository repository;
    repository.remote.repository = name;
    repository.remote.url = std::string("git://sim/") + name;
    repository.branches = {"main", "feature*", "production", "live"};
    repository.protected_branches = {"main", "feature-a"};
    repository.poll = Milliseconds{10'000};
    all.push_back(std::move(repository));
    if (world.dice.chance(0.7)) break;
  }
  return all;
}

std::map<std::string, SimRemote> remotes_of(const std::vector<Repository>& repositories) {
  std::map<std::string, SimRemote> remotes;
  for (const auto& repository : repositories) remotes[repository.remote.repository];
  return remotes;
}

Limits limits_of(std::uint64_t seed) {
  Limits limits{static_cast<int>(1 + seed % 4), {}, {}};
  if (seed % 3 == 0) limits.repositories["one"] = 1;
  if (seed % 5 == 0) limits.locks["cluster"] = 2;
  return limits;
}

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  void run();
  SimulationReport report() const;

 private:
  void start_service();
  void kill_service(const char* why);
  void work();  // handlers, until nothing can be done before the time moves on
  void move_on();
  void plan_faults();
  void repeat(Milliseconds mean, std::function<void()> act);
  void come_to_rest();
  void stop_for_good();

  SimulationOptions options_;
  World world_;
  std::vector<Repository> repositories_;
  std::map<std::string, SimRemote> remotes_;
  SimMachine machine_;
  SimMetrics metrics_;
  SimDisk disk_;
  Invariants invariants_;
  Surroundings around_;
  std::unique_ptr<Service> service_;
  Users users_;
  std::int64_t steps_ = 0;
  std::int64_t kills_ = 0;
  std::vector<std::pair<Milliseconds, std::size_t>> synced_;
};

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      world_(options.seed, options.planted, options.traced),
      repositories_(repositories_of(world_)),
      remotes_(remotes_of(repositories_)),
      machine_(world_),
      metrics_(world_),
      invariants_(world_, machine_, remotes_, options.folder, limits_of(options.seed)),
      around_{world_,       disk_, machine_, remotes_, metrics_, invariants_, options.folder, limits_of(options.seed),
              repositories_},
      users_(world_, remotes_, invariants_, [this](const auto& method, const auto& target, const auto& body) {
        if (!service_ || service_->stopping()) return 0;
        return service_->ask(method, target, body);
      }) {
  world_.rival = [this](const auto& repository) { users_.move_production(repository); };
  for (const char* folder : {"runs", "environments"}) fs::create_directories(options_.folder + "/" + folder);
  disk_.committed = [this](const std::vector<Row>& rows) {
    invariants_.committed(rows);
    synced_.emplace_back(world_.elapsed(), disk_.rows.size());
  };
  machine_.started = [this](const StepName& name) { invariants_.step_started(name); };
}

Simulation::~Simulation() {
  service_.reset();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(options_.folder, ignored)) fs::remove_all(entry.path(), ignored);
}

void Simulation::start_service() {
  if (service_) return;
  world_.trace("world", "the service starts");
  world_.restarted();
  invariants_.restarted(disk_);
  service_ = std::make_unique<Service>(around_);
}

void Simulation::kill_service(const char* why) {
  if (!service_) return;
  ++kills_;
  world_.trace("world", "the service is gone ({})", why);
  service_.reset();
  if (world_.planted == Planted::unsynced_journal) {
    auto kept = disk_.rows.size();
    for (auto at = synced_.rbegin(); at != synced_.rend() && at->first + Milliseconds{1'000} > world_.elapsed(); ++at)
      kept = at + 1 == synced_.rend() ? 0 : (at + 1)->second;
    disk_.rows.resize(kept);
  }
  if (world_.chaos && world_.dice.chance(0.05)) {
    world_.trace("world", "the machine restarts");
    for (const auto& name : machine_.alive())
      machine_.end(name, StepExit::How::leader_died, 0, "the machine restarted");
  }
  world_.after(world_.dice.span(Milliseconds{50}, Milliseconds{30'000}), [this] { start_service(); });
}

void Simulation::work() {
  for (std::int64_t at_once = 0; service_ && service_->poll_one(); ++at_once) {
    world_.throw_breach();
    if (++steps_ > options_.most_steps || at_once > most_at_once)
      throw Breach(invariant::alive, "the service turns in circles");
    const auto& faults = world_.faults;
    if (world_.crashed()) {
      kill_service("killed");
    } else if (service_->over()) {
      kill_service("it ended");
    } else if (faults.crash_every > 0 && world_.fault(1.0 / static_cast<double>(faults.crash_every))) {
      kill_service("killed between two handlers");
    }
  }
}

void Simulation::move_on() {
  try {
    world_.step();
  } catch (const Crash&) {
  }
  world_.throw_breach();
  if (world_.crashed()) kill_service("killed");
}

// Does something again and again, as long as there is chaos.
void Simulation::repeat(Milliseconds mean, std::function<void()> act) {
  if (mean.count() == 0) return;
  world_.after(world_.dice.span(Milliseconds{1}, 2 * mean), [this, mean, act] {
    if (!world_.chaos) return;
    act();
    repeat(mean, act);
  });
}

void Simulation::plan_faults() {
  const auto& faults = world_.faults;
  repeat(world_.dice.span(Milliseconds{10'000}, Milliseconds{90'000}), [this] { users_.act(); });
  repeat(faults.leader_dies, [this] {
    const auto alive = machine_.alive();
    if (!alive.empty()) machine_.end(world_.dice.pick(alive), StepExit::How::leader_died, 0, "killed");
  });
  repeat(faults.clock_jumps, [this] {
    const auto span = world_.dice.span(-world_.faults.longest_jump, world_.faults.longest_jump);
    world_.trace("world", "the clock jumps by {}", human_duration(span));
    world_.jump(span);
  });
  repeat(faults.disk_fills, [this] {
    world_.trace("world", "the disk is full");
    world_.disk_full = true;
    world_.after(world_.dice.span(Milliseconds{10}, Milliseconds{60'000}), [this] { world_.disk_full = false; });
  });
  repeat(faults.network_ends, [this] {
    world_.trace("world", "the network is down");
    world_.network_down = true;
    world_.after(world_.dice.span(Milliseconds{10}, Milliseconds{180'000}), [this] { world_.network_down = false; });
  });
  repeat(faults.stops, [this] {
    if (!service_ || service_->stopping()) return;
    world_.trace("world", "SIGTERM");
    service_->stop();
  });
}

void Simulation::come_to_rest() {
  world_.trace("world", "the faults cease");
  world_.chaos = false;
  world_.disk_full = false;
  world_.network_down = false;
  const auto until = world_.elapsed() + longest_rest;
  auto next_look = world_.elapsed() + look_every;
  int calm = 0;
  std::size_t rows = 0;
  // A push that is still on its way may take a minute.
  const auto settled = world_.elapsed() + Milliseconds{70'000};
  while (calm < 12) {
    while (world_.next_at() <= next_look) {
      move_on();
      work();
    }
    next_look += look_every;
    users_.decide_all();
    work();
    const auto unrest = invariants_.unrest();
    if (calm > 0 && !unrest && rows != disk_.rows.size())
      throw Breach(invariant::alive, "rows are written although there is nothing to do");
    calm = unrest || next_look < settled ? 0 : calm + 1;
    rows = disk_.rows.size();
    if (unrest && next_look > until) throw *unrest;
  }
  invariants_.finally();
  world_.throw_breach();
}

void Simulation::stop_for_good() {
  if (!service_) return;
  service_->stop();
  const auto until = world_.elapsed() + Milliseconds{120'000};
  for (work(); service_; work()) {
    if (world_.next_at() > until) throw Breach(invariant::alive, "the service does not stop");
    move_on();
  }
}

void Simulation::run() {
  users_.begin();
  start_service();
  plan_faults();
  const auto until = world_.dice.span(Milliseconds{300'000}, Milliseconds{1'800'000});
  work();
  while (world_.next_at() <= until) {
    move_on();
    work();
  }
  come_to_rest();
  stop_for_good();
}

SimulationReport Simulation::report() const {
  SimulationReport report;
  report.steps = steps_;
  report.rows = static_cast<std::int64_t>(disk_.rows.size());
  report.runs = static_cast<std::int64_t>(invariants_.runs().size());
  report.promotions = invariants_.promotions();
  report.kills = kills_;
  report.simulated = world_.elapsed();
  report.digest = disk_.digest;
  return report;
}

}  // namespace

SimulationReport simulate(const SimulationOptions& options) {
  Simulation simulation(options);
  std::optional<Breach> breach;
  try {
    simulation.run();
  } catch (const Breach& found) {
    breach = found;
  }
  auto report = simulation.report();
  report.breach = std::move(breach);
  return report;
}

}  // namespace quietgate
