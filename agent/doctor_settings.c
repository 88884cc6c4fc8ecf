/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings. */
#include <pwd.h>
#include <sys/stat.h>

#include "agent/doctor_internal.h"

/* Whom root makes the agent when it starts it. */
static void check_run_as(struct doctor *d)
{
    const char *name = d->config.user;
    const struct passwd *entry = *name != '\0' ? getpwnam(name) : NULL;

    if (*name == '\0') {
        return;
    }
    if (entry == NULL) {
        doctor_advise(
                doctor_add(d, "run-as", DOCTOR_PROBLEM, "user = %s: there is no such user", name),
                "The agent does not start.",
                "useradd --system --no-create-home --shell /usr/sbin/nologin %s", name);
    } else if (entry->pw_uid == 0) {
        doctor_advise(doctor_add(d, "run-as", DOCTOR_PROBLEM, "user = %s: that is root", name),
                "The agent does not start: root keeps every right.",
                "user = tally-agent in [agent]");
    } else {
        (void)doctor_add(d, "run-as", DOCTOR_OK, "%s, when root starts the agent", name);
    }
}

void doctor_settings(struct doctor *d)
{
    char usual[PATH_MAX];
    const char *path = d->config_path;
    struct error err = { 0 };
    struct stat st;
    bool ok = path != NULL ? agent_config_read(path, &d->config, &err)
                           : machine_path(d->root, AGENT_CONFIG_PATH, usual) &&
                    agent_config_read_optional(usual, &d->config, &err);

    path = path != NULL ? path : usual;
    if (!ok) {
        agent_config_default(&d->config);
        doctor_advise(doctor_add(d, "settings", DOCTOR_PROBLEM, "%s", err.text),
                "The agent does not start with wrong settings; what follows is about the defaults.",
                "tally-agent --help     lists the settings");
    } else if (stat(path, &st) != 0) {
        (void)doctor_add(d, "settings", DOCTOR_OK, "the defaults: there is no %s", path);
    } else if ((st.st_mode & S_IWOTH) != 0) {
        doctor_advise(doctor_add(d, "settings", DOCTOR_PROBLEM, "everybody may write %s", path),
                "Whoever writes it decides which TPM and which logs are shown.", "chmod o-w %s",
                path);
    } else {
        (void)doctor_add(d, "settings", DOCTOR_OK, "%s", path);
    }
    check_run_as(d);
}
