# SPDX-License-Identifier: BSD-3-Clause
unit_test(uri message)
unit_test(problem message)
unit_test(wire message)
unit_test(coap_rate coap)
unit_test(coap_echo coap)
target_link_libraries(coap_echo_test PRIVATE PkgConfig::COAP)
target_link_libraries(coap_rate_test PRIVATE PkgConfig::COAP)
fuzz_target(wire message)

# A server and clients in one process, over loopback.
find_package(Threads REQUIRED)
add_library(serve STATIC coap/raw.c coap/serve.c)
target_link_libraries(serve PUBLIC coap check Threads::Threads)

function(coap_test name)
    add_executable(coap_${name}_test coap/${name}_test.c)
    target_link_libraries(coap_${name}_test PRIVATE serve ${ARGN})
    add_test(NAME coap.${name} COMMAND coap_${name}_test)
endfunction()

coap_test(round_trip)
coap_test(remote)
coap_test(refusals)
coap_test(waiting)
coap_test(limits)
coap_test(client)
coap_test(client_tcp)
coap_test(storm)
# What the sanitizer keeps of freed memory is not the server's.
set_tests_properties(coap.storm PROPERTIES ENVIRONMENT ASAN_OPTIONS=quarantine_size_mb=4)
coap_test(interop)
set_tests_properties(coap.interop PROPERTIES SKIP_RETURN_CODE 77)
