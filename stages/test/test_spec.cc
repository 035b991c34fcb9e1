#include "stages/test/test_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

template TestSpec spec_of<TestSpec>(const StageBody& body);

StageBody body_of(const TestSpec& spec) {
  const StageTraits traits{
      .runs_in_tree = true, .tests = true, .may_keep_artifacts = true, .keeps_artifacts = !spec.artifacts.empty()};
  return {"test", encoded(spec), traits};
}

}  // namespace quietgate
