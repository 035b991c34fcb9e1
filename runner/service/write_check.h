// Checks whether the journal can be written. The result is cached for a moment, so that many requests put no load on
// the disk.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

class WriteCheck {
 public:
  using Clock = std::chrono::steady_clock;
  // `probe` tests a write; it is called at most once per `kept`.
  WriteCheck(std::function<Result<void>()> probe, Milliseconds kept) : probe_(std::move(probe)), kept_(kept) {}

  // Reports that a row was written at this time.
  void written(Clock::time_point now) {
    looked_ = now;
    why_.clear();
  }
  // Why the service is not ready, with advice; empty if it is ready.
  std::string why_not(Clock::time_point now) {
    if (looked_ && now - *looked_ < kept_) return why_;
    looked_ = now;
    const auto written = probe_();
    why_ = written ? std::string() : written.error().message;
    if (!written && !written.error().advice.empty()) why_ += " (" + written.error().advice + ")";
    return why_;
  }

 private:
  std::function<Result<void>()> probe_;
  Milliseconds kept_;
  std::optional<Clock::time_point> looked_;
  std::string why_;
};

}  // namespace quietgate
