# SPDX-License-Identifier: BSD-3-Clause
# Every pure library; one that a build does not have is left out.
set(pure_libraries common ima eventlog tpm message)

set(pure_archives)
foreach(library IN LISTS pure_libraries)
    if(TARGET ${library})
        list(APPEND pure_archives $<TARGET_FILE:${library}>)
    endif()
endforeach()
foreach(check calls data)
    add_test(NAME pure.${check}
        COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/pure.sh ${check} ${pure_archives})
endforeach()
add_test(NAME pure.layers
    COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/layers.sh ${PROJECT_SOURCE_DIR})
