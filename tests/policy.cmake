# SPDX-License-Identifier: BSD-3-Clause
unit_test(allowlist policy)
unit_test(pattern policy)
unit_test(policy policy)
unit_test(policy_check policy)
unit_test(policy_edit policy)
unit_test(policy_scan policy_make)
unit_test(siphash policy)
fuzz_target(allowlist policy)
fuzz_target(policy policy)

# The examples must be without errors and warnings.
foreach(example boot-chain container-host no-boot-log server-tcb)
    add_test(NAME policies.${example}
        COMMAND tally policy check ${PROJECT_SOURCE_DIR}/policies/${example}.yaml)
endforeach()

# Declared by name: tests/verifier.cmake adds the forger after this file.
add_test(NAME system.policy
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/system/policy.sh $<TARGET_FILE:tally>
        $<TARGET_FILE:forge_files>)
