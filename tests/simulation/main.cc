// simulation: runs simulations by seed, in a few processes.
//   simulation [--seeds FIRST-LAST] [--jobs N]     each seed once; exit status 1 when one finds a breach
//   simulation --seed N [--trace] [--steps N]      one seed; with every event of it on standard output
//   simulation --forever [--jobs N]                new seeds until one finds a breach
//   simulation --seeds FIRST-LAST --twice          each seed twice: both histories must be equal
//   simulation --plant BUG [--within N]            plants a bug: exit status 0 when the first N seeds find it
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <filesystem>

#include "tests/simulation/simulation.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

// Where the files of simulations are: memory, if the machine has such a place.
class Scratch {
 public:
  Scratch() {
    std::error_code error;
    const bool in_memory = fs::is_directory("/dev/shm", error) && ::access("/dev/shm", W_OK) == 0;
    std::string name = (in_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "quietgate-simulation-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("can't make a folder like " + name);
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path;
};

struct Asked {
  std::uint64_t first = 1;
  std::uint64_t last = 2'000;
  int jobs = static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  bool trace = false;
  bool forever = false;
  bool twice = false;
  std::int64_t steps = SimulationOptions{}.most_steps;
  Planted planted = Planted::none;
};

// Shared by all processes.
struct Tally {
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> enough{false};
  std::atomic<std::int64_t> seeds{0}, runs{0}, rows{0}, promotions{0}, kills{0}, steps{0}, simulated{0};
  std::atomic<std::uint64_t> at[64] = {};  // the seed that each process works on; 0: none
};

SimulationReport run_seed(const Asked& asked, std::uint64_t seed, const std::string& folder) {
  SimulationOptions options;
  options.seed = seed;
  options.planted = asked.planted;
  options.traced = asked.trace;
  options.most_steps = asked.steps;
  options.folder = folder;
  return simulate(options);
}

std::string told(std::uint64_t seed, const Breach& breach) {
  return "seed " + std::to_string(seed) + ": " + breach.what() + "\n";
}

void work(const Asked& asked, Tally& tally, int number, int out) {
  Scratch scratch;
  while (!tally.enough) {
    const auto seed = tally.next++;
    if (seed > asked.last) break;
    tally.at[number] = seed;
    auto report = run_seed(asked, seed, scratch.path);
    if (asked.twice && run_seed(asked, seed, scratch.path).digest != report.digest)
      report.breach = Breach("the same seed gives the same history", "it gave two");
    tally.at[number] = 0;
    ++tally.seeds;
    tally.runs += report.runs;
    tally.rows += report.rows;
    tally.promotions += report.promotions;
    tally.kills += report.kills;
    tally.steps += report.steps;
    tally.simulated += report.simulated.count() / 1000;
    if (!report.breach) continue;
    if (asked.forever || asked.planted != Planted::none) tally.enough = true;
    const auto line = told(seed, *report.breach);
    if (::write(out, line.data(), line.size()) < 0) break;
  }
}

struct Found {
  std::vector<std::string> breaches;
  std::int64_t seeds = 0;
};

Found run_range(const Asked& asked) {
  auto* shared = ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share");
  auto& tally = *new (shared) Tally;
  tally.next = asked.first;
  int pipe[2];
  if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
  const auto began = std::chrono::steady_clock::now();
  std::vector<pid_t> workers;
  for (int number = 0; number < std::min(asked.jobs, 64); ++number) {
    std::fflush(stdout);
    const pid_t worker = ::fork();
    if (worker == 0) {
      ::close(pipe[0]);
      work(asked, tally, number, pipe[1]);
      std::fflush(stdout);
      ::_exit(0);
    }
    workers.push_back(worker);
  }
  ::close(pipe[1]);
  Found found;
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      fmt::print("{}\n", text.substr(0, end));
      std::fflush(stdout);
      found.breaches.push_back(text.substr(0, end));
      text.erase(0, end + 1);
    }
  }
  ::close(pipe[0]);
  for (std::size_t number = 0; number < workers.size(); ++number) {
    int status = 0;
    ::waitpid(workers[number], &status, 0);
    if (!WIFSIGNALED(status) && WEXITSTATUS(status) == 0) continue;
    found.breaches.push_back(fmt::format("seed {}: the simulation itself died of {}", tally.at[number].load(),
                                         WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "an exception"));
    fmt::print("{}\n", found.breaches.back());
  }
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  found.seeds = tally.seeds;
  fmt::print("{} seeds in {:.1f} s ({:.0f} per second): {} runs, {} promotions, {} kills, {} rows, {} handlers, {} h\n",
             tally.seeds.load(), took, static_cast<double>(tally.seeds) / took, tally.runs.load(),
             tally.promotions.load(), tally.kills.load(), tally.rows.load(), tally.steps.load(),
             tally.simulated.load() / 3600);
  ::munmap(shared, sizeof(Tally));
  return found;
}

