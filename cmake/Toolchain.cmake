# Compiler flags, sanitizers and third-party packages, in one place.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(house_flags INTERFACE)
target_compile_options(house_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -fstack-protector-strong -fno-omit-frame-pointer -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these three inside inlined standard library code.
  target_compile_options(house_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(house_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(KW_FAILPOINTS)
  target_compile_definitions(house_flags INTERFACE KW_FAILPOINTS=1)
endif()

set(KW_SANITIZE "" CACHE STRING "comma separated -fsanitize= list")
if(KW_SANITIZE)
  add_compile_options(-fsanitize=${KW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KW_SANITIZE})
  # Binaries with sanitizers are large: lld links them in a quarter of the time.
  find_program(LLD ld.lld)
  if(LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()
if(KW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
if(KW_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
