#include "stages/gate/finding.h"

#include <utility>

#include "stages/gate/proof_text.h"

namespace quietgate {

Finding conclude(std::string id, std::string name, std::vector<std::string> problems, std::string detail) {
  Finding finding;
  finding.proof.id = std::move(id);
  finding.proof.name = std::move(name);
  finding.proof.verdict = problems.empty() ? GateVerdict::quiet : GateVerdict::blind;
  finding.proof.detail = problems.empty() ? std::move(detail) : list_text(problems);
  finding.problems = std::move(problems);
  return finding;
}

}  // namespace quietgate
