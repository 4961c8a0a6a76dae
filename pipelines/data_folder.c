/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/data_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/log.h"
#include "core/text/uuid.h"

void uuid_make(char out[37])
{
    struct uuid_source source = {0};
    uuid_next(&source, out);
    out[UUID_SIZE] = 0;
}

void data_folder_default(char *path, size_t size)
{
    const char *home = getenv("HOME"), *own = "/var/lib/tailrace";
    if (getuid() == 0 || !home || access(own, W_OK) == 0) /* a container's or a service's */
        snprintf(path, size, "%s", own);
    else
        snprintf(path, size, "%s/.local/state/tailrace", home);
}

int data_folder_make(const char *path)
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part) return ENAMETOOLONG;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0750) && errno != EEXIST) return errno;
        *slash = '/';
    }
    return mkdir(part, 0750) && errno != EEXIST ? errno : 0;
}

/* Reads the identity, or makes it: a complete file or none (rename). */
static bool identity_load(struct data_folder *folder, const char *path)
{
    char name[PATH_MAX], fresh[PATH_MAX];
    if ((size_t)snprintf(name, sizeof name, "%s/uuid", path) >= sizeof name ||
        (size_t)snprintf(fresh, sizeof fresh, "%s/uuid.tmp", path) >= sizeof fresh)
        return false;
    FILE *file = fopen(name, "re");
    if (file) {
        bool ok = fscanf(file, "%36s", folder->id) == 1 && strlen(folder->id) == 36;
        fclose(file);
        if (ok) return true;
    }
    uuid_make(folder->id);
    file = fopen(fresh, "we");
    if (!file) return false;
    bool ok = fprintf(file, "%s", folder->id) > 0;
    ok = fclose(file) == 0 && ok;
    return ok && rename(fresh, name) == 0;
}

bool data_folder_open(struct data_folder *folder, const char *path)
{
    folder->lock = -1;
    int error = data_folder_make(path);
    char name[PATH_MAX];
    if (!error && (size_t)snprintf(name, sizeof name, "%s/.lock", path) >= sizeof name)
        error = ENAMETOOLONG;
    if (!error) {
        folder->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (folder->lock < 0) error = errno;
    }
    if (error) {
        LOG(LOG_FATAL, "data.unusable", (struct str){0},
            "path.data %s cannot be used: %s; give another with --path.data DIR", path, strerror(error));
        return false;
    }
    if (flock(folder->lock, LOCK_EX | LOCK_NB)) {
        LOG(LOG_FATAL, "data.locked", (struct str){0},
            "another instance is using path.data %s; stop it, or give another with --path.data DIR", path);
        data_folder_close(folder);
        return false;
    }
    if (!identity_load(folder, path)) {
        LOG(LOG_FATAL, "data.identity", (struct str){0}, "cannot write %s/uuid: %s", path, strerror(errno));
        data_folder_close(folder);
        return false;
    }
    return true;
}

void data_folder_close(struct data_folder *folder)
{
    if (folder->lock >= 0) close(folder->lock);
    folder->lock = -1;
}
