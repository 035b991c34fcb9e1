# What makes a clean build short: each target reads the heavy headers once, precompiled, and compiles its sources in batches.
# The batches are small, so that one changed line costs one of them. `cmake --preset single` has neither: for tools that look
# at one source at a time, and to see that every source includes what it uses.
set(QUIETGATE_BATCH 4 CACHE STRING "Sources compiled together; 1: each alone")
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
    if(QUIETGATE_BATCH GREATER 1)
      # Of a batch, g++ takes each source's unnamed namespace for a header's.
      # It also sees false faults in strings when it inlines across sources; the preset single has these warnings.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${QUIETGATE_BATCH})
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
