// Where things stand below the data directory. Nothing else spells these paths.
//   mirrors/<repository>.git/
//   environments/<id>/
//   runs/<repository>/<number>/checkout/
//   runs/<repository>/<number>/<stage>.<attempt>/   the files of AttemptFile, artifacts/
#pragma once

#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct AttemptId {
  RunId run;
  std::string stage;
  int attempt = 1;
  auto operator<=>(const AttemptId&) const = default;
};

// What an attempt may leave in its folder.
enum class AttemptFile { log, progress, tests, measurements, chart, artifact_listing };
// Relative to the attempt's folder: `log`, `tests.json`.
const char* file_name(AttemptFile file);

// Of a data directory: its path is absolute, and so is all that is answered.
class DataLayout {
 public:
  explicit DataLayout(std::string data) : data_(std::move(data)) {}
  std::string mirrors() const;
  std::string mirror(const std::string& repository) const;
  std::string environments() const;
  std::string runs() const;
  std::string runs_of(const std::string& repository) const;
  std::string run(const RunId& run) const;
  std::string checkout(const RunId& run) const;
  std::string attempt(const AttemptId& attempt) const;
  std::string file(const AttemptId& attempt, AttemptFile file) const;
  std::string artifacts(const AttemptId& attempt) const;

 private:
  std::string data_;
};

// In the folder of a run: where its checkout stands, and where one is written before it is put there.
std::string checkout_in(const std::string& run_folder);
std::string new_checkout_in(const std::string& run_folder);
// The name of an attempt's folder in that of its run: `unit.1`.
std::string attempt_folder(const std::string& stage, int attempt);

}  // namespace quietgate
