// The parts that answer the Git port's calls, on the threads of the pools: each blocks.
#pragma once

#include <string>
#include <utility>

#include "runner/adapters/git/git_checkout.h"
#include "runner/adapters/git/git_fetch.h"
#include "runner/adapters/git/git_mirror.h"
#include "runner/adapters/git/git_mirror_reader.h"
#include "runner/adapters/git/git_note_push.h"
#include "runner/adapters/git/git_push.h"
#include "runner/adapters/git/git_trust.h"

namespace quietgate {

// libgit2 has one set of certificate authorities for the process, so a process has one of these that speaks https.
struct BlockingGit {
  explicit BlockingGit(std::string directory) : mirrors(std::move(directory)) {}
  BlockingGit(const BlockingGit&) = delete;
  BlockingGit& operator=(const BlockingGit&) = delete;

  GitMirrors mirrors;
  GitTrust trust;
  GitMirrorReader reader{mirrors};
  GitCheckout checkout{mirrors};
  GitFetch fetch{mirrors, trust};
  GitPush push{mirrors, trust};
  GitNotePush notes{mirrors, fetch, push};
};

}  // namespace quietgate
