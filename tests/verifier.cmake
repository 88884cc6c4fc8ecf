# SPDX-License-Identifier: BSD-3-Clause

# Forged evidence, and attacks in rows.
add_library(forge STATIC forge.c forge_quote.c attack.c rounds.c)
target_link_libraries(forge PUBLIC check appraise)

unit_test(verdict appraise)
unit_test(appraise forge)
unit_test(appraise_logs forge)
unit_test(appraise_search forge)
unit_test(appraise_conclude forge)
unit_test(appraise_captures forge)
set_tests_properties(unit.appraise_captures PROPERTIES SKIP_RETURN_CODE 77)
unit_test(appraise_cut forge)
unit_test(appraise_delta forge)
unit_test(appraise_resync forge)
unit_test(appraise_round forge)
unit_test(judge forge)
unit_test(judge_files forge)
unit_test(hook forge case)
unit_test(report case)
unit_test(pcr_file verifier_io)
unit_test(ima_input forge verifier_io)
unit_test(replay forge replay)

add_executable(forge_files forge_files.c)
target_link_libraries(forge_files PRIVATE forge message)

# The programs themselves, over forged evidence.
add_test(NAME system.exit_status
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/system/exit_status.sh $<TARGET_FILE:tally>
        $<TARGET_FILE:forge_files>)

# find_package(Python3) is in protocol.cmake. Debian's python3 has the module, others may not.
set(captures ${PROJECT_SOURCE_DIR}/../shared/captures)
add_test(NAME system.schemas
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/schema_test.py $<TARGET_FILE:tally>
        $<TARGET_FILE:forge_files> ${PROJECT_SOURCE_DIR}/docs/schemas ${captures})
add_test(NAME system.captures
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/captures_test.py $<TARGET_FILE:tally>
        ${captures})
set_tests_properties(system.schemas system.captures PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(system.exit_status system.schemas system.captures PROPERTIES LABELS system
    TIMEOUT 300)

add_test(NAME docs.threat_table
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/threat_table.py
        ${PROJECT_SOURCE_DIR}/docs/threat-table.md ${CMAKE_CURRENT_SOURCE_DIR})
