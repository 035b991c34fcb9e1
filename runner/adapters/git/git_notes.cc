#include "runner/adapters/git/git_notes.h"

#include <filesystem>
#include <fstream>

#include "runner/adapters/git/git_library.h"
#include "runner/adapters/git/git_mirror.h"
#include "runner/adapters/git/late_libraries.h"

namespace quietgate {

namespace {

using NoteHandle = std::unique_ptr<git_note, FreedBy<git_note_free>>;

}  // namespace

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
  return text.size() > longest_note_line ? std::string() : std::string(text);
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
