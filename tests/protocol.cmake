# SPDX-License-Identifier: BSD-3-Clause
add_library(vectors STATIC protocol/vectors.c)
target_link_libraries(vectors PUBLIC check)

unit_test(item message vectors)
unit_test(message message vectors)
unit_test(request message vectors)
unit_test(stream message vectors)
unit_test(binding message vectors)
unit_test(evidence_file evidence vectors)

fuzz_target(message message)
fuzz_target(evidence_stream evidence)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME protocol.vectors
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/protocol/vectors.py
        ${CMAKE_CURRENT_SOURCE_DIR}/fixtures/protocol/vectors.txt)

add_subdirectory(generate)
add_subdirectory(bench)
