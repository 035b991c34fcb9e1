// The one table of what stages of older plans are: version 1 of the plan had no traits in it, only the name of the
// kind and its spec. Plans that are written now have that form as well, where it says all that there is to say: the
// same pipeline has the same plan, and the same hash, as it had before.
#pragma once

#include <string>

#include "runner/base/json_tree.h"
#include "runner/model/stage_relations.h"
#include "runner/model/stage_traits.h"

namespace quietgate {

struct OlderBody {
  bool known = false;  // such plans could have that kind
  StageTraits traits;
  StageRelations relations;
};

OlderBody older_body(const std::string& kind, const JsonTree::Value& spec);

}  // namespace quietgate
