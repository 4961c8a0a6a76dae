/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/spill_folder.h"
#include <dirent.h>
#include <errno.h>
#include "core/log.h"
#include "core/output.h"
#include "core/store/gone_workers.h"
#include "core/store/spool/spool.h"

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A name that is no other folder's; a dot is plain when it does not come first. */
static void name_append(struct buf *path, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (is_plain(c) || (c == '.' && i > 0))
            buf_append_char(path, c);
        else
            buf_printf(path, "%%%02x", (unsigned char)c);
    }
}

static void pipeline_folder(struct buf *path, struct str path_data, struct str pipeline)
{
    buf_clear(path);
    buf_printf(path, "%.*s/spill/", STR_ARG(path_data));
    name_append(path, pipeline);
}

void spill_folder(struct buf *path, struct str path_data, const struct output *output, uint32_t worker)
{
    pipeline_folder(path, path_data, output->pipeline);
    buf_printf(path, "/%u/", worker);
    name_append(path, output->id);
    buf_z(path);
}

uint32_t spill_folder_workers(struct str path_data, const struct output *output, uint32_t *numbers, uint32_t most)
{
    struct buf path = {0};
    pipeline_folder(&path, path_data, output->pipeline);
    uint32_t count = gone_workers(&file_ops_real, buf_z(&path), output->worker, output->workers, numbers, most);
    buf_fini(&path);
    return count;
}

uint64_t spill_folder_count(const char *folder)
{
    struct spool spool;
    struct spool_report report;
    uint64_t count = 0;
    if (spool_open_look(&spool, folder, &file_ops_real, &report)) return 0;
    for (uint32_t i = 0; i < spool.checkpoint.count; i++)
        if (spool.synced > spool.checkpoint.cursors[i].done) count = spool.synced - spool.checkpoint.cursors[i].done;
    if (!spool.checkpoint.count && spool.count) count = spool.synced + 1 - spool.segments[0].first;
    spool_close(&spool);
    return count;
}

static bool is_known(const char *name, struct output *const *outputs, uint32_t count)
{
    struct buf own = {0};
    bool is_found = false;
    for (uint32_t i = 0; i < count && !is_found; i++) {
        buf_clear(&own);
        name_append(&own, outputs[i]->id);
        is_found = str_eq(buf_str(&own), str_of(name));
    }
    buf_fini(&own);
    return is_found;
}

static void report_one(const char *folder, struct str pipeline)
{
    uint64_t waiting = spill_folder_count(folder);
    if (!waiting) return;
    LOG(LOG_WARN, "spill.leftover", pipeline,
        "%llu events lie in %s, for an output with this id that the pipeline does not have: configure it to have them "
        "sent, or remove the folder while nothing runs", (unsigned long long)waiting, folder);
}

static void report_worker(const char *folder, struct str pipeline, struct output *const *outputs, uint32_t count)
{
    DIR *dir = opendir(folder);
    if (!dir) return;
    struct buf path = {0};
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || is_known(entry->d_name, outputs, count)) continue;
        buf_clear(&path);
        buf_printf(&path, "%s/%s", folder, entry->d_name);
        report_one(buf_z(&path), pipeline);
    }
    buf_fini(&path);
    closedir(dir);
}

void spill_folders_report(struct str path_data, struct str pipeline, struct output *const *outputs, uint32_t count)
{
    struct buf path = {0};
    pipeline_folder(&path, path_data, pipeline);
    DIR *dir = opendir(buf_z(&path));
    size_t len = path.len;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        path.len = len;
        buf_printf(&path, "/%s", entry->d_name);
        report_worker(buf_z(&path), pipeline, outputs, count);
    }
    if (dir) closedir(dir);
    buf_fini(&path);
}
