# SPDX-License-Identifier: BSD-3-Clause
unit_test(allowlist policy)
unit_test(pattern policy)
unit_test(policy policy)
unit_test(siphash policy)
fuzz_target(allowlist policy)
fuzz_target(policy policy)
