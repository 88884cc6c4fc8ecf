# SPDX-License-Identifier: BSD-3-Clause
unit_test(file host)
unit_test(file_writer host)
unit_test(settings host)
