// The names of an enum in JSON.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

namespace quietgate {

template <class E, std::size_t N>
using NameList = std::array<std::pair<E, const char*>, N>;

// Specialise with `static constexpr NameList<E, N> value`.
template <class E>
struct Names;

}  // namespace quietgate
