# What makes a clean build short: each target reads the heavy headers once, precompiled, and compiles its sources in batches.
# The batches are small, so that one changed line costs one of them. `cmake --preset single` has neither: for tools that look
# at one source at a time, and to see that every source includes what it uses.
set(QUIETGATE_BATCH_BYTES 56000 CACHE STRING "Bytes of source compiled together; 0: each source alone")
option(QUIETGATE_PRECOMPILE "Read the heavy headers precompiled" ON)
option(QUIETGATE_LLD "Link with lld where it is installed" ON)

# Of the standard library and of others alone, and what most sources include. Not nlohmann/json: its load costs each source
# half a second, more than a batch spends on reading it.
set(quietgate_heavy <algorithm> <array> <charconv> <chrono> <filesystem> <functional> <list> <map> <memory> <mutex> <optional> <set>
  <sstream> <string> <string_view> <utility> <variant> <vector> <boost/asio/any_io_executor.hpp> <boost/asio/awaitable.hpp>
  <fmt/format.h>)

# One precompiled set for each way to optimise: g++ refuses one that was made with other flags.
foreach(way fast small)
  set(source ${CMAKE_BINARY_DIR}/precompiled/${way}.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "")
  endif()
  add_library(quietgate_precompiled_${way} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(quietgate_precompiled_${way} PRIVATE fmt::fmt Threads::Threads)
  if(way STREQUAL small)
    target_compile_options(quietgate_precompiled_${way} PRIVATE ${QUIETGATE_SMALL})
  endif()
  if(QUIETGATE_PRECOMPILE)
    target_compile_options(quietgate_precompiled_${way} PRIVATE -fpch-preprocess)
    target_precompile_headers(quietgate_precompiled_${way} PRIVATE ${quietgate_heavy})
  endif()
endforeach()

# quietgate_batches(TARGET): puts its sources into batches of about QUIETGATE_BATCH_BYTES bytes each. A batch costs two seconds before
# its first line, and three more where JSON is read: those that include it come last, together.
function(quietgate_batches target)
  set(each 2500)  # what a source costs beyond its lines, in bytes
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  set(last_ones "")
  foreach(source ${sources})
    file(STRINGS ${source} includes_json REGEX "^#include <nlohmann/json.hpp>" LIMIT_COUNT 1)
    if(includes_json)
      list(REMOVE_ITEM sources ${source})
      list(APPEND last_ones ${source})
    endif()
  endforeach()
  list(APPEND sources ${last_ones})
  set(all 0)
  foreach(source ${sources})
    file(SIZE ${source} size)
    math(EXPR all "${all} + ${size} + ${each}")
  endforeach()
  math(EXPR batches "(${all} + ${QUIETGATE_BATCH_BYTES} - 1) / ${QUIETGATE_BATCH_BYTES}")
  set(before 0)
  foreach(source ${sources})
    math(EXPR batch "${before} * ${batches} / ${all}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${batch})
    file(SIZE ${source} size)
    math(EXPR before "${before} + ${size} + ${each}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# quietgate_build_time(WAY TARGET...): call it for every target of many sources; WAY is `fast` or `small`.
function(quietgate_build_time way)
  foreach(target ${ARGN})
    if(way STREQUAL small)
      target_compile_options(${target} PRIVATE ${QUIETGATE_SMALL})
    endif()
    if(QUIETGATE_PRECOMPILE)
      # ccache reads the precompiled set's name from the preprocessor, and needs the sloppiness that the presets set.
      target_compile_options(${target} PRIVATE -fpch-preprocess)
      target_precompile_headers(${target} REUSE_FROM quietgate_precompiled_${way})
    endif()
    if(QUIETGATE_BATCH_BYTES GREATER 0)
      # Of a batch, g++ takes each source's unnamed namespace for a header's.
      # It also sees false faults in strings when it inlines across sources; the preset single has these warnings.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
      quietgate_batches(${target})
    endif()
  endforeach()
endfunction()

if(QUIETGATE_LLD)
  find_program(quietgate_lld ld.lld)
  if(quietgate_lld)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

# Sources that take as long as a batch do: each is compiled alone, so that a changed line in it or beside it does not wait for both.
function(quietgate_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
