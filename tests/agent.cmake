# SPDX-License-Identifier: BSD-3-Clause
unit_test(file host)
unit_test(file_writer host)
unit_test(settings host)
unit_test(agent_config agent)
unit_test(serve agent_serve)

# tally-agent against a software TPM, with helpers of its own
add_executable(fake_tpm system/fake_tpm.c)
target_link_libraries(fake_tpm PRIVATE tally_flags)
add_executable(leftovers system/leftovers.c)
target_link_libraries(leftovers PRIVATE tpm_device)
add_executable(check_quote system/check_quote.c)
target_link_libraries(check_quote PRIVATE tpm host)
add_executable(check_evidence system/check_evidence.c)
target_link_libraries(check_evidence PRIVATE tpm host message)
add_test(NAME system.agent_collect
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/system/agent_collect.sh ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set_tests_properties(system.agent_collect PROPERTIES SKIP_RETURN_CODE 77 LABELS system TIMEOUT 180)
add_executable(ask system/ask.c)
target_link_libraries(ask PRIVATE coap)
function(agent_system_test name script)
    add_test(NAME system.${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/system/${script}.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${ARGN})
    set_tests_properties(system.${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS system TIMEOUT 180)
endfunction()
agent_system_test(agent_run agent_run)
agent_system_test(agent_tpm_slow agent_tpm test_slow test_overflow test_idle)
agent_system_test(agent_tpm_faults agent_tpm test_missing test_changed_key test_banks test_killed
    test_shared test_stuck)
agent_system_test(soak soak)
