/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/attack.h"
#include "tests/check.h"
#include "tests/rounds.h"

#define EXCLUDED "  exclude: [ \"/opt/**\" ]\n"

/* So many records of files that the policy excludes. */
static void grow(struct rounds *r, size_t count)
{
    static unsigned int number;

    for (size_t i = 0; i < count; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/opt/program_%u", number++);
        forge_file(&r->machine, FORGE_BOTH, 10, path);
    }
}

static void delta_by_size(void)
{
    static const struct {
        const char *name;
        uint32_t banks; /* of the machine, all quoted */
        uint32_t padded;
        bool ones20;
        const char *policy;
    } machines[] = {
        { "SHA-256", FORGE_SHA256, 0, false, WITH(EXCLUDED) },
        { "three banks", FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA512, 0, false, WITH(EXCLUDED) },
        { "padded SHA-512", FORGE_SHA256 | FORGE_SHA512, FORGE_SHA512, false,
                WITH(EXCLUDED "  weak-digests: allow\n") },
        { "all padded, short violations", FORGE_SHA1 | FORGE_SHA256 | FORGE_SHA384,
                FORGE_SHA256 | FORGE_SHA384, true, WITH(EXCLUDED "  weak-digests: allow\n") },
    };
    static const size_t growth[] = { 0, 1, 20, 5000, 0, 2 };

    for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
        struct rounds r;
        uint64_t count = 6;

        check_case = machines[i].name;
        rounds_begin(&r, machines[i].policy, machines[i].banks);
        r.machine.padded = machines[i].padded;
        r.machine.ones20 = machines[i].ones20;
        r.banks = machines[i].banks;
        r.hints = i % 2 == 0;
        forge_honest(&r.machine);
        rounds_whole(&r);
        rounds_expect(&r, "", 6, 6);
        CHECK(!r.out.continued);
        for (size_t k = 0; k < ARRAY_LEN(growth); k++) {
            grow(&r, growth[k]);
            count += growth[k];
            rounds_delta(&r);
            rounds_expect(&r, "", count, count);
            CHECK(r.out.has_progress && r.out.continued && !r.out.needs_whole_list);
            CHECK_UINT(r.verdict.excluded, count - 6);
            CHECK_UINT(r.held.entry, count);
            CHECK_UINT(r.held.seen, count);
            CHECK_UINT(r.held.offset, r.machine.list.len);
            CHECK_UINT(r.held.at.judged.files, count - 1);
            CHECK_UINT(r.held.padded, machines[i].padded);
        }
        rounds_end(&r);
    }
    check_case = "";
}

static const struct test tests[] = {
    { "a round goes on from the last one, however much is new", delta_by_size },
};

int main(void)
{
    attack_setup();
    int failed = run_tests("appraise_delta", tests, ARRAY_LEN(tests));

    attack_teardown();
    return failed;
}
