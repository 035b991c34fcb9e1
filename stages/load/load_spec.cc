#include "stages/load/load_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

namespace {

constexpr const char* kind_name = "load";

}  // namespace

template LoadSpec spec_of<LoadSpec>(const StageBody& body);

StageBody body_of(const LoadSpec& spec) {
  const StageTraits traits{.runs_in_tree = true, .loads = true, .leaves_window = true};
  return {kind_name, encoded(spec), traits, {.window = spec.duration}};
}

std::optional<LoadSpec> load_of(const StageBody& body) {
  if (body.kind() != kind_name) return std::nullopt;
  return spec_of<LoadSpec>(body);
}

}  // namespace quietgate
