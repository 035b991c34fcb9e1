// Which certificate authorities https connections trust. libgit2 keeps one set for the whole process and frees the old
// one under running connections, so calls with different sets take turns.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runner/adapters/git/git_network.h"
#include "runner/base/result.h"

namespace quietgate {

class GitTrust {
 public:
  // While held, libgit2 trusts the set that was asked for.
  class Turn {
   public:
    explicit Turn(GitTrust& trust) : trust_(&trust) {}
    Turn(Turn&& other) noexcept : trust_(std::exchange(other.trust_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    GitTrust* trust_;
  };

  // The PEM file of a private authority, or the system's set when empty. Waits for its turn within the bound: nothing
  // when that broke. First come, first served, so nobody waits for ever behind a busy set.
  Result<std::optional<Turn>> take(const std::string& ca_file, NetworkBound& bound);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> loaded_;
  std::size_t users_ = 0;
  std::list<std::uint64_t> queue_;
  std::uint64_t next_ = 0;
};

}  // namespace quietgate
