// Where things stand below the data directory. Nothing else spells these paths.
//   mirrors/<repository>.git/
//   environments/<id>/
//     services/<generation>/<name>   a service: its record and script; `<name>/log`
//     <part>/<work>/<step>           another step; `<step>.log`, `<step>.json`; `<work>.log` of all
//   runs/<repository>/<number>/checkout/
//   runs/<repository>/<number>/rules-check/<step>   the plan is checked; `<step>.log`
//   runs/<repository>/<number>/<stage>.<attempt>/   the files of AttemptFile, artifacts/
//     <n>-run, steps/<step>, steps/<group>/<step>   its steps; `<step>.out`; they log to `log`
// A step's record is `<step>.step`, the file of its script `<step>.script`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/step_name.h"

namespace quietgate {

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

  // Of names that check_name takes.
  std::string place(const StepName& step) const;  // without an ending
  std::string record(const StepName& step) const;
  std::string script(const StepName& step) const;
  std::string text(const StepText& text) const;
  std::string steps(const StepOwner& owner) const;  // the folder of all that is kept of them
  // Where records of the owner's steps stand. `groups`: in folders of it as well, each a group's.
  struct StepFolder {
    std::string path;
    bool groups = false;
  };
  std::vector<StepFolder> step_folders(const StepOwner& owner) const;
  // Whose record it is, when it stands where a step of this owner has it.
  std::optional<StepName> step_at(const StepOwner& owner, const std::string& record) const;

 private:
  std::string data_;
};

// In the folder of a run: where its checkout stands, and where one is written before it is put there.
std::string checkout_in(const std::string& run_folder);
std::string new_checkout_in(const std::string& run_folder);
// The name of an attempt's folder in that of its run: `unit.1`.
std::string attempt_folder(const std::string& stage, int attempt);
// Whose steps are kept in this folder of a run: `unit.1`, `unit.1.stale-2`, `rules-check`. Nothing: nobody's.
std::optional<StepOwner> owner_in(const RunId& run, const std::string& folder);
// The service of the environment whose place() it is, wherever the data directory stood then. Nothing: it is none's.
std::optional<StepName> service_at(const std::string& environment, const std::string& place);
// The data directory that the folder of an environment, `<data>/environments/<id>`, stands in.
std::string data_of_environment(const std::string& folder);

}  // namespace quietgate
