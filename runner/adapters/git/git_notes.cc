#include "runner/adapters/git/git_notes.h"

#include <filesystem>
#include <fstream>

#include "runner/adapters/git/git_connection.h"
#include "runner/adapters/git/git_folder_fetch.h"
#include "runner/adapters/git/git_library.h"
#include "runner/adapters/git/git_network_fetch.h"
#include "runner/adapters/git/git_workshop.h"
#include "runner/adapters/git/late_libraries.h"

namespace quietgate {

namespace {

using NoteHandle = std::unique_ptr<git_note, FreedBy<git_note_free>>;
using SignatureHandle = std::unique_ptr<git_signature, FreedBy<git_signature_free>>;

constexpr int note_tries = 8;
constexpr std::size_t longest_line = 1u << 20;
constexpr std::uint64_t max_notes_bytes = 1ULL << 30;

// The note of `commit` under this commit of notes; empty: none.
Result<std::string> note_under(git_repository* repository, git_commit* notes, const git_oid& commit) {
  if (notes == nullptr) return std::string();
  NoteHandle note;
  const int code = git_note_commit_read(receive(note), repository, notes, &commit);
  if (code == GIT_ENOTFOUND) return std::string();
  if (code != 0) return infrastructure_error("can't read the notes: " + last_git_error());
  std::string text = git_note_message(note.get());
  if (text.size() > longest_note) return user_error("the commit's note is longer than 16 MiB");
  return text;
}

bool has_line(const std::string& text, const std::string& line) {
  for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) {
    const bool begins = at == 0 || text[at - 1] == '\n';
    const auto end = at + line.size();
    if (begins && (end == text.size() || text[end] == '\n')) return true;
  }
  return false;
}

// A commit of notes on top of `base` with the line in `commit`'s note; empty: it is there already.
Result<CommitId> add_line(git_repository* mirror, const CommitId& base, const CommitId& commit,
                          const std::string& line) {
  CommitHandle notes;
  if (!base.empty()) {
    auto found = find_commit(mirror, "the repository", base);
    if (!found) return found.error();
    notes = std::move(*found);
  }
  git_oid about;
  if (!parse_id(commit, about)) return user_error("`" + printable(commit, 60) + "` is not a full commit id");
  auto text = note_under(mirror, notes.get(), about);
  if (!text) return text.error();
  if (has_line(*text, line)) return CommitId{};
  if (!text->empty() && !text->ends_with('\n')) *text += '\n';
  *text += line + "\n";
  SignatureHandle author;
  git_oid made;
  int code = git_signature_now(receive(author), "quietgate", "quietgate@localhost");
  if (code == 0)
    code = git_note_commit_create(&made, nullptr, mirror, notes.get(), author.get(), author.get(), &about,
                                  text->c_str(), 1);
  if (code != 0) return infrastructure_error("can't write the commit's note into the mirror: " + last_git_error());
  return to_hex(made);
}

}  // namespace

// The remote's commit of notes, brought into the mirror; empty: there is none.
Result<CommitId> GitWorkshop::fetch_notes(const GitRemote& remote, const std::string& ref, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  RepositoryHandle mirror;  // outlives the connection
  GitConnection::Limits limits;
  limits.max_bytes = max_notes_bytes;
  GitConnection connection(remote, *url, limits, stop, trust);
  const auto writing = mirrors.write(remote.repository, connection.bound());
  if (!writing) return connection.error("fetch from", -1);
  auto opened = mirrors.open_or_make(remote.repository);
  if (!opened) return opened.error();
  mirror = std::move(*opened);
  if (url->kind == GitUrl::Kind::local) {
    auto brought = GitFolderFetch(connection, mirror.get(), large_fetches).bring({{ref, fetched_notes}});
    return brought ? Result<CommitId>(brought->front()) : Result<CommitId>(brought.error());
  }
  if (auto connected = connection.connect(mirror.get(), GIT_DIRECTION_FETCH); !connected) return connected.error();
  auto at = connection.position(ref);
  if (!at || at->empty()) return at;
  auto fetched = fetch_refspecs(connection, {"+" + ref + ":" + fetched_notes});
  if (!fetched) return fetched.error();
  return at;
}

// Before the remote has it: who looks into the mirror alone must know of all that the remote may have. Others may fetch
// to the same ref just now.
Result<void> GitWorkshop::keep_notes(const GitRemote& remote, git_repository* mirror, const CommitId& notes,
                                     const StopFlag& stop) {
  NetworkBound bound(remote.deadline, remote.deadline, 0, stop);
  const auto writing = mirrors.write(remote.repository, bound);
  ReferenceHandle known;
  git_oid tip;
  if (!writing || !parse_id(notes, tip) ||
      git_reference_create(receive(known), mirror, fetched_notes, &tip, 1, nullptr) != 0)
    return infrastructure_error("can't note in the mirror what is pushed to the notes of " + remote.repository,
                                "it is tried again");
  return {};
}

