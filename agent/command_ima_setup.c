/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands.h"
#include "agent/ima_policies.h"
#include "agent/ima_setup.h"
#include "agent/machine.h"

static const char load_now[] = "echo " IMA_SETUP_FILE " > /sys/kernel/security/ima/policy";

struct options {
    char action; /* option letter of the one that was given: p, a, u, l */
    const char *policy;
    const char *root;
    bool read_files;
    bool command_line;
    bool force;
};

static void print_help(FILE *to)
{
    (void)fprintf(to,
            "Usage: tally-agent ima-setup --list | --preview | --apply | --undo [OPTION...]\n\n"
            "Installs a policy by which the kernel's IMA measures what is run, for the next boot.\n\n"
            "  --list          the policies\n"
            "  --preview       print the policy, what it measures and what not, and what --apply does\n"
            "  --apply         write it to %s; what was there is kept\n"
            "  --undo          bring back what was there before\n"
            "  --policy NAME   server (default), container-host or minimal\n"
            "  --read-files    measure every file that root reads, too; see --preview\n"
            "  --command-line  instead, use the kernel's own policy from the start, by GRUB's\n"
            "                  command line: %s\n"
            "  --force         replace a policy that is not ours, keeping a backup\n"
            "  --root DIR      work on the machine whose files are below DIR\n\n"
            "Exit status: 0 done, 1 could not, 2 wrong command line.\n",
            IMA_SETUP_FILE, IMA_SETUP_PARAMETERS);
}

static bool set_action(struct options *o, int option)
{
    bool first = o->action == '\0';

    o->action = (char)option;
    return first;
}

static bool parse_option(int option, struct options *o)
{
    switch (option) {
    case 'l':
    case 'p':
    case 'a':
    case 'u':
        return set_action(o, option);
    case 'n':
        o->policy = optarg;
        return ima_setup_has_policy(optarg);
    case 'R':
        o->root = optarg;
        return true;
    case 'r':
        o->read_files = true;
        return true;
    case 'c':
        o->command_line = true;
        return true;
    case 'f':
        o->force = true;
        return true;
    default:
        return false;
    }
}

