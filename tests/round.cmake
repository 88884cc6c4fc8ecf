# SPDX-License-Identifier: BSD-3-Clause

# An agent in this process, over a forged machine.
add_library(fake_agent STATIC round/agent.c)
target_link_libraries(fake_agent PUBLIC forge message fetch)

unit_test(buffer host)
unit_test(fetch fake_agent evidence)
