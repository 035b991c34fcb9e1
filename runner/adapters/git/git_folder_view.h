// A remote that is a folder, without the refs that libgit2 can't take: with one of them its local transport lists and
// sends nothing at all (a name that is too long or not valid, a symbolic ref that leads nowhere, a commit that is not
// there). The view is a repository in a temporary folder that borrows the folder's objects and lists the other refs;
// it is gone with this.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace quietgate {

class GitFolderView {
 public:
  // Null: the folder is no repository, or no view of it can be made.
  static std::unique_ptr<GitFolderView> of(const std::string& folder);
  ~GitFolderView();
  GitFolderView(const GitFolderView&) = delete;
  GitFolderView& operator=(const GitFolderView&) = delete;

  const std::string& path() const { return path_; }
  struct LeftOut {
    std::string ref;
    std::string why;  // `its name ...`
  };
  const std::vector<LeftOut>& left_out() const { return left_out_; }

 private:
  explicit GitFolderView(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::vector<LeftOut> left_out_;
};

}  // namespace quietgate
