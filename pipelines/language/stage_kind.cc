#include "pipelines/language/stage_kind.h"

namespace quietgate {

const StageKindDescriptor* find_kind(const StageKinds& kinds, const std::string& name) {
  for (const StageKindDescriptor& kind : kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace quietgate
