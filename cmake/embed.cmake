# SPDX-License-Identifier: BSD-3-Clause
# Writes a C file that holds the bytes of text files.
#   cmake -D OUTPUT=FILE.c -D INPUTS="a.policy;b.policy" -P embed.cmake
# Each becomes a row { "a", { bytes, size } } of ima_policies[] (agent/ima_policies.h).
set(rows)
set(arrays)
list(LENGTH INPUTS count)
foreach(input IN LISTS INPUTS)
    get_filename_component(name ${input} NAME_WE)
    string(MAKE_C_IDENTIFIER ${name} symbol)
    file(READ ${input} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "static const uint8_t ${symbol}_text[] = { ${bytes} };\n")
    string(APPEND rows "    { \"${name}\", { ${symbol}_text, sizeof(${symbol}_text) } },\n")
endforeach()
file(WRITE ${OUTPUT} "/* Made by cmake/embed.cmake. */
#include \"agent/ima_policies.h\"

${arrays}
const struct ima_policy ima_policies[IMA_POLICIES] = {
${rows}};
_Static_assert(IMA_POLICIES == ${count}, \"ima_policies.h says how many there are\");
")
