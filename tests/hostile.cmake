# SPDX-License-Identifier: BSD-3-Clause

# A machine that lies. Never installed.
add_library(lies STATIC hostile/lies.c hostile/lies_cbor.c hostile/lies_logs.c hostile/lies_message.c
    hostile/lies_quote.c hostile/machine.c hostile/wire.c)
target_link_libraries(lies PUBLIC forge message)

add_executable(machine_test hostile/machine_test.c)
target_link_libraries(machine_test PRIVATE lies)
add_test(NAME hostile.machine COMMAND machine_test)

fuzz_target(agent_answer agent_serve)

add_executable(dishonest_agent hostile/dishonest_agent.c)
target_link_libraries(dishonest_agent PRIVATE lies coap)
