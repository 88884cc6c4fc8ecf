# SPDX-License-Identifier: BSD-3-Clause

# A forged machine and its agent over CoAP, which does what it is told.
add_executable(fake_agentd round/agentd.c)
target_link_libraries(fake_agentd PRIVATE coap scene)

foreach(group answers state life watch commands)
    add_test(NAME system.attest_${group}
        COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/attest_test.py
            $<TARGET_FILE:tally> $<TARGET_FILE:fake_agentd> ${PROJECT_SOURCE_DIR}/docs/schemas
            ${group})
    set_tests_properties(system.attest_${group} PROPERTIES LABELS system TIMEOUT 300)
endforeach()

# The same with tally-agent and a software TPM; tally-measure (demo.cmake) is firmware and kernel.
add_test(NAME system.attest_tpm
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/attest_tpm_test.py
        ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${CMAKE_CURRENT_SOURCE_DIR}/demo/machine)
set_tests_properties(system.attest_tpm PROPERTIES LABELS system SKIP_RETURN_CODE 77 TIMEOUT 300)
