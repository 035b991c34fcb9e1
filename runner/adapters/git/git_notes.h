// Git notes: texts about commits, kept beside them under a ref of their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/adapters/git/git_handles.h"
#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

constexpr const char* fetched_notes = "refs/quietgate/notes";  // in a mirror: as they were read last
constexpr std::size_t longest_note = 16u << 20;                // bytes
constexpr std::size_t longest_note_line = 1u << 20;            // bytes, of those that push_note() writes

// The note of `commit` under this commit of notes (null: there are none); empty: it has none. An error of kind user: it
// is longer than longest_note.
Result<std::string> note_under(git_repository* repository, git_commit* notes, const git_oid& commit);

// The commit's note in the notes `ref` of the repository in this folder (bare or with a work tree, or a folder within
// one), and the commit's full id: `revision` may be anything that names one. An error of kind user: there is no
// repository, no such commit, or the note is longer than longest_note.
struct LocalNote {
  CommitId commit;
  std::optional<std::string> text;
};
Result<LocalNote> read_note(const std::string& folder, const std::string& ref, const std::string& revision);

// What was written last, newest first: the last line of each note that the newest `most` commits of the notes `ref`
// changed. Notes longer than longest_note are passed over, and so is what can't be read; none where there is none.
// `folder`: of a bare repository, beside which there are no certificates.
std::vector<std::string> newest_lines(const std::string& folder, const std::string& ref, std::size_t most);

}  // namespace quietgate
