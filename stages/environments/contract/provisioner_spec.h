// What an environment is made by: the spec of its provisioner, which only that reads.
#pragma once

#include <concepts>
#include <string>

namespace quietgate {

struct ProvisionerSpec {
  ProvisionerSpec() = default;  // none
  ProvisionerSpec(std::string name_, std::string json_, bool more_outputs_)
      : name(std::move(name_)), json(std::move(json_)), more_outputs(more_outputs_) {}
  // A provisioner's own struct stands for it: the provisioner has a `ProvisionerSpec provisioner_of(const Spec&)`.
  template <class Spec>
  requires requires(const Spec& spec) {
    { provisioner_of(spec) } -> std::same_as<ProvisionerSpec>;
  }
  ProvisionerSpec(const Spec& spec) : ProvisionerSpec(provisioner_of(spec)) {}  // NOLINT

  std::string name;           // as in the file, below `apply`; empty: none
  std::string json = "{}";    // an object, canonical: one line, keys in order. Every text in it is (template)
  bool more_outputs = false;  // it answers outputs that the file need not declare
  bool operator==(const ProvisionerSpec&) const = default;
};

// The spec as the provisioner's own struct. Throws std::exception when it is not one of these. Each provisioner
// instantiates it in its folder (runner/model/spec_codec.h).
template <class Spec>
Spec spec_of(const ProvisionerSpec& provisioner);

}  // namespace quietgate