int run_one(const Asked& asked) {
  Scratch scratch;
  const auto report = run_seed(asked, asked.first, scratch.path);
  fmt::print("seed {}: {} runs, {} promotions, {} kills, {} rows, {} handlers, {}, digest {:016x}\n", asked.first,
             report.runs, report.promotions, report.kills, report.rows, report.steps, human_duration(report.simulated),
             report.digest);
  if (!report.breach) return 0;
  fmt::print("{}", told(asked.first, *report.breach));
  return 1;
}

int run_planted(Asked asked, const std::string& name) {
  const PlantedBug* bug = nullptr;
  for (const auto& one : planted_bugs()) {
    if (name == one.name) bug = &one;
  }
  if (bug == nullptr) {
    fmt::print(stderr, "there is no bug {} to plant; there are:\n", name);
    for (const auto& one : planted_bugs()) fmt::print(stderr, "  {}\n", one.name);
    return 2;
  }
  asked.planted = bug->bug;
  const auto found = run_range(asked);
  for (const auto& breach : found.breaches) {
    auto invariants = bug->others;
    invariants.push_back(bug->invariant);
    for (const char* invariant : invariants) {
      if (breach.find(invariant) != std::string::npos) return 0;
    }
  }
  fmt::print("the planted bug {} was not found by \"{}\"\n", name, bug->invariant);
  return 1;
}

int run(int count, char** words) {
  CLI::App app("Deterministic simulation of quietgate's engine");
  Asked asked;
  std::uint64_t seed = 0;
  std::uint64_t within = 200;
  std::string seeds;
  std::string plant;
  app.add_option("--seed", seed, "Run this seed alone");
  app.add_option("--seeds", seeds, "FIRST-LAST, both included (1-2000)");
  app.add_option("--jobs", asked.jobs, "Processes (one per core)")->check(CLI::Range(1, 64));
  app.add_option("--steps", asked.steps, "Most handlers of one seed");
  app.add_option("--plant", plant, "Plant this bug, and succeed when it is found");
  app.add_option("--within", within, "Seeds in which a planted bug must be found (200)");
  app.add_flag("--trace", asked.trace, "Print what happens");
  app.add_flag("--twice", asked.twice, "Run each seed twice and compare the histories");
  app.add_flag("--forever", asked.forever, "New seeds until one finds a breach");
  CLI11_PARSE(app, count, words);
  if (!seeds.empty()) {
    const auto dash = seeds.find('-');
    asked.first = std::stoull(seeds);
    asked.last = dash == std::string::npos ? asked.first : std::stoull(seeds.substr(dash + 1));
  }
  if (asked.forever) {
    asked.first = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    asked.last = UINT64_MAX;
    fmt::print("from seed {} on\n", asked.first);
  }
  if (seed != 0) {
    asked.first = seed;
    for (const auto& one : planted_bugs()) {
      if (plant == one.name) asked.planted = one.bug;
    }
    return run_one(asked);
  }
  if (!plant.empty()) {
    asked.last = asked.first + within - 1;
    return run_planted(asked, plant);
  }
  return run_range(asked).breaches.empty() ? 0 : 1;
}

}  // namespace
}  // namespace quietgate

int main(int count, char** words) {
  try {
    return quietgate::run(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulation: %s\n", error.what());
    return 2;
  }
}
