# SPDX-License-Identifier: BSD-3-Clause
# Firmware and kernel of the demo (tests/demo.sh).
add_executable(tally-measure demo/measure.c)
target_link_libraries(tally-measure PRIVATE eventlog ima host tpm_device)

add_test(NAME demo COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/demo.sh ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set_tests_properties(demo PROPERTIES LABELS "demo;system" SKIP_RETURN_CODE 77 TIMEOUT 120)
