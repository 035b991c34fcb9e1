#include "runner/service/rule_files_check.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>

#include "runner/adapters/local_steps/local_steps.h"
#include "runner/base/tree_removal.h"
#include "runner/service/composition.h"
#include "stages/gate/rules_check.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

Task<void> keep_answer(Task<Result<void>> task, std::optional<Result<void>>& answer) {
  answer.emplace(co_await std::move(task));
}

}  // namespace

Result<void> check_rule_files(const Plan& plan, const std::string& folder) {
  std::string scratch = fs::temp_directory_path() / "quietgate-rules-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return infrastructure_error(scratch + " can't be made");
  boost::asio::io_context loop{1};
  LocalSteps steps(loop.get_executor(), DataLayout(scratch));
  RulesCheck check(steps, step_environment());
  Plan checked = plan;
  checked.run = {"here", 1};
  Stop stop;
  std::optional<Result<void>> answer;
  std::exception_ptr thrown;
  spawn(loop.get_executor(), keep_answer(check.check(std::move(checked), folder, stop), answer),
        [&thrown](std::exception_ptr e) { thrown = e; });
  loop.run();
  (void)remove_tree(scratch).ok();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*answer);
}

}  // namespace quietgate
