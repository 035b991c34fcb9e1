// Bounded memory for one document of pugixml, whose tree takes up to 16 times the bytes of its text.
#pragma once

#include <cstddef>

namespace quietgate {

// While it lives, documents of this thread use its memory; pugixml fails with `out of memory` beyond `most` bytes.
// Destroy every such document before it. The destructor returns all of the memory to the system.
class XmlArena {
 public:
  explicit XmlArena(std::size_t most);
  ~XmlArena();
  XmlArena(const XmlArena&) = delete;
  XmlArena& operator=(const XmlArena&) = delete;

  std::size_t used() const { return used_; }

 private:
  static void* take(std::size_t bytes);
  static void give_back(void* at);
  static thread_local XmlArena* current_;

  std::size_t most_;
  std::size_t used_ = 0;
  char* memory_ = nullptr;  // pages take no memory until they are written
};

}  // namespace quietgate
