#include "stages/environments/background_removal.h"

#include "runner/base/tree_removal.h"

namespace quietgate {

Task<Result<void>> remove_tree_in_background(Disk* disk, std::string folder, Stop& stop) {
  if (disk == nullptr) co_return remove_tree(folder);
  std::function<Result<void>(const Disk::StopFlag&)> work = [folder](const Disk::StopFlag& flag) {
    return remove_tree(folder, &flag);
  };
  co_return co_await disk->run(std::move(work), stop);
}

}  // namespace quietgate
