// What must hold whatever happens. Told of every committed row and of every effect in the world; a breach is kept in
// the world and ends the simulation.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "runner/engine/admission/slots.h"
#include "runner/model/next.h"
#include "runner/model/state.h"
#include "runner/ports/stage.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_remote.h"
#include "tests/simulation/sim_steps.h"
#include "tests/simulation/world.h"

namespace quietgate {

// The names under which breaches are told.
namespace invariant {
inline constexpr const char* once = "no double execution";
inline constexpr const char* kept = "no lost run";
inline constexpr const char* clean = "no leak";
inline constexpr const char* gated = "promotion only after quiet and approved";
inline constexpr const char* single = "production moves at most once per run, to the judged commit";
inline constexpr const char* truth = "the journal tells the truth";
inline constexpr const char* monotone = "what is finished does not change";
inline constexpr const char* replay = "replay equals live";
inline constexpr const char* slots = "at most N slots are used";
inline constexpr const char* locks = "never more holders of a lock than it has";
inline constexpr const char* turns = "one run of a branch at a time";
inline constexpr const char* whole = "branch and deployment agree, or somebody was told";
inline constexpr const char* alive = "the service goes on";
}  // namespace invariant

class Invariants {
 public:
  // All must outlive it. `data` is the folder of all files.
  Invariants(World& world, SimMachine& machine, std::map<std::string, SimRemote>& remotes, std::string data,
             Limits limits);

  void committed(const std::vector<Row>& rows);
  void step_started(const StepName& name);
  void push_sent(const std::string& repository, const std::string& branch, const CommitId& from, const CommitId& to);
  void branch_moved(const std::string& repository, const std::string& branch, const CommitId& from, const CommitId& to);
  void branch_was_at(const std::string& repository, const std::string& branch, const CommitId& commit);
  // A stage works for as long as the answer lives.
  std::shared_ptr<void> performs(const StageRequest& request);
  // The service is gone, and another one finds these rows.
  void restarted(const SimDisk& disk);

  // Once the faults have ceased: whether there is nothing left to do, and what is wrong when there is.
  std::optional<Breach> unrest() const;
  // At the end of all: what was missed.
  void finally() const;

  struct RunModel {
    RunState state;
    std::vector<Row> rows;
    std::optional<Concurrency> concurrency;
    std::map<std::string, int> moves;  // of a branch, by this run's pushes
    int undone = 0;                    // moves that a late push of another run took back
    int requested = 0;                 // RunRequested rows
  };
  const std::map<RunId, RunModel>& runs() const { return runs_; }
  const std::map<std::string, EnvironmentPlanned>& environments() const { return environments_; }
  std::int64_t promotions() const { return promotions_; }

 private:
  void breach(const char* which, const std::string& what) const;
  void check_append(const std::vector<Row>& rows);
  void before(const RunModel& model, const Row& row);
  void stage_row(const RunModel& model, const Row& row);
  void lock_taken(const RunModel& model, const StageSpec& spec) const;
  void promotion_row(const RunModel& model, const Row& row);
  void finish_row(const RunModel& model, const RunFinished& finished);
  bool goes_back(const RunId& run) const;
  void release_row(const RunModel& model, const RunFinished& finished) const;
  void deployed_row(const RunModel& model, const RunFinished& finished) const;
  void environment_row(const Row& row);
  void look_for_changes(const RunState& old, const RunState& now, const Event& event);
  const RunModel* pusher(const std::string& repository, const std::string& branch, const CommitId& from,
                         const CommitId& to, std::string& stage) const;
  std::optional<std::string> uncovered_branch() const;
  std::optional<std::string> leaked() const;
  std::optional<std::string> unattached() const;
  std::string runs_folder(const RunId& run) const;

  World& world_;
  SimMachine& machine_;
  std::map<std::string, SimRemote>& remotes_;
  std::string data_;
  Limits limits_;
  std::map<RunId, RunModel> runs_;
  std::map<std::string, EnvironmentPlanned> environments_;       // live ones by the journal
  std::map<std::string, std::map<std::string, CommitId>> seen_;  // branches by the journal
  std::map<std::pair<std::string, std::string>, CommitId> first_seen_;
  std::map<std::string, std::map<std::string, std::set<CommitId>>> positions_;  // where branches were, really
  std::map<std::pair<RunId, std::string>, bool> performing_;                    // true: holds a slot
  std::uint64_t service_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t promotions_ = 0;
};

}  // namespace quietgate
