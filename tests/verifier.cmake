# SPDX-License-Identifier: BSD-3-Clause

# Forged evidence, and attacks in rows.
add_library(forge STATIC forge.c forge_quote.c attack.c)
target_link_libraries(forge PUBLIC check appraise)

unit_test(appraise forge)
unit_test(appraise_logs forge)
unit_test(judge forge)
