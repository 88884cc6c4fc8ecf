/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/ima_setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ima_policies.h"
#include "agent/ima_rule.h"
#include "agent/machine.h"
#include "host/file.h"
#include "host/file_writer.h"

#define POLICY_MAX ((size_t)1 << 20)
/* In a comment of each of our policies; tells one that was edited from somebody else's. */
#define MARK "# tally-agent ima-setup: "

static const char grub_text[] =
        "# Written by tally-agent ima-setup, which removes it again (--undo).\n"
        "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX " IMA_SETUP_PARAMETERS "\"\n";

static bool failed(const char *path, struct error *err)
{
    return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
}

static bool path_of(const char *root, const char *name, char out[PATH_MAX], struct error *err)
{
    return machine_path(root, name, out) || error_set(err, ERROR_CONFIG, "a path too long");
}

const char *ima_setup_state_words(enum ima_setup_state state)
{
    static const char *const words[] = {
        [IMA_SETUP_NONE] = "no policy",
        [IMA_SETUP_OURS] = "a policy of tally-agent",
        [IMA_SETUP_EDITED] = "a policy of tally-agent, edited or of another version",
        [IMA_SETUP_FOREIGN] = "a policy of somebody else",
    };

    return words[state];
}

bool ima_setup_policy(const char *name, bool read_files, struct buffer *out, struct error *err)
{
    struct bytes more = ima_policies[IMA_POLICY_READ_FILES].text;

    for (size_t i = 0; i < IMA_POLICIES_WHOLE; i++) {
        struct bytes text = ima_policies[i].text;

        if (strcmp(ima_policies[i].name, name) != 0) {
            continue;
        }
        out->data = malloc(text.len + more.len);
        if (out->data == NULL) {
            return error_set(err, ERROR_NOMEM, "policy");
        }
        memcpy(out->data, text.ptr, text.len);
        memcpy(out->data + text.len, more.ptr, more.len);
        out->len = text.len + (read_files ? more.len : 0);
        return true;
    }
    return error_set(err, ERROR_CONFIG, "no policy is called \"%s\"", name);
}

