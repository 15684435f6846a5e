# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers, all carried by the interface kw_flags.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

set(KW_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
option(KW_COVERAGE "Count lines and branches with gcov" OFF)
option(KW_WERROR "Warnings are errors, as in the presets" OFF)

# Signed overflow wraps. Not under a sanitizer: what is defined is not
# reported, and UBSan would be blind to it.
if(NOT KW_SANITIZE)
    set(kw_overflow -fno-strict-overflow)
endif()

add_library(kw_flags INTERFACE)
target_compile_definitions(kw_flags INTERFACE _GNU_SOURCE)
target_compile_options(kw_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wold-style-definition -Wformat=2 -Wcast-align
    -Wcast-qual -Wpointer-arith -Wwrite-strings -Wundef -Wswitch-enum
    -Wimplicit-fallthrough -Wdouble-promotion -Wdate-time -Wnull-dereference
    # What an initializer leaves out is zero; a new member touches no table.
    -Wno-missing-field-initializers
    -fstack-protector-strong
    ${kw_overflow})
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(kw_flags INTERFACE
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches
        -fstack-clash-protection)
endif()
if(KW_WERROR)
    target_compile_options(kw_flags INTERFACE -Werror)
endif()
target_link_options(kw_flags INTERFACE
    -Wl,-z,relro,-z,now,-z,noexecstack)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")

if(KW_SANITIZE)
    target_compile_options(kw_flags INTERFACE
        -fsanitize=${KW_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(kw_flags INTERFACE -fsanitize=${KW_SANITIZE})
    target_compile_definitions(kw_flags INTERFACE KW_SANITIZED=1)
elseif(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
    # It warns without optimization, which any other type leaves to whoever
    # builds.
    target_compile_options(kw_flags INTERFACE -U_FORTIFY_SOURCE
                           -D_FORTIFY_SOURCE=2)
endif()
if(KW_FUZZ) # coverage for libFuzzer in the libraries, too
    target_compile_options(kw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(KW_COVERAGE)
    target_compile_options(kw_flags INTERFACE --coverage -O0)
    target_link_options(kw_flags INTERFACE --coverage)
endif()
