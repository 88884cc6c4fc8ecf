# SPDX-License-Identifier: BSD-3-Clause
unit_test(ima_rule agent_doctor)
fuzz_target(ima_rule agent_doctor)
add_test(NAME system.doctor COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/system/doctor.sh
    ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${PROJECT_SOURCE_DIR})
set_tests_properties(system.doctor PROPERTIES LABELS system SKIP_RETURN_CODE 77 TIMEOUT 120)
