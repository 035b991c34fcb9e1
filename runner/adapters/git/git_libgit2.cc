#include "runner/adapters/git/git_libgit2.h"

#include "runner/adapters/git/blocking_git.h"
#include "runner/adapters/git/git_library.h"

namespace quietgate {

BlockingGitAtNeed::BlockingGitAtNeed(std::string mirrors_directory)
    : git_(std::make_shared<BlockingGit>(std::move(mirrors_directory))) {}

BlockingGit* BlockingGitAtNeed::operator->() const {
  begin_git(git_->mirrors.directory());
  return git_.get();
}

GitLibgit2::GitLibgit2(BlockingPool& network, BlockingPool& local, std::string mirrors_directory)
    : network_(network), local_(local), git_(std::move(mirrors_directory)) {}

GitLibgit2::GitLibgit2(BlockingPool& pool, std::string mirrors_directory)
    : GitLibgit2(pool, pool, std::move(mirrors_directory)) {}

GitLibgit2::~GitLibgit2() = default;

// Each call hands the pool a function that owns its arguments. The function is a local, not a temporary, because g++ 12
// destroys temporaries of a co_await expression at the wrong time.

Task<Result<std::vector<GitBranch>>> GitLibgit2::branches(GitRemote remote, Stop& stop) {
  using Answer = Result<std::vector<GitBranch>>;
  std::function<Answer(const StopFlag&)> work = [git = git_, remote = std::move(remote)](const StopFlag& flag) {
    return git->fetch.branches(remote, flag);
  };
  co_return co_await network_.run<Answer>(std::move(work), stop);
}

Task<Result<void>> GitLibgit2::fetch(GitRemote remote, std::vector<std::string> branches, Stop& stop) {
  using Answer = Result<void>;
  const auto repository = remote.repository;
  std::function<Answer(const StopFlag&)> work = [git = git_, remote = std::move(remote),
                                                 branches = std::move(branches)](const StopFlag& flag) {
    return git->fetch.bring(remote, branches, flag);
  };
  auto fetched = co_await network_.run<Answer>(std::move(work), stop);
  std::function<void(const StopFlag&)> house_keeping = [git = git_, repository](const StopFlag& flag) {
    git->fetch.consolidate_mirror(repository, flag);
  };
  if (fetched) local_.post(std::move(house_keeping));
  co_return fetched;
}

Task<Result<void>> GitLibgit2::fetch_notes(GitRemote remote, std::string ref, Stop& stop) {
  using Answer = Result<void>;
  std::function<Answer(const StopFlag&)> work = [git = git_, remote = std::move(remote),
                                                 ref = std::move(ref)](const StopFlag& flag) -> Answer {
    auto fetched = git->fetch.bring_notes(remote, ref, flag);
    return fetched ? Answer{} : Answer(fetched.error());
  };
  co_return co_await network_.run<Answer>(std::move(work), stop);
}

Task<Result<GitCommit>> GitLibgit2::commit(std::string repository, CommitId id, Stop& stop) {
  using Answer = Result<GitCommit>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository), id = std::move(id)](
                                                    const StopFlag&) { return git->reader.commit(repository, id); };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<std::optional<std::string>>> GitLibgit2::read_file(std::string repository, CommitId id, std::string path,
                                                               std::size_t max_bytes, Stop& stop) {
  using Answer = Result<std::optional<std::string>>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository), id = std::move(id),
                                                 path = std::move(path), max_bytes](const StopFlag&) {
    return git->reader.read_file(repository, id, path, max_bytes);
  };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<std::vector<std::string>>> GitLibgit2::changed_paths(std::string repository, CommitId from, CommitId to,
                                                                 Stop& stop) {
  using Answer = Result<std::vector<std::string>>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository), from = std::move(from),
                                                 to = std::move(to)](const StopFlag& flag) {
    return git->reader.changed_paths(repository, from, to, flag);
  };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<bool>> GitLibgit2::is_ancestor(std::string repository, CommitId ancestor, CommitId descendant, Stop& stop) {
  using Answer = Result<bool>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository),
                                                 ancestor = std::move(ancestor),
                                                 descendant = std::move(descendant)](const StopFlag&) {
    return git->reader.is_ancestor(repository, ancestor, descendant);
  };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<std::vector<CommitId>>> GitLibgit2::commits_between(std::string repository, CommitId from, CommitId to,
                                                                std::size_t limit, Stop& stop) {
  using Answer = Result<std::vector<CommitId>>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository), from = std::move(from),
                                                 to = std::move(to), limit](const StopFlag& flag) {
    return git->reader.commits_between(repository, from, to, limit, flag);
  };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<void>> GitLibgit2::checkout(std::string repository, CommitId id, std::string directory, Stop& stop) {
  using Answer = Result<void>;
  std::function<Answer(const StopFlag&)> work = [git = git_, repository = std::move(repository), id = std::move(id),
                                                 directory = std::move(directory)](const StopFlag& flag) {
    return git->checkout.write(repository, id, directory, flag);
  };
  co_return co_await local_.run<Answer>(std::move(work), stop);
}

Task<Result<PushOutcome>> GitLibgit2::move(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                           bool back, Stop& stop) {
  using Answer = Result<PushOutcome>;
  std::function<Answer(const StopFlag&)> work = [git = git_, remote = std::move(remote), branch = std::move(branch),
                                                 expected = std::move(expected), id = std::move(id),
                                                 back](const StopFlag& flag) {
    return git->push.move(remote, {"refs/heads/" + branch, branch, expected, id, back}, flag);
  };
  co_return co_await network_.run<Answer>(std::move(work), stop);
}

Task<Result<PushOutcome>> GitLibgit2::push(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                           Stop& stop) {
  return move(std::move(remote), std::move(branch), std::move(expected), std::move(id), false, stop);
}

Task<Result<PushOutcome>> GitLibgit2::put_back(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                               Stop& stop) {
  return move(std::move(remote), std::move(branch), std::move(expected), std::move(id), true, stop);
}

Task<Result<NoteOutcome>> GitLibgit2::push_note(GitRemote remote, std::string ref, CommitId commit, std::string line,
                                                Stop& stop) {
  using Answer = Result<NoteOutcome>;
  std::function<Answer(const StopFlag&)> work =
      [git = git_, remote = std::move(remote), ref = std::move(ref), commit = std::move(commit),
       line = std::move(line)](const StopFlag& flag) { return git->notes.add(remote, ref, commit, line, flag); };
  co_return co_await network_.run<Answer>(std::move(work), stop);
}

}  // namespace quietgate
