# The aggregator, and the programs that measure it, are optimised as a whole when they are linked:
# a program with the property TH_WHOLE (docs/BENCHMARKS.md says what that gave). What they are made
# of keeps its machine code as well, which all other programs are linked of: the hundreds of the
# tests, and the auditor's, whose replay is no faster for it.
define_property(TARGET PROPERTY TH_WHOLE BRIEF_DOCS "optimised when it is linked")
include(CheckCCompilerFlag)
check_c_compiler_flag(-ffat-lto-objects TH_HAS_FAT_OBJECTS)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND
   TH_HAS_FAT_OBJECTS)
    set(TH_FAT_OBJECTS -flto=auto -ffat-lto-objects)
    add_compile_options(${TH_FAT_OBJECTS})
    add_link_options($<IF:$<BOOL:$<TARGET_PROPERTY:TH_WHOLE>>,-flto=auto,-fno-lto>)
endif()

# What is compiled in this folder and those below is of no such program.
function(th_plain_objects)
    if(TH_FAT_OBJECTS)
        get_directory_property(options COMPILE_OPTIONS)
        list(REMOVE_ITEM options ${TH_FAT_OBJECTS})
        set_directory_properties(PROPERTIES COMPILE_OPTIONS "${options}")
    endif()
endfunction()
