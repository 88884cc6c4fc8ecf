# SPDX-License-Identifier: BSD-3-Clause
# The alert hooks of docs/hooks (find_package(Python3) is in protocol.cmake).
set(hooks ${CMAKE_CURRENT_SOURCE_DIR}/hooks)
foreach(name deliver webhook forward quarantine)
    add_test(NAME hooks.${name} COMMAND Python3::Interpreter -B ${hooks}/${name}_test.py)
endforeach()
add_test(NAME hooks.nftables COMMAND Python3::Interpreter -B ${hooks}/quarantine_test.py nft)
add_test(NAME hooks.tally COMMAND Python3::Interpreter -B ${hooks}/tally_test.py
    $<TARGET_FILE:tally> $<TARGET_FILE:forge_files>)
set_tests_properties(hooks.nftables PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(hooks.deliver hooks.webhook hooks.forward hooks.quarantine hooks.nftables
    hooks.tally PROPERTIES LABELS system TIMEOUT 120)

# What pages show is what the programs say.
add_test(NAME docs.man COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_SOURCE_DIR}/man_test.py
    ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${PROJECT_SOURCE_DIR}/docs/man)
add_test(NAME docs.files COMMAND Python3::Interpreter -B ${CMAKE_CURRENT_SOURCE_DIR}/docs_test.py
    ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${CMAKE_CURRENT_SOURCE_DIR}/demo/machine
    ${PROJECT_SOURCE_DIR}/docs/files.md)
