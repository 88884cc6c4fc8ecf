# SPDX-License-Identifier: BSD-3-Clause
unit_test(event eventlog)
unit_test(event_replay eventlog)
unit_test(eventlog_corpus eventlog host PkgConfig::JANSSON)
set_tests_properties(unit.eventlog_corpus PROPERTIES SKIP_RETURN_CODE 77)
