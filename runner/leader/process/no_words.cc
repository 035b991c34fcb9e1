// What the libraries would do to explain an end that only a bug of ours can bring about: translated messages, names of
// types made readable. Without that a static program is smaller by a fifth; a core dump tells the same.
#include <cstdlib>

namespace __gnu_cxx {
void __verbose_terminate_handler();   // NOLINT: the library's name for it
void __verbose_terminate_handler() {  // NOLINT
  std::abort();
}
}  // namespace __gnu_cxx

extern "C" [[noreturn]] void __assert_fail(const char*, const char*, unsigned, const char*) noexcept {  // NOLINT
  std::abort();
}
