/* SPDX-License-Identifier: BSD-3-Clause */
/* A TPM that answers every command with one response code: fake_tpm RC, behind tpm2-tss' "cmd"
 * TCTI. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER 10 /* tag, size, command code */

int main(int argc, char *argv[])
{
    unsigned long rc = argc == 2 ? strtoul(argv[1], NULL, 16) : 0;
    unsigned char head[HEADER];

    while (fread(head, 1, HEADER, stdin) == HEADER) {
        unsigned long size = (unsigned long)head[2] << 24 | (unsigned long)head[3] << 16 |
                (unsigned long)head[4] << 8 | head[5];
        const unsigned char answer[HEADER] = { 0x80, 0x01, 0, 0, 0, HEADER, 0, 0,
            (unsigned char)(rc >> 8), (unsigned char)rc };

        while (size > HEADER && getchar() != EOF) {
            size--;
        }
        if (fwrite(answer, 1, HEADER, stdout) != HEADER || fflush(stdout) != 0) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
