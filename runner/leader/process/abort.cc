#include "runner/leader/process/abort.h"

#include <cstdlib>

void __gnu_cxx::__verbose_terminate_handler() {  // NOLINT
  std::abort();
}

void __assert_fail(const char*, const char*, unsigned, const char*) noexcept {  // NOLINT
  std::abort();
}
