// A provisioner's struct to the JSON of its spec and back, and the JSON of the spec in that of `apply`: for the sources
// that instantiate spec_of, and for the spec of `apply`.
#pragma once

#include <string>

#include "runner/model/spec_codec.h"
#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

template <class Spec>
Spec spec_of(const ProvisionerSpec& provisioner) {
  return read_spec<Spec>(provisioner.json);
}

// An object with one key: the name of one that plans had before others could be added, or `open`.
template <>
struct Codec<ProvisionerSpec> {
  static void encode(std::string& out, const ProvisionerSpec& provisioner);
  static void decode(const JsonValue& json, ProvisionerSpec& provisioner);
};

}  // namespace quietgate
