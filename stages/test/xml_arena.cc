#include "stages/test/xml_arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <pugixml.hpp>

namespace quietgate {

namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

}  // namespace

thread_local XmlArena* XmlArena::current_ = nullptr;

XmlArena::XmlArena(std::size_t most) : most_(most) {
  static std::once_flag told;
  std::call_once(told, [] { pugi::set_memory_management_functions(&XmlArena::take, &XmlArena::give_back); });
  auto* got = ::mmap(nullptr, most_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got != MAP_FAILED) memory_ = static_cast<char*>(got);
  current_ = this;
}

XmlArena::~XmlArena() {
  current_ = nullptr;
  if (memory_ != nullptr) ::munmap(memory_, most_);
}

void* XmlArena::take(std::size_t bytes) {
  auto* arena = current_;
  if (arena == nullptr) return std::malloc(bytes);
  const auto size = (bytes + alignment - 1) / alignment * alignment;
  if (arena->memory_ == nullptr || size < bytes || size > arena->most_ - arena->used_) return nullptr;
  auto* at = arena->memory_ + arena->used_;
  arena->used_ += size;
  return at;
}

void XmlArena::give_back(void* at) {
  if (current_ == nullptr) std::free(at);
}

}  // namespace quietgate