Result<NoteOutcome> GitWorkshop::push_note(const GitRemote& remote, const std::string& ref, const CommitId& commit,
                                           const std::string& line, const StopFlag& stop) {
  if (line.size() > longest_line || line.find('\n') != std::string::npos || line.empty())
    return user_error("a line of a note has 1 byte to 1 MiB");
  PushOutcome pushed;
  for (int tries = 0; tries < note_tries && !stop; ++tries) {
    auto base = fetch_notes(remote, ref, stop);
    if (!base) return base.error();
    auto mirror = mirrors.open(remote.repository);
    if (!mirror) return mirror.error();
    auto made = add_line(mirror->get(), *base, commit, line);
    if (!made) return made.error();
    if (made->empty()) return NoteOutcome{NoteOutcome::Kind::unchanged, {}};
    if (auto kept = keep_notes(remote, mirror->get(), *made, stop); !kept) return kept.error();
    auto moved = push_ref(remote, {ref, ref, *base, *made, false}, stop);
    if (!moved) return moved.error();
    pushed = std::move(*moved);
    if (pushed.kind == PushOutcome::Kind::refused) return NoteOutcome{NoteOutcome::Kind::refused, pushed.detail};
    if (pushed.kind != PushOutcome::Kind::stale) return NoteOutcome{};
  }
  return infrastructure_error("others wrote notes to " + ref + " each time, the last: " + pushed.detail,
                              "it is tried again");
}

Result<LocalNote> read_note(const std::string& folder, const std::string& ref, const std::string& revision) {
  begin_libgit2();
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  RepositoryHandle repository;
  if (git_repository_open_ext(receive(repository), folder.c_str(), 0, nullptr) != 0)
    return user_error(folder + " is not in a Git repository", "name one with --repository");
  ObjectHandle named;
  const auto wanted = revision + "^{commit}";
  if (git_revparse_single(receive(named), repository.get(), wanted.c_str()) != 0)
    return user_error("there is no commit `" + printable(revision, 100) + "` in " + folder, "fetch it: git fetch");
  LocalNote note;
  note.commit = to_hex(*git_object_id(named.get()));
  git_oid at;
  if (git_reference_name_to_id(&at, repository.get(), ref.c_str()) != 0) return note;
  auto notes = find_commit(repository.get(), folder, to_hex(at));
  if (!notes) return user_error(ref + " of " + folder + " is no commit of notes: " + notes.error().message);
  auto text = note_under(repository.get(), notes->get(), *git_object_id(named.get()));
  if (!text) return text.error();
  if (!text->empty()) note.text = std::move(*text);
  return note;
}

namespace {

// Whether the bare repository has the ref, asked without libgit2: to begin that reads all authorities of the system,
// and most services have published nothing.
bool has_ref(const std::string& folder, const std::string& ref) {
  std::error_code code;
  if (std::filesystem::exists(folder + "/" + ref, code)) return true;
  std::ifstream packed(folder + "/packed-refs");
  for (std::string line; std::getline(packed, line);) {
    if (line.ends_with(" " + ref)) return true;
  }
  return false;
}

std::string last_line(git_repository* repository, const git_oid& id) {
  OdbHandle objects;
  if (git_repository_odb(receive(objects), repository) != 0) return {};
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, objects.get(), &id) != 0) return {};
  if (type != GIT_OBJECT_BLOB || size > longest_note) return {};
  BlobHandle blob;
  if (git_blob_lookup(receive(blob), repository, &id) != 0) return {};
  std::string_view text(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                        static_cast<std::size_t>(git_blob_rawsize(blob.get())));
  while (text.ends_with('\n')) text.remove_suffix(1);
  text.remove_prefix(text.rfind('\n') + 1);  // npos + 1 is 0
  return text.size() > longest_line ? std::string() : std::string(text);
}

}  // namespace

std::vector<std::string> newest_lines(const std::string& folder, const std::string& ref, std::size_t most) {
  std::vector<std::string> lines;
  if (!has_ref(folder, ref)) return lines;
  begin_git(std::filesystem::path(folder).parent_path().string());
  RepositoryHandle repository;
  if (git_repository_open_bare(receive(repository), folder.c_str()) != 0) return lines;
  git_oid at;
  if (git_reference_name_to_id(&at, repository.get(), ref.c_str()) != 0) return lines;
  CommitHandle commit;
  if (git_commit_lookup(receive(commit), repository.get(), &at) != 0) return lines;
  for (std::size_t seen = 0; commit && seen < most; ++seen) {
    CommitHandle parent;
    TreeHandle now;
    TreeHandle before;
    DiffHandle changes;
    if (git_commit_parentcount(commit.get()) > 0 && git_commit_parent(receive(parent), commit.get(), 0) != 0) break;
    if (git_commit_tree(receive(now), commit.get()) != 0) break;
    if (parent && git_commit_tree(receive(before), parent.get()) != 0) break;
    if (git_diff_tree_to_tree(receive(changes), repository.get(), before.get(), now.get(), nullptr) != 0) break;
    for (std::size_t i = 0; i < git_diff_num_deltas(changes.get()) && lines.size() < most; ++i)
      lines.push_back(last_line(repository.get(), git_diff_get_delta(changes.get(), i)->new_file.id));
    commit = std::move(parent);
  }
  return lines;
}

}  // namespace quietgate
