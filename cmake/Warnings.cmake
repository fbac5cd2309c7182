# Warnings are errors, for gcc and clang alike.
add_library(th_warnings INTERFACE)
target_compile_options(th_warnings INTERFACE
    -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wswitch-enum -Wundef -Wvla -Wwrite-strings -Wpointer-arith
    -Wcast-align -Wformat=2 -Wnull-dereference -Wdouble-promotion)
