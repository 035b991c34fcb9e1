// A Git adapter with its pool, its mirrors in a temporary folder, and servers to talk to.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "runner/adapters/git/git_libgit2.h"
#include "tests/support/git_server.h"
#include "tests/support/run_task.h"

namespace quietgate {

class GitTest : public ::testing::Test {
 protected:
  GitRemote remote(const std::string& base, const std::string& name = "hello") {
    GitRemote remote;
    remote.repository = name;
    remote.url = base + name + ".git";
    remote.credentials.ca_file = base.starts_with("https") ? servers.authority() : "";
    if (base.starts_with("ssh")) {
      remote.credentials.ssh_key = servers.ssh_key();
      remote.credentials.known_hosts = servers.known_hosts();
    }
    return remote;
  }
  Result<std::vector<GitBranch>> branches(const GitRemote& from) { return run_task(loop, git.branches(from, stop)); }
  Result<void> fetch(const GitRemote& from, std::vector<std::string> names) {
    return run_task(loop, git.fetch(from, std::move(names), stop));
  }
  Result<PushOutcome> push(const GitRemote& to, const std::string& branch, const CommitId& expected,
                           const CommitId& id) {
    return run_task(loop, git.push(to, branch, expected, id, stop));
  }
  Result<void> checkout(const CommitId& id, const std::string& into) {
    return run_task(loop, git.checkout("hello", id, into, stop));
  }
  static std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  GitServers servers;
  boost::asio::io_context loop;
  BlockingPool pool{3};
  GitLibgit2 git{pool, servers.folder().path("mirrors")};
  Stop stop;
};

}  // namespace quietgate
