# SPDX-License-Identifier: BSD-3-Clause
add_library(ima_made STATIC unit/ima_made.c)
target_link_libraries(ima_made PUBLIC check ima)
unit_test(ima_entry ima_made)
unit_test(ima_template ima_made)
unit_test(ima_algorithm ima_made)
unit_test(ima_list ima_made)
unit_test(ima_replay ima_made)
unit_test(ima_walk ima_made)
