// A tree of its own for every attempt whose steps run in it: what one leaves there, no other finds.
//   <run>/checkout/ (written by nobody)   <run>/<stage>.<attempt>/tree/
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

class AttemptTrees {
 public:
  virtual ~AttemptTrees() = default;
  // The absolute path of the attempt's tree: exactly what `checkout` holds, and what its steps wrote since when it is
  // taken up again (`resume`). One that was begun before and is not taken up is made anew. Errors are infrastructure.
  virtual Task<Result<std::string>> open(std::string checkout, std::string attempt_directory, bool resume,
                                         Stop& stop) = 0;
  // Removes the attempt's tree; none is success. An error tells what stays.
  virtual Task<Result<void>> close(std::string attempt_directory, Stop& stop) = 0;
  // Removes a folder, whatever is in it; none is success. An error tells what stays.
  virtual Task<Result<void>> remove(std::string folder, Stop& stop) = 0;
  // Removes the run's checkout, and beside it what is left of attempts' trees: of a service that was killed.
  virtual Task<Result<void>> clear(std::string checkout, Stop& stop) = 0;
  // The folder of what the attempt's tree takes of the disk: without the checkout where that is shared.
  virtual std::string written(const std::string& attempt_directory) const = 0;
};

}  // namespace quietgate
