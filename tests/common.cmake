# SPDX-License-Identifier: BSD-3-Clause
unit_test(bytes common)
unit_test(reader common)
unit_test(digest common)
unit_test(pcr common)
unit_test(error common)
unit_test(writer common)
