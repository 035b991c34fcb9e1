// Whether the journal takes a row, which the service can do nothing without. What was found is kept for a moment, so
// that questions, however many, put no load on the disk.
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
  // `probe` tries a write; it is asked at most once per `kept`.
  WriteCheck(std::function<Result<void>()> probe, Milliseconds kept) : probe_(std::move(probe)), kept_(kept) {}

  // A row was written just now.
  void written(Clock::time_point now) {
    looked_ = now;
    why_.clear();
  }
  // Why the service is not ready, with what to do; empty: it is.
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
