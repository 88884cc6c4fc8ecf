# SPDX-License-Identifier: BSD-3-Clause
# Firmware and kernel of the demo (tests/demo.sh).
add_executable(tally-measure demo/measure.c)
target_link_libraries(tally-measure PRIVATE eventlog ima host tpm_device)
