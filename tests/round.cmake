# SPDX-License-Identifier: BSD-3-Clause

# An agent in this process, over a forged machine.
add_library(fake_agent STATIC round/agent.c)
target_link_libraries(fake_agent PUBLIC forge message fetch)

unit_test(buffer host)
unit_test(fetch fake_agent evidence)

# Hosts that are attested round by round.
add_library(scene STATIC round/scene.c)
target_link_libraries(scene PUBLIC fake_agent round)

unit_test(round scene)
unit_test(round_findings scene)
unit_test(host_state forge host_state)
unit_test(policy_watch forge attest)

fuzz_target(fetch fetch)
fuzz_target(host_state host_state)
