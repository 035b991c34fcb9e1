// What people commit: pipelines of every shape that the engine tells apart, with steps that say how they end.
#pragma once

#include "tests/simulation/sim_remote.h"
#include "tests/simulation/world.h"

namespace quietgate {

class Scenario {
 public:
  Scenario(World& world, SimRemote& remote, std::string concurrency)
      : world_(world), remote_(remote), concurrency_(std::move(concurrency)) {}
  // A new commit on top of `parent`.
  CommitId commit(const CommitId& parent);
  // The file names and contents of a commit whose pipeline is well and passes.
  std::map<std::string, std::string> good_files();

 private:
  std::string pipeline();
  std::string unit_stage();
  std::string staging_stage();
  std::string promote_stage(const std::string& more_needs);
  std::string release_stages();
  World& world_;
  SimRemote& remote_;
  std::string concurrency_;
  std::uint64_t made_ = 0;
};

}  // namespace quietgate
