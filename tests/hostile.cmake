# SPDX-License-Identifier: BSD-3-Clause

# A machine that lies. Never installed.
add_library(lies STATIC hostile/lies.c hostile/lies_cbor.c hostile/lies_logs.c hostile/lies_message.c
    hostile/lies_quote.c hostile/machine.c hostile/wire.c)
target_link_libraries(lies PUBLIC forge message)

add_executable(machine_test hostile/machine_test.c)
target_link_libraries(machine_test PRIVATE lies)
add_test(NAME hostile.machine COMMAND machine_test)

fuzz_target(agent_answer agent_serve)
fuzz_target(round round OpenSSL::Crypto)

add_executable(dishonest_agent hostile/dishonest_agent.c)
target_link_libraries(dishonest_agent PRIVATE lies coap)

# Lies told to a real `tally attest` over CoAP, and networks that are bad.
function(hostile_test name script)
    add_test(NAME hostile.${name}
        COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 $<TARGET_FILE:Python3::Interpreter>
            ${CMAKE_CURRENT_SOURCE_DIR}/hostile/${script}.py $<TARGET_FILE:tally>
            $<TARGET_FILE:dishonest_agent> ${ARGN})
    set_tests_properties(hostile.${name} PROPERTIES LABELS system TIMEOUT 180)
endfunction()

foreach(group quote logs message cbor)
    hostile_test(lies_${group} lies_test ${group})
endforeach()
foreach(group udp tcp storm)
    hostile_test(coap_${group} coap_lies_test ${group})
endforeach()
hostile_test(bad_network relay_test)

add_test(NAME hostile.agent_storm
    COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 $<TARGET_FILE:Python3::Interpreter>
        ${CMAKE_CURRENT_SOURCE_DIR}/hostile/agent_storm_test.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set_tests_properties(hostile.agent_storm PROPERTIES SKIP_RETURN_CODE 77 LABELS system TIMEOUT 180)
