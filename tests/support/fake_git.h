// Git in memory: commits with files, and one remote whose branches the test moves.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "runner/ports/git.h"

namespace quietgate {

class FakeGit final : public Git {
 public:
  struct Commit {
    CommitId parent;
    std::map<std::string, std::string> files;
  };
  std::map<CommitId, Commit> commits;
  std::map<std::string, CommitId> remote;
  std::optional<Error> broken;  // every network call answers this
  std::vector<GitBranch> odd;   // listed beside the others
  std::set<std::string> unfetchable;
  std::function<void()> on_fetch_failure;
  std::vector<std::vector<std::string>> fetches;
  std::set<CommitId> unreadable;
  bool lose_push_answer = false;  // the push happens, its answer doesn't arrive
  bool lose_push = false;         // neither does
  int deaf = 0;                   // so many questions for the branches are not answered
  int empty_lists = 0;            // so many are answered without any branch
  std::string refuse_push;        // the server's words
  std::function<void()> before_push;
  std::function<void()> after_push;
  int checked_out = 0;
  bool write_checkouts = false;  // checkout() really writes the commit's files
  int pushes = 0;

  Task<Result<std::vector<GitBranch>>> branches(GitRemote, Stop&) override {
    if (broken) co_return *broken;
    if (deaf > 0 && deaf-- > 0) co_return infrastructure_error("unreachable");
    std::vector<GitBranch> found;
    if (empty_lists > 0 && empty_lists-- > 0) co_return found;
    for (const auto& [name, id] : remote) found.push_back({name, id});
    found.insert(found.end(), odd.begin(), odd.end());
    co_return found;
  }
  Task<Result<void>> fetch(GitRemote, std::vector<std::string> branches, Stop&) override {
    if (broken) co_return *broken;
    fetches.push_back(branches);
    for (const auto& branch : branches) {
      if (!unfetchable.contains(branch)) continue;
      if (on_fetch_failure) on_fetch_failure();
      co_return infrastructure_error("git://fake did not finish within 30s", "allow more time");
    }
    co_return Result<void>{};
  }
  Task<Result<GitCommit>> commit(std::string, CommitId id, Stop&) override {
    if (!commits.contains(id)) co_return infrastructure_error("no commit " + id);
    co_return GitCommit{id, "Ana <ana@example.org>", "change " + id, {}};
  }
  Task<Result<std::optional<std::string>>> read_file(std::string, CommitId id, std::string path, std::size_t,
                                                     Stop&) override {
    if (unreadable.contains(id)) co_return infrastructure_error("the mirror of hello lacks the files of " + id);
    const auto& files = commits.at(id).files;
    auto found = files.find(path);
    std::optional<std::string> text;
    if (found != files.end()) text = found->second;
    co_return text;
  }
  Task<Result<std::vector<std::string>>> changed_paths(std::string, CommitId from, CommitId to, Stop&) override {
    std::vector<std::string> paths;
    for (const auto& [path, text] : commits.at(to).files) {
      if (from.empty() || !commits.at(from).files.contains(path) || commits.at(from).files.at(path) != text)
        paths.push_back(path);
    }
    co_return paths;
  }
  Task<Result<bool>> is_ancestor(std::string, CommitId ancestor, CommitId descendant, Stop&) override {
    for (auto id = descendant; !id.empty(); id = commits.at(id).parent) {
      if (id == ancestor) co_return true;
    }
    co_return false;
  }
  Task<Result<std::vector<CommitId>>> commits_between(std::string, CommitId from, CommitId to, std::size_t,
                                                      Stop&) override {
    std::vector<CommitId> ids;
    for (auto id = to; !id.empty() && id != from; id = commits.at(id).parent) ids.insert(ids.begin(), id);
    co_return ids;
  }
  Task<Result<void>> checkout(std::string, CommitId id, std::string directory, Stop&) override {
    if (broken) co_return *broken;
    ++checked_out;
    if (!write_checkouts) co_return Result<void>{};
    for (const auto& [path, text] : commits.at(id).files) {
      auto file = std::filesystem::path(directory) / path;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file) << text;
      std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    co_return Result<void>{};
  }
  Task<Result<PushOutcome>> push(GitRemote, std::string branch, CommitId expected, CommitId id, Stop&) override {
    ++pushes;
    if (before_push) before_push();
    if (broken) co_return *broken;
    if (lose_push) co_return infrastructure_error("connection lost");
    if (!refuse_push.empty()) co_return PushOutcome{PushOutcome::Kind::refused, expected, refuse_push};
    auto& at = remote[branch];
    if (at == id) co_return PushOutcome{PushOutcome::Kind::unchanged, at, {}};
    if (at != expected) co_return PushOutcome{PushOutcome::Kind::stale, at, {}};
    at = id;
    if (after_push) after_push();
    if (lose_push_answer) co_return infrastructure_error("connection lost");
    co_return PushOutcome{PushOutcome::Kind::moved, id, {}};
  }
  Task<Result<PushOutcome>> put_back(GitRemote to, std::string branch, CommitId expected, CommitId id,
                                     Stop& stop) override {
    return push(std::move(to), std::move(branch), std::move(expected), std::move(id), stop);
  }
  std::map<CommitId, std::vector<std::string>> notes;
  std::string refuse_notes;  // the server's words
  bool lose_notes = false;   // no answer
  Task<Result<NoteOutcome>> push_note(GitRemote, std::string, CommitId commit, std::string line, Stop&) override {
    if (lose_notes) co_return infrastructure_error("connection lost");
    if (!refuse_notes.empty()) co_return NoteOutcome{NoteOutcome::Kind::refused, refuse_notes};
    auto& lines = notes[commit];
    for (const auto& known : lines) {
      if (known == line) co_return NoteOutcome{NoteOutcome::Kind::unchanged, {}};
    }
    lines.push_back(line);
    co_return NoteOutcome{};
  }
};

}  // namespace quietgate
