#include "stages/load/load_rows.h"

#include <utility>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::size_t read_at_once = 64 * 1024;

}  // namespace

LoadRows::LoadRows(std::string path, const LoadSpec& spec) : path_(std::move(path)) {
  if (!spec.k6.empty()) lines_.emplace(RequestLines::Format::k6, spec.duration);
  if (spec.command) lines_.emplace(RequestLines::Format::plain, spec.duration);
}

bool LoadRows::read_into(LoadReport& report, std::size_t most) {
  for (std::size_t total = 0; total < most;) {
    const auto fresh = read_plain(path_, offset_, read_at_once);
    if (fresh.empty()) return false;
    if (lines_) {
      report.add(lines_->add(fresh));
    } else {
      report.add(fresh);
    }
    offset_ += fresh.size();
    total += fresh.size();
  }
  return true;
}

void LoadRows::finish(LoadReport& report, bool in_order) {
  if (lines_) report.add(lines_->finish(in_order));
}

}  // namespace quietgate
