// How the leader ends on a bug of its own: at once, without an explanation. A core dump shows the place.
//
// The C and C++ libraries would translate messages and make the names of types readable first, which takes a fifth of a
// static program. Linked into a program, these functions replace theirs; nobody calls them by name.
#pragma once

namespace __gnu_cxx {
void __verbose_terminate_handler();  // NOLINT: the library's name; std::terminate calls it
}  // namespace __gnu_cxx

// A failed assert() calls it.
extern "C" [[noreturn]] void __assert_fail(const char*, const char*, unsigned, const char*) noexcept;  // NOLINT
