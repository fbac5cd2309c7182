# Release builds are hardened; assertions stay on in every build (base/assert.h has no off switch).
# -DTH_SANITIZE=ON builds everything with ASan and UBSan, for the tests.
# -DTH_FUZZ=ON, with clang: all code tells libFuzzer where it was, and tests/fuzz makes the fuzzers.
option(TH_SANITIZE "build with the address and undefined-behaviour sanitizers" OFF)
option(TH_FUZZ "build the fuzzers (clang)" OFF)
add_compile_options(-fno-strict-aliasing)
if(TH_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
    add_link_options(-pie -Wl,-z,relro -Wl,-z,now)
endif()
if(TH_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
