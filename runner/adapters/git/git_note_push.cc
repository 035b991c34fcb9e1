#include "runner/adapters/git/git_note_push.h"

#include "runner/adapters/git/git_notes.h"

namespace quietgate {

namespace {

using SignatureHandle = std::unique_ptr<git_signature, FreedBy<git_signature_free>>;

constexpr int note_tries = 8;

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

// Before the remote has it: who looks into the mirror alone must know of all that the remote may have. Others may fetch
// to the same ref just now.
Result<void> GitNotePush::keep(const GitRemote& remote, git_repository* mirror, const CommitId& notes,
                               const StopFlag& stop) {
  NetworkBound bound(remote.deadline, remote.deadline, 0, stop);
  const auto writing = mirrors_.write(remote.repository, bound);
  ReferenceHandle known;
  git_oid tip;
  if (!writing || !parse_id(notes, tip) ||
      git_reference_create(receive(known), mirror, fetched_notes, &tip, 1, nullptr) != 0)
    return infrastructure_error("can't record in the mirror the push to the notes of " + remote.repository,
                                "it is tried again");
  return {};
}

Result<NoteOutcome> GitNotePush::add(const GitRemote& remote, const std::string& ref, const CommitId& commit,
                                     const std::string& line, const StopFlag& stop) {
  if (line.size() > longest_note_line || line.find('\n') != std::string::npos || line.empty())
    return user_error("a line of a note has 1 byte to 1 MiB");
  PushOutcome pushed;
  for (int tries = 0; tries < note_tries && !stop; ++tries) {
    auto base = fetch_.bring_notes(remote, ref, stop);
    if (!base) return base.error();
    auto mirror = mirrors_.open(remote.repository);
    if (!mirror) return mirror.error();
    auto made = add_line(mirror->get(), *base, commit, line);
    if (!made) return made.error();
    if (made->empty()) return NoteOutcome{NoteOutcome::Kind::unchanged, {}};
    if (auto kept = keep(remote, mirror->get(), *made, stop); !kept) return kept.error();
    auto moved = push_.move(remote, {ref, ref, *base, *made, false}, stop);
    if (!moved) return moved.error();
    pushed = std::move(*moved);
    if (pushed.kind == PushOutcome::Kind::refused) return NoteOutcome{NoteOutcome::Kind::refused, pushed.detail};
    if (pushed.kind != PushOutcome::Kind::stale) return NoteOutcome{};
  }
  return infrastructure_error("others wrote notes to " + ref + " each time, the last: " + pushed.detail,
                              "it is tried again");
}

}  // namespace quietgate
