# SPDX-License-Identifier: BSD-3-Clause
unit_test(doctor agent_doctor)
unit_test(ima_rule agent_doctor)
fuzz_target(ima_rule agent_doctor)
unit_test(ima_policies agent_doctor)
target_compile_definitions(ima_policies_test PRIVATE
    TALLY_IMA_POLICIES="${PROJECT_SOURCE_DIR}/policies/ima")
foreach(name IN ITEMS doctor ima_setup)
    add_test(NAME system.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/system/${name}.sh
        ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${PROJECT_SOURCE_DIR})
endforeach()
set_tests_properties(system.doctor system.ima_setup PROPERTIES LABELS system SKIP_RETURN_CODE 77
    TIMEOUT 120)
