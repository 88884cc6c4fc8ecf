# SPDX-License-Identifier: BSD-3-Clause
# Other implementations against ours. Debian's python3 has the modules, others may not.
find_program(DEBIAN_PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

add_executable(recode interop/recode.c)
target_link_libraries(recode PRIVATE message)
add_test(NAME interop.cbor
    COMMAND ${DEBIAN_PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/interop/cbor_test.py
        $<TARGET_FILE:recode>)
set_tests_properties(interop.cbor PROPERTIES SKIP_RETURN_CODE 77)

# Over the wire. Where npm cannot be reached its test says so and is skipped.
foreach(client coap-client node)
    add_test(NAME interop.${client}
        COMMAND ${DEBIAN_PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/interop/wire_test.py ${client}
            ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${PROJECT_BINARY_DIR}/interop/${client})
endforeach()
set_tests_properties(interop.coap-client interop.node PROPERTIES LABELS system
    SKIP_RETURN_CODE 77 TIMEOUT 180)
