// One stream of the step's output: read as it comes, secrets hidden, appended to a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runner/leader/log_writer.h"
#include "runner/leader/masker.h"

namespace quietgate {

class StepOutput {
 public:
  // Takes the descriptor, which doesn't block. The file outlives this.
  StepOutput(int fd, LogWriter& file, const std::vector<std::string>& secrets);
  ~StepOutput();
  StepOutput(const StepOutput&) = delete;
  StepOutput& operator=(const StepOutput&) = delete;

  int fd() const { return fd_; }  // -1 once it has ended
  // Reads what is there, at most about `most` bytes.
  void pump(std::size_t most);
  // Nothing more is read: what was held back as the possible beginning of a secret is written.
  void finish();

 private:
  void pass_on(bool last);

  int fd_;
  LogWriter& file_;
  Masker masker_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t held_ = 0;  // bytes at the buffer's head that wait for more
  std::vector<std::string_view> pieces_;
};

}  // namespace quietgate
