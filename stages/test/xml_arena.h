// The memory that pugixml takes for one document, with a bound: a tree takes up to 16 times the bytes of its text.
#pragma once

#include <cstddef>

namespace quietgate {

// While it lives, the documents of this thread are made in it: pugixml fails with `out of memory` beyond `most` bytes.
// Every such document is destroyed before it. What it took goes back to the system at once, as a whole.
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
  char* memory_ = nullptr;  // pages are the system's until they are written
};

}  // namespace quietgate
