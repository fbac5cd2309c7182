# Release builds are hardened; assertions stay on in every build (base/assert.h has no off switch).
# -DTH_SANITIZE=ON builds everything with ASan and UBSan, for the tests.
option(TH_SANITIZE "build with the address and undefined-behaviour sanitizers" OFF)
add_compile_options(-fno-strict-aliasing)
if(TH_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
    add_link_options(-pie -Wl,-z,relro -Wl,-z,now)
endif()