/* Returns an exit status, or -1 to go on. */
static int parse_command_line(int argc, char *argv[], struct options *o)
{
    static const struct option names[] = {
        { "list", no_argument, NULL, 'l' },
        { "preview", no_argument, NULL, 'p' },
        { "apply", no_argument, NULL, 'a' },
        { "undo", no_argument, NULL, 'u' },
        { "policy", required_argument, NULL, 'n' },
        { "read-files", no_argument, NULL, 'r' },
        { "command-line", no_argument, NULL, 'c' },
        { "force", no_argument, NULL, 'f' },
        { "root", required_argument, NULL, 'R' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    bool good = true;
    int option;

    while (good && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return EXIT_SUCCESS;
        }
        good = parse_option(option, o);
    }
    if (!good || optind != argc || o->action == '\0') {
        (void)fprintf(stderr,
                "tally-agent: ima-setup needs one of --list, --preview, --apply and --undo, the name "
                "of a policy if any, and no other words; see --help\n");
        return EXIT_USAGE;
    }
    return -1;
}

/* The third line of a policy's file says in a sentence what it is for. */
static void list_policies(void)
{
    for (size_t i = 0; i < IMA_POLICIES_WHOLE; i++) {
        const char *text = (const char *)ima_policies[i].text.ptr;
        const char *line = text;

        for (int n = 0; n < 2; n++) {
            line = strchr(line, '\n') + 1;
        }
        printf("%-15s %.*s\n", ima_policies[i].name, (int)strcspn(line, "\n") - 2, line + 2);
    }
}

static void preview_command_line(const struct options *o)
{
    printf("The kernel's own policy, from its start on: %s\n"
           "Measured: programs, libraries, modules and firmware, every file that root reads, and\n"
           "critical data; in the initramfs, too, from Linux 7 on. Not measured: what is on tmpfs\n"
           "(before Linux 7), and what other users only read.\n"
           "Log files that root reads cause violations and new records, until systemd loads a policy\n"
           "of %s in its place: --apply both for no gap and a quiet list.\n\n"
           "--apply --command-line does this:\n",
            IMA_SETUP_PARAMETERS, IMA_SETUP_FILE);
    if (ima_setup_has_grub(o->root)) {
        printf("  write %s%s, which adds them to GRUB_CMDLINE_LINUX\n"
               "  nothing else: then run update-grub, and reboot\n",
                o->root, IMA_SETUP_GRUB);
    } else {
        printf("  nothing: there is no %s/etc/default/grub. Add the parameters yourself, for example to\n"
               "  /etc/kernel/cmdline, build the unified kernel image anew, and reboot\n",
                o->root);
    }
}

static bool preview_file(const struct options *o, const struct buffer *policy, struct error *err)
{
    struct error why = { 0 };
    enum ima_setup_state state;
    bool backup;
    bool taken = ima_setup_check(o->root, buffer_view(policy), &why);
    size_t programs = ima_setup_count_programs(o->root);

    if (!ima_setup_look(o->root, &state, &backup, err)) {
        return false;
    }
    (void)fwrite(policy->data, 1, policy->len, stdout);
    if (programs > 0) {
        printf("\nProgram and library files here: %zu. A list cannot hold more of them until some are\n"
               "replaced; each record takes about 500 bytes of the kernel's memory until a reboot.\n",
                programs);
    }
    printf("\n--apply does this:\n");
    if (!taken) {
        printf("  nothing: %s\n", why.text);
        return true;
    }
    if (state == IMA_SETUP_EDITED || state == IMA_SETUP_FOREIGN) {
        printf("  only with --force: keep %s%s (%s)\n  as %s%s\n", o->root, IMA_SETUP_FILE,
                ima_setup_state_words(state), o->root, IMA_SETUP_BACKUP);
    }
    printf("  write the policy above to %s%s\n"
           "  nothing else: it takes effect at the next boot\n",
            o->root, IMA_SETUP_FILE);
    return true;
}

/* systemd loads the file early; whether it is systemd and can, is seen by the doctor afterwards. */
static void say_what_next(const struct options *o)
{
    char init[32];

    (void)machine_read_text(o->root, "/proc/1/comm", init, sizeof(init));
    printf("It takes effect at the next boot; then: tally-agent doctor\n");
    if (strcmp(init, "systemd") != 0) {
        printf("systemd loads it, and this machine's first process is not systemd: early at boot, run\n");
    } else {
        printf("For now, once, and without what runs already, as root:\n");
    }
    printf("  %s\n", load_now);
}

static bool apply_command_line(const struct options *o, struct error *err)
{
    bool changed;

    if (!ima_setup_has_grub(o->root)) {
        return error_set(err, ERROR_CONFIG,
                "there is no %s/etc/default/grub: add %s to the kernel's command line by other means, "
                "for example in /etc/kernel/cmdline",
                o->root, IMA_SETUP_PARAMETERS);
    }
    if (!ima_setup_apply_grub(o->root, &changed, err)) {
        return false;
    }
    printf("%s%s: %s\n", o->root, IMA_SETUP_GRUB, changed ? "written" : "there already");
    printf("It takes effect after:\n  update-grub\n  reboot\n");
    return true;
}

static bool apply_file(const struct options *o, const struct buffer *policy, struct error *err)
{
    bool changed;

    if (!ima_setup_check(o->root, buffer_view(policy), err) ||
            !ima_setup_apply(o->root, buffer_view(policy), o->force, &changed, err)) {
        return false;
    }
    printf("%s%s: policy \"%s\" %s\n", o->root, IMA_SETUP_FILE, o->policy,
            changed ? "written" : "is there already");
    say_what_next(o);
    return true;
}

static bool undo(const struct options *o, struct error *err)
{
    enum ima_setup_undone undone;
    bool grub;

    if (!ima_setup_undo(o->root, o->force, &undone, err) ||
            !ima_setup_undo_grub(o->root, &grub, err)) {
        return false;
    }
    if (undone == IMA_SETUP_NOTHING && !grub) {
        printf("There is nothing of tally-agent to undo.\n");
        return true;
    }
    if (undone != IMA_SETUP_NOTHING) {
        printf("%s%s: %s\n", o->root, IMA_SETUP_FILE,
                undone == IMA_SETUP_RESTORED ? "the one from before is back" : "removed");
    }
    if (grub) {
        printf("%s%s: removed; now run update-grub\n", o->root, IMA_SETUP_GRUB);
    }
    printf("What the kernel runs with stays in force until the next boot.\n");
    return true;
}

static bool run(const struct options *o, struct error *err)
{
    struct buffer policy CLEANUP(buffer_clear) = { 0 };

    if (o->action == 'l') {
        list_policies();
        return true;
    }
    if (o->action == 'u') {
        return undo(o, err);
    }
    if (o->command_line) {
        if (o->action == 'p') {
            preview_command_line(o);
            return true;
        }
        return apply_command_line(o, err);
    }
    return ima_setup_policy(o->policy, o->read_files, &policy, err) &&
            (o->action == 'p' ? preview_file(o, &policy, err) : apply_file(o, &policy, err));
}

int command_ima_setup(int argc, char *argv[])
{
    struct options o = { .policy = "server", .root = "" };
    struct error err = { 0 };
    int status = parse_command_line(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    if (!run(&o, &err)) {
        (void)fprintf(stderr, "tally-agent: %s (%s)\n", err.text, error_code_name(err.code));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
