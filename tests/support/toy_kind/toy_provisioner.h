// A provisioner that nothing else knows: `apply: {sandbox: {file: NAME}}` makes a file, and no process.
#pragma once

#include <filesystem>

#include "runner/base/files.h"
#include "stages/environments/contract/provisioner_codec.h"
#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

struct SandboxSpec {
  std::string file;  // (template)
};
template <class A>
void fields(A& a, SandboxSpec& v) {
  a("file", v.file);
}
inline ProvisionerSpec provisioner_of(const SandboxSpec& spec) {
  return {"sandbox", encoded(spec), true};
}

class SandboxProvisioner final : public Provisioner {
 public:
  Task<Result<std::map<std::string, std::string>>> create(Provision provision) override {
    using Outputs = Result<std::map<std::string, std::string>>;
    const auto spec = spec_of<SandboxSpec>(provision.spec);
    provision.environment.own = encoded(spec);
    if (auto saved = save(provision.environment, provision.folder); !saved) co_return Outputs(saved.error());
    const auto file = provision.folder.data() + "/" + spec.file;
    if (auto written = write_file_durably(file, "sand\n"); !written) co_return Outputs(written.error());
    co_return std::map<std::string, std::string>{{"file", file}};
  }
  Task<Result<void>> destroy(EnvironmentDescriptor environment, EnvironmentFolder folder, Stop&) override {
    const auto spec = read_spec<SandboxSpec>(environment.own);
    std::error_code error;
    if (!std::filesystem::remove(folder.data() + "/" + spec.file, error))
      co_return infrastructure_error("the sandbox has no " + spec.file);
    co_return Result<void>();
  }
};

inline ProvisionerDescriptor sandbox_provisioner() {
  return {"sandbox",
          [](const Found& found, StageFields& fields) -> ProvisionerSpec {
            SandboxSpec spec;
            MapReader map(fields.values(), found, "`sandbox`");
            fields.text(map.require("file", "the name of the file"), spec.file);
            map.finish();
            return spec;
          },
          [](const ProvisionerSpec& spec) { return spec_of<SandboxSpec>(spec).file; },
          [](StepExecutor&, Http&, Clock&) -> std::unique_ptr<Provisioner> {
            return std::make_unique<SandboxProvisioner>();
          }};
}

}  // namespace quietgate
