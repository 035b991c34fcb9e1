#include "stages/verify/verify_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

template VerifySpec spec_of<VerifySpec>(const StageBody& body);

StageBody body_of(const VerifySpec& spec) {
  StageRelations relations{.as_is = {"name"}};
  if (spec.during.empty()) {
    relations.window = spec.last;
    relations.window_before = true;
  } else {
    relations.window_of = spec.during;
  }
  return {"verify", encoded(spec), {.leaves_window = true, .tests = true}, std::move(relations)};
}

}  // namespace quietgate
