#include "runner/leader/process/step_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/leader/process/clocks.h"

namespace quietgate {

namespace {

constexpr std::size_t read_bytes = 256U << 10;

}  // namespace

StepOutput::StepOutput(int fd, LogWriter& file, const std::vector<std::string>& secrets)
    : fd_(fd), file_(file), masker_(secrets), capacity_(read_bytes + masker_.most_held()) {
  buffer_.reset(new char[capacity_]);
}

StepOutput::~StepOutput() {
  if (fd_ >= 0) ::close(fd_);
}

void StepOutput::pass_on(bool last) {
  pieces_.clear();
  const std::string_view text(buffer_.get(), held_);
  const auto done = masker_.mask(text, last, pieces_);
  if (!pieces_.empty()) file_.write(pieces_, wall_clock());
  held_ -= done;
  if (held_ > 0) std::memmove(buffer_.get(), buffer_.get() + done, held_);
}

void StepOutput::pump(std::size_t most) {
  for (std::size_t total = 0; fd_ >= 0 && total < most;) {
    const auto space = capacity_ - held_;
    const auto got = ::read(fd_, buffer_.get() + held_, space);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      finish();
      return;
    }
    total += static_cast<std::size_t>(got);
    held_ += static_cast<std::size_t>(got);
    pass_on(false);
  }
}

void StepOutput::finish() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
  pass_on(true);
}

}  // namespace quietgate