bool ima_setup_has_policy(const char *name)
{
    for (size_t i = 0; i < IMA_POLICIES_WHOLE; i++) {
        if (strcmp(ima_policies[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_ours(struct bytes text)
{
    for (size_t i = 0; i < IMA_POLICIES_WHOLE; i++) {
        struct bytes ours = ima_policies[i].text;
        struct bytes more = ima_policies[IMA_POLICY_READ_FILES].text;

        if (bytes_equal(text, ours)) {
            return true;
        }
        if (text.len == ours.len + more.len && memcmp(text.ptr, ours.ptr, ours.len) == 0 &&
                memcmp(text.ptr + ours.len, more.ptr, more.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Read an ordinary file that may be absent: *out_there. A link or device is an error: we would
 * replace it, not what it leads to. */
static bool read_existing(const char *path, struct buffer *out, bool *out_there, struct error *err)
{
    struct stat st;

    *out_there = lstat(path, &st) == 0;
    if (!*out_there) {
        return errno == ENOENT || failed(path, err);
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(err, ERROR_IO, "%s: a link or no ordinary file: move it away first", path);
    }
    return file_read(path, POLICY_MAX, out, err);
}

bool ima_setup_look(const char *root, enum ima_setup_state *out, bool *out_backup,
        struct error *err)
{
    struct buffer text CLEANUP(buffer_clear) = { 0 };
    char path[PATH_MAX];
    bool there;

    if (!path_of(root, IMA_SETUP_FILE, path, err) || !read_existing(path, &text, &there, err)) {
        return false;
    }
    *out_backup = machine_exists(root, IMA_SETUP_BACKUP);
    if (!there) {
        *out = IMA_SETUP_NONE;
    } else if (is_ours(buffer_view(&text))) {
        *out = IMA_SETUP_OURS;
    } else {
        *out = memmem(text.data, text.len, MARK, strlen(MARK)) != NULL ? IMA_SETUP_EDITED
                                                                       : IMA_SETUP_FOREIGN;
    }
    return true;
}

bool ima_setup_check(const char *root, struct bytes policy, struct error *err)
{
    static const char keys[] = "CONFIG_IMA_MEASURE_ASYMMETRIC_KEYS";
    struct buffer config CLEANUP(buffer_clear) = { 0 };
    char release[128];

    (void)machine_release(root, release, sizeof(release));
    machine_kernel_config(root, release, &config);
    if (!ima_rules_check(policy, ima_kernel_version(release), err)) {
        return error_wrap(err, "Linux %s", release);
    }
    if (memmem(policy.ptr, policy.len, "KEY_CHECK", 9) != NULL &&
            machine_kernel_option(buffer_view(&config), keys) == OPTION_OFF) {
        return error_set(err, ERROR_UNSUPPORTED,
                "Linux %s is built without %s and would refuse the policy: take \"minimal\", or remove "
                "the rule with KEY_CHECK",
                release, keys);
    }
    return true;
}

/* Keep what is there under a second name, with everything the file system knows about it. */
static bool keep_backup(const char *root, const char *path, struct error *err)
{
    char backup[PATH_MAX];

    if (!path_of(root, IMA_SETUP_BACKUP, backup, err)) {
        return false;
    }
    if (link(path, backup) != 0) {
        return errno == EEXIST
                ? error_set(err, ERROR_CONFIG,
                          "%s is there from an earlier time: move one of the two away", backup)
                : failed(backup, err);
    }
    return true;
}

static bool make_directory(const char *path, struct error *err)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST || failed(path, err);
}

/* Readable for everybody: it is no secret, and systemd reads it as root anyway. */
static bool write_file(const char *path, struct bytes text, struct error *err)
{
    return file_write(path, FILE_REPLACE, text, err) &&
            (chmod(path, 0644) == 0 || failed(path, err));
}

bool ima_setup_apply(const char *root, struct bytes policy, bool force, bool *changed,
        struct error *err)
{
    struct buffer now CLEANUP(buffer_clear) = { 0 };
    enum ima_setup_state state;
    char directory[PATH_MAX];
    char path[PATH_MAX];
    bool backup;
    bool there;

    if (!path_of(root, "/etc/ima", directory, err) || !path_of(root, IMA_SETUP_FILE, path, err) ||
            !ima_setup_look(root, &state, &backup, err) ||
            !read_existing(path, &now, &there, err)) {
        return false;
    }
    *changed = !there || !bytes_equal(buffer_view(&now), policy);
    if (!*changed) {
        return true;
    }
    if ((state == IMA_SETUP_EDITED || state == IMA_SETUP_FOREIGN) && !force) {
        return error_set(err, ERROR_CONFIG,
                "%s: %s is there; --force replaces it and keeps a backup", path,
                ima_setup_state_words(state));
    }
    if ((state == IMA_SETUP_EDITED || state == IMA_SETUP_FOREIGN) &&
            !keep_backup(root, path, err)) {
        return false;
    }
    return make_directory(directory, err) && write_file(path, policy, err);
}

bool ima_setup_undo(const char *root, bool force, enum ima_setup_undone *out, struct error *err)
{
    enum ima_setup_state state;
    char backup_path[PATH_MAX];
    char directory[PATH_MAX];
    char path[PATH_MAX];
    bool backup;

    if (!path_of(root, "/etc/ima", directory, err) || !path_of(root, IMA_SETUP_FILE, path, err) ||
            !path_of(root, IMA_SETUP_BACKUP, backup_path, err) ||
            !ima_setup_look(root, &state, &backup, err)) {
        return false;
    }
    *out = IMA_SETUP_NOTHING;
    if (!backup && (state == IMA_SETUP_NONE || state == IMA_SETUP_FOREIGN)) {
        return true;
    }
    if ((state == IMA_SETUP_EDITED || state == IMA_SETUP_FOREIGN) && !force) {
        return error_set(err, ERROR_CONFIG, "%s: %s; --force removes it all the same", path,
                ima_setup_state_words(state));
    }
    if (backup) {
        *out = IMA_SETUP_RESTORED;
        return rename(backup_path, path) == 0 || failed(path, err);
    }
    *out = IMA_SETUP_REMOVED;
    if (unlink(path) != 0) {
        return failed(path, err);
    }
    (void)rmdir(directory); /* unless something else is in it */
    return true;
}

bool ima_setup_has_grub(const char *root)
{
    return machine_exists(root, "/etc/default/grub");
}

bool ima_setup_apply_grub(const char *root, bool *changed, struct error *err)
{
    struct buffer now CLEANUP(buffer_clear) = { 0 };
    char directory[PATH_MAX];
    char path[PATH_MAX];
    bool there;

    if (!path_of(root, "/etc/default/grub.d", directory, err) ||
            !path_of(root, IMA_SETUP_GRUB, path, err) || !read_existing(path, &now, &there, err)) {
        return false;
    }
    *changed = !there || !bytes_equal_text(buffer_view(&now), grub_text);
    return !*changed ||
            (make_directory(directory, err) && write_file(path, bytes_of_text(grub_text), err));
}

bool ima_setup_undo_grub(const char *root, bool *changed, struct error *err)
{
    struct buffer now CLEANUP(buffer_clear) = { 0 };
    char path[PATH_MAX];

    if (!path_of(root, IMA_SETUP_GRUB, path, err) || !read_existing(path, &now, changed, err)) {
        return false;
    }
    if (*changed && !bytes_equal_text(buffer_view(&now), grub_text)) {
        return error_set(err, ERROR_CONFIG, "%s: somebody edited it: remove it yourself", path);
    }
    return !*changed || unlink(path) == 0 || failed(path, err);
}
