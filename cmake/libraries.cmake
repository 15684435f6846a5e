# SPDX-License-Identifier: Apache-2.0
# The libraries, each with one owner: see docs/dependencies.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(MODBUS REQUIRED IMPORTED_TARGET libmodbus)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

# llhttp: Debian 13 has it as a library; Debian 12 ships its C sources in
# node-llhttp, compiled here as a third-party target without our warnings.
pkg_check_modules(LLHTTP IMPORTED_TARGET libllhttp)
if(LLHTTP_FOUND)
    add_library(kw_llhttp ALIAS PkgConfig::LLHTTP)
else()
    find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
    find_path(LLHTTP_HEADER llhttp.h PATHS /usr/share/include/llhttp)
    if(NOT LLHTTP_SOURCES OR NOT LLHTTP_HEADER)
        message(FATAL_ERROR "llhttp not found: install node-llhttp (Debian 12) "
                            "or libllhttp-dev (Debian 13)")
    endif()
    add_library(kw_llhttp STATIC ${LLHTTP_SOURCES}/api.c
                ${LLHTTP_SOURCES}/http.c ${LLHTTP_SOURCES}/llhttp.c)
    target_include_directories(kw_llhttp SYSTEM PUBLIC ${LLHTTP_HEADER})
    target_compile_options(kw_llhttp PRIVATE -w)
    # As llhttp 9 is by itself; docs/dependencies.md says what it changes.
    target_compile_definitions(kw_llhttp PRIVATE LLHTTP_STRICT_MODE=1)
endif()
