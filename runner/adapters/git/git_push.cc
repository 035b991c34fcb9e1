#include "runner/adapters/git/git_push.h"

#include <unistd.h>

#include <thread>

#include "runner/adapters/git/git_connection.h"

namespace quietgate {

namespace {

using Kind = PushOutcome::Kind;

struct PushOrder {
  std::string ref;
  std::string what;  // the ref's name in sentences
  CommitId expected;
  CommitId id;
  bool back = false;  // also to a commit that does not descend from `expected`
  git_oid new_id{};
  std::string unique{};  // a name that no other push has
};

// A push's source must be a ref; this one is there as long as the push.
class PushSource {
 public:
  PushSource(git_repository* mirror, const PushOrder& order)
      : mirror_(mirror), name_("refs/quietgate/push/" + order.unique) {
    ReferenceHandle made;
    made_ = git_reference_create(receive(made), mirror, name_.c_str(), &order.new_id, 1, nullptr) == 0;
  }
  ~PushSource() { git_reference_remove(mirror_, name_.c_str()); }
  PushSource(const PushSource&) = delete;
  PushSource& operator=(const PushSource&) = delete;
  bool made() const { return made_; }
  const std::string& name() const { return name_; }

 private:
  git_repository* mirror_;
  std::string name_;
  bool made_ = false;
};

std::string name_of(const CommitId& id) {
  return id.empty() ? "absent" : "at " + id.substr(0, 12);
}

PushOutcome stale(const PushOrder& order, const CommitId& found) {
  return {Kind::stale, found, order.what + " is " + name_of(found) + ", expected was " + name_of(order.expected)};
}

// Nothing when the push may go on.
std::optional<PushOutcome> compare(const PushOrder& order, git_repository* mirror, const CommitId& found) {
  if (found == order.id) return PushOutcome{Kind::unchanged, found, {}};
  if (found != order.expected) return stale(order, found);
  if (found.empty() || order.back) return std::nullopt;
  auto base = find_commit(mirror, "the repository", found);
  if (!base) return PushOutcome{Kind::refused, found, base.error().message + ": fetch the branch first"};
  if (git_graph_descendant_of(mirror, &order.new_id, git_commit_id(base->get())) == 1) return std::nullopt;
  return PushOutcome{Kind::refused, found, order.id + " does not descend from " + found + ": not a fast-forward"};
}

// Servers say in words alone that another move held their lock.
PushOutcome refused_by(const CommitId& found, std::string words) {
  const bool locked = words.find("lock") != std::string::npos;
  return {Kind::refused, found, std::move(words), locked};
}

// Pushing to a path: libgit2 would set the ref without a look at its old value. So the objects go first, under a ref of
// our own, and then the branch moves by compare-and-swap under its lock.
Result<PushOutcome> swap_local(const PushOrder& order, GitConnection& connection, const std::string& incoming) {
  RepositoryHandle there;
  if (git_repository_open(receive(there), connection.url().path.c_str()) != 0) {
    return refused_by(order.expected, last_git_error());
  }
  git_oid expected{};
  if (!order.expected.empty()) parse_id(order.expected, expected);
  int code = GIT_ELOCKED;
  while (code == GIT_ELOCKED && !connection.bound().over()) {  // somebody else is in the middle of a move
    ReferenceHandle moved;
    code = git_reference_create_matching(receive(moved), there.get(), order.ref.c_str(), &order.new_id, 1, &expected,
                                         "push by quietgate");
    if (code == GIT_ELOCKED) std::this_thread::sleep_for(Milliseconds(5));
  }
  const auto said = last_git_error();
  git_reference_remove(there.get(), incoming.c_str());
  if (code == 0) return PushOutcome{Kind::moved, order.expected, {}};
  git_oid now{};
  const bool exists = git_reference_name_to_id(&now, there.get(), order.ref.c_str()) == 0;
  const auto found = exists ? to_hex(now) : CommitId();
  if (found != order.expected) return stale(order, found);
  if (code == GIT_ELOCKED) {
    const auto lock = std::string(git_repository_path(there.get())) + order.ref + ".lock";
    return infrastructure_error(lock + " stays: " + said,
                                "another process is moving " + order.what +
                                    ", or was killed while it did: remove the file if no Git process is running there");
  }
  return refused_by(found, said);
}

// One push over an open connection. `refused` is provisional: somebody else's push in the same moment looks like it
// too.
Result<PushOutcome> push_over(GitConnection& connection, git_repository* mirror, const PushOrder& order) {
  const PushSource source(mirror, order);
  if (!source.made()) return infrastructure_error("cannot prepare the push in the mirror: " + last_git_error());
  const bool local = connection.url().kind == GitUrl::Kind::local;
  const auto incoming = "refs/quietgate/incoming/" + order.unique;
  std::optional<CommitId> lost;
  bool begun = false;
  std::optional<std::string> status;
  connection.before_update = [&](const git_oid& now) {
    const auto found = git_oid_is_zero(&now) ? CommitId() : to_hex(now);
    begun = local || found == order.expected;
    if (begun) return 0;
    lost = found;
    return static_cast<int>(GIT_EUSER);
  };
  connection.updated = [&](const char* words) { status = words ? printable(words, 500) : std::string(); };
  auto spec = (order.back ? "+" : "") + source.name() + ":" + (local ? incoming : order.ref);
  char* text = spec.data();
  const git_strarray specs{&text, 1};
  git_push_options options = GIT_PUSH_OPTIONS_INIT;
  options.callbacks = connection.callbacks();
  const int code = git_remote_push(connection.remote(), &specs, &options);
  if (lost) return stale(order, *lost);
  if (code == GIT_EBAREREPO) {
    return PushOutcome{Kind::refused, order.expected, connection.url().path + " is not a bare repository"};
  }
  if (code == GIT_ENONFASTFORWARD) return PushOutcome{Kind::refused, order.expected, "not a fast-forward"};
  if (status && !status->empty()) {
    const auto words = connection.words();
    return refused_by(order.expected, words.empty() ? *status : *status + "\n" + words);
  }
  if (code < 0) {
    auto error = connection.error("push to", code);
    // Kind `user` tells that nothing was sent.
    if (begun) error.kind = ErrorKind::infrastructure;
    return error;
  }
  if (local) return swap_local(order, connection, incoming);
  if (!status) {
    return infrastructure_error(connection.url().shown + " did not report the result of the push to " + order.what,
                                "check the branch");
  }
  return PushOutcome{Kind::moved, order.expected, connection.words()};
}

// Somebody else's move in the same moment makes the server refuse ours while its lock is held, and shows a little
// later.
template <class Position>
void look_again(PushOutcome& outcome, const PushOrder& order, const Position& position) {
  const int looks = outcome.locked ? 10 : 1;
  for (int look = 0; look < looks; ++look) {
    if (look > 0) std::this_thread::sleep_for(Milliseconds(50));
    Result<CommitId> now = position();
    if (!now) return;
    outcome.remote = *now;
    if (outcome.remote != order.expected) break;
  }
  if (outcome.remote == order.id) {
    outcome.kind = Kind::unchanged;
  } else if (outcome.remote != order.expected) {
    outcome.kind = Kind::stale;
  }
}

}  // namespace

Result<CommitId> GitPush::position(const GitRemote& remote, const std::string& ref, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  GitConnection connection(remote, *url, {}, stop, trust_);
  if (auto connected = connection.connect(nullptr, GIT_DIRECTION_FETCH); !connected) return connected.error();
  return connection.position(ref);
}

Result<PushOutcome> GitPush::move(const GitRemote& remote, const GitRefMove& move, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  PushOrder order{move.ref, move.what, move.expected, move.id, move.back};
  git_oid parsed;
  int valid = 0;
  if (git_reference_name_is_valid(&valid, order.ref.c_str()) != 0 || !valid)
    return user_error("`" + printable(order.what, 200) + "` is not a valid branch name");
  if (!parse_id(order.id, order.new_id) || (!order.expected.empty() && !parse_id(order.expected, parsed)))
    return user_error("a push to " + order.what + " needs a full commit id", "give all 40 digits");
  order.unique = std::to_string(::getpid()) + "-" + std::to_string(++pushes_);
  auto mirror = mirrors_.open(remote.repository);
  if (!mirror) return mirror.error();
  auto commit = find_commit(mirror->get(), remote.repository, order.id);
  if (!commit) return commit.error();
  GitConnection::Limits limits;
  limits.idle = remote.deadline;  // the server's hooks may be silent for long
  Result<PushOutcome> outcome = PushOutcome{};
  {
    GitConnection connection(remote, *url, limits, stop, trust_);
    if (auto connected = connection.connect(mirror->get(), GIT_DIRECTION_PUSH); !connected) return connected.error();
    auto at = connection.position(order.ref);
    if (!at) return at.error();
    if (auto decided = compare(order, mirror->get(), *at)) return *decided;
    outcome = push_over(connection, mirror->get(), order);
  }
  if (outcome && outcome->kind == Kind::refused)
    look_again(*outcome, order, [&] { return position(remote, order.ref, stop); });
  return outcome;
}

}  // namespace quietgate
