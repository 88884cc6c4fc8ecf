/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 256

static bool failed(const char *what, struct error *err)
{
    return error_set(err, ERROR_IO, "cannot give up privileges: %s: %s", what, strerror(errno));
}

/* The group of the TPM, unless it is root's: that one may do more than use a TPM. */
static bool set_groups(const struct passwd *user, const char *device, struct error *err)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX - 1;
    struct stat st;

    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0) {
        return error_set(err, ERROR_CONFIG, "user %s: in more than %d groups", user->pw_name,
                GROUPS_MAX - 1);
    }
    if (device != NULL && stat(device, &st) == 0 && S_ISCHR(st.st_mode) && st.st_gid != 0) {
        groups[count++] = st.st_gid;
    }
    return setgroups((size_t)count, groups) == 0 || failed("setgroups", err);
}

static bool drop_capabilities(struct error *err)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

    return syscall(SYS_capset, &head, none) == 0 || failed("capset", err);
}

static bool become(const struct passwd *user, const char *device, struct error *err)
{
    if (!set_groups(user, device, err)) {
        return false;
    }
    if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0) {
        return failed("setresgid", err);
    }
    if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) {
        return failed("setresuid", err);
    }
    if (!drop_capabilities(err)) {
        return false;
    }
    return setuid(0) != 0 || error_set(err, ERROR_IO, "root's rights did not go away");
}

static bool change_user(const char *name, const char *device, struct error *err)
{
    errno = 0;
    const struct passwd *entry = getpwnam(name);

    if (entry == NULL) {
        return error_set(err, ERROR_CONFIG, "user %s: %s", name,
                errno != 0 ? strerror(errno) : "there is no such user");
    }
    if (entry->pw_uid == 0) {
        return error_set(err, ERROR_CONFIG, "user %s is root, who keeps every right", name);
    }
    if (geteuid() == entry->pw_uid) {
        return true;
    }
    if (geteuid() != 0) {
        return error_set(err, ERROR_CONFIG,
                "only root can become user %s: start as root, or as that user", name);
    }
    return become(entry, device, err);
}

bool privileges_drop(const char *user, const char *device, struct error *err)
{
    if (*user != '\0' && !change_user(user, device, err)) {
        return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || failed("PR_SET_NO_NEW_PRIVS", err);
}
