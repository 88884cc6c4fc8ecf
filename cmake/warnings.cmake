# SPDX-License-Identifier: BSD-3-Clause
# Every target links tally_flags: one place for warnings, sanitizers and hardening.
add_library(tally_flags INTERFACE)
target_compile_definitions(tally_flags INTERFACE _GNU_SOURCE)
target_compile_options(tally_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wformat=2
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wvla
    -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough
    $<$<C_COMPILER_ID:GNU>:-Wcast-align=strict -Wjump-misses-init -Wlogical-op -Wduplicated-cond
        -Wduplicated-branches>
    $<$<C_COMPILER_ID:Clang>:-Wcast-align -Wno-missing-field-initializers>
    $<$<BOOL:${TALLY_WERROR}>:-Werror>)
if(TALLY_SANITIZE)
    target_compile_options(tally_flags INTERFACE -fsanitize=${TALLY_SANITIZE}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tally_flags INTERFACE -fsanitize=${TALLY_SANITIZE})
endif()
if(TALLY_FUZZ)
    target_compile_options(tally_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TALLY_COVERAGE)
    target_compile_options(tally_flags INTERFACE --coverage)
    target_link_options(tally_flags INTERFACE --coverage)
endif()
if(TALLY_HARDEN)
    target_compile_options(tally_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
        -fstack-clash-protection -fno-plt
        $<$<C_COMPILER_ID:GNU>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(tally_flags INTERFACE -fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
        target_compile_options(tally_flags INTERFACE -mbranch-protection=standard)
    endif()
    target_link_options(tally_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()
