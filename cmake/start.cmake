# A shared library holds memory as soon as it is loaded, and each costs time at the start: its tables are read, and its
# pages are touched far apart. Of an archive, only what is used comes along. They are taken where they are installed.
#   quietgate_archive(NAME SHARED file...)  makes the target NAME: the archives, or the target SHARED when one is missing
function(quietgate_archive name shared)
  set(found "")
  foreach(file ${ARGN})
    find_library(quietgate_path_of_${file} ${file})
    list(APPEND found ${quietgate_path_of_${file}})
  endforeach()
  add_library(${name} INTERFACE)
  if("${found}" MATCHES "NOTFOUND")
    target_link_libraries(${name} INTERFACE ${shared})
  else()
    target_link_libraries(${name} INTERFACE ${found} ${CMAKE_DL_LIBS} Threads::Threads)
  endif()
endfunction()

quietgate_archive(quietgate_yaml_cpp yaml-cpp libyaml-cpp.a)
quietgate_archive(quietgate_utf8proc PkgConfig::UTF8PROC libutf8proc.a)
quietgate_archive(quietgate_sodium PkgConfig::SODIUM libsodium.a)
quietgate_archive(quietgate_sqlite SQLite::SQLite3 libsqlite3.a)
# Its calls of libssh2 and Kerberos, and one of mbedTLS, go to runner/adapters/git/late_libraries.cc.
quietgate_archive(quietgate_libgit2 PkgConfig::LIBGIT2 libgit2.a libmbedtls.a libmbedx509.a libmbedcrypto.a libhttp_parser.a
  libpcre2-8.a libz.a)
if(NOT "${quietgate_path_of_libgit2.a}" MATCHES "NOTFOUND")
  target_link_options(quietgate_libgit2 INTERFACE -Wl,--wrap=mbedtls_x509_crt_parse_file)
endif()

# quietgate_in_order(PROGRAM): what a service calls when it starts and waits stands side by side in the program, as far as
# the linker can do that (lld), and all initializers of files beside each other. Each page that is touched brings 64 kB around it
# into memory. scripts/start-order makes the list.
function(quietgate_in_order program)
  if(QUIETGATE_LLD AND quietgate_lld)
    set(list ${CMAKE_SOURCE_DIR}/cmake/start_order.txt)
    target_link_options(${program} PRIVATE -Wl,--symbol-ordering-file=${list} -Wl,--no-warn-symbol-ordering
      -Wl,-z,keep-text-section-prefix)
    set_target_properties(${program} PROPERTIES LINK_DEPENDS ${list})
  endif()
endfunction()
