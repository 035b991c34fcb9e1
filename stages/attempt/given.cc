#include "stages/attempt/given.h"

#include <filesystem>
#include <utility>

#include "runner/base/files.h"
#include "stages/attempt/artifacts.h"
#include "stages/attempt/step.h"

namespace quietgate {

Task<StageOutcome> GivenStage::run(StageRequest request) {
  if (request.given.empty()) co_return co_await inner_.run(std::move(request));
  auto given = given_of(request.given);
  std::function<Result<void>(const Disk::StopFlag&)> work =
      [from = request.given, checkout = request.checkout,
       done = request.directory + "/given.json"](const Disk::StopFlag& stop) -> Result<void> {
    std::error_code error;
    if (std::filesystem::exists(done, error)) return {};
    auto put = put_artifacts(from, checkout, stop);
    if (!put) return put;
    return write_file_durably(done, "{\"version\":1}\n");
  };
  auto put = co_await disk_.run(std::move(work), *request.stop);
  if (!put) {
    request.log->line(put.error().message);
    co_return outcome_of(put.error());
  }
  if (!request.resume) tell_given(*request.log, request.given);
  auto outcome = co_await inner_.run(std::move(request));
  outcome.given = std::move(given);
  co_return outcome;
}

void tell_given(StageLog& log, const std::vector<GivenArtifacts>& given) {
  for (const auto& each : given) {
    log.line(std::to_string(each.kept.files) + (each.kept.files == 1 ? " artifact of " : " artifacts of ") +
             each.stage + ", " + std::to_string(each.kept.bytes) + " bytes");
  }
}

}  // namespace quietgate
