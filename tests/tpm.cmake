# SPDX-License-Identifier: BSD-3-Clause
unit_test(tpm_quote tpm)
unit_test(tpm_public tpm)
unit_test(tpm_signature tpm)
unit_test(tpm_ak tpm)

fuzz_target(tpm_quote tpm)
fuzz_target(tpm_public tpm)
fuzz_target(tpm_signature tpm)

unit_test(tpm_captures tpm PkgConfig::JANSSON)
set_tests_properties(unit.tpm_captures PROPERTIES SKIP_RETURN_CODE 77)
