# SPDX-License-Identifier: Apache-2.0
# kw_layer and kw_module: one static library a folder, which sees only the
# headers of what it needs. Each folder is linked alone into its own include
# root, so that including a header of a folder that isn't needed can't compile.

function(kw_include_root name folder)
    set(root ${CMAKE_BINARY_DIR}/include/${name})
    file(MAKE_DIRECTORY ${root})
    file(CREATE_LINK ${folder} ${root}/${name} SYMBOLIC)
    target_include_directories(kw_${name} PUBLIC ${root})
endfunction()

# kw_layer(NAME NEEDS lower... LIBS libraries...)
function(kw_layer name)
    cmake_parse_arguments(arg "" "" "NEEDS;LIBS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS src/${name}/*.c)
    add_library(kw_${name} STATIC ${sources})
    list(TRANSFORM arg_NEEDS PREPEND kw_)
    target_link_libraries(kw_${name} PRIVATE kw_flags
                          PUBLIC ${arg_NEEDS} ${arg_LIBS})
    kw_include_root(${name} ${CMAKE_SOURCE_DIR}/src/${name})
endfunction()

# kw_module(NAME NEEDS modules... LIBS libraries... PURE files...)
#
# PURE files (values in, values out) become a target of their own that links
# kw_base alone, so the linker proves that they are pure.
function(kw_module name)
    cmake_parse_arguments(arg "" "" "NEEDS;LIBS;PURE;PURE_LIBS" ${ARGN})
    set(done ${KW_MODULES_DONE})
    foreach(need IN LISTS arg_NEEDS)
        if(NOT need IN_LIST done)
            message(FATAL_ERROR "module ${name} needs ${need}, which doesn't "
                                "stand above it in KW_MODULES or is off")
        endif()
    endforeach()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    list(TRANSFORM arg_PURE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    list(REMOVE_ITEM sources ${arg_PURE})
    add_library(kw_${name} STATIC ${sources})
    if(arg_PURE)
        add_library(kw_${name}_pure STATIC ${arg_PURE})
        target_link_libraries(kw_${name}_pure PRIVATE kw_flags
                              PUBLIC kw_base ${arg_PURE_LIBS})
        target_include_directories(kw_${name}_pure PUBLIC
                                   ${CMAKE_BINARY_DIR}/include/${name})
        target_link_libraries(kw_${name} PUBLIC kw_${name}_pure)
    endif()
    list(TRANSFORM arg_NEEDS PREPEND kw_)
    target_link_libraries(kw_${name} PRIVATE kw_flags ${arg_LIBS}
                          PUBLIC ${arg_NEEDS} kw_net kw_core kw_base)
    kw_include_root(${name} ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND done ${name})
    set(KW_MODULES_DONE ${done} CACHE INTERNAL "modules so far")
    set(targets ${KW_MODULE_TARGETS})
    list(APPEND targets kw_${name})
    set(KW_MODULE_TARGETS ${targets} CACHE INTERNAL "their targets")
endfunction()

set(KW_MODULES_DONE "" CACHE INTERNAL "modules so far")
set(KW_MODULE_TARGETS "" CACHE INTERNAL "their targets")

# Writes the table of all modules as a readable C file.
function(kw_module_table)
    set(declared "")
    set(listed "")
    foreach(module IN LISTS KW_MODULES_DONE)
        string(APPEND declared
               "extern const struct kw_module kw_${module}_module;\n")
        string(APPEND listed "    &kw_${module}_module,\n")
    endforeach()
    set(file ${CMAKE_BINARY_DIR}/modules.c)
    file(CONFIGURE OUTPUT ${file} CONTENT
"/* Made by CMake from KW_MODULES in CMakeLists.txt. */
#include \"core/core_module.h\"

${declared}
const struct kw_module *const kw_modules[] = {
    &kw_core_module,
${listed}    (void *)0,
};
")
    set(KW_MODULE_TABLE ${file} PARENT_SCOPE)
endfunction()
