/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of saved maps, with the sum that belongs to them: nothing crashes, and what was read and
 * written again reads the same. */
#include <assert.h>
#include <stdlib.h>
#include "core/event/packed.h"
#include "core/state/task_file.h"
#include "core/text/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool tasks_copy(struct task_file *file, struct arena *arena, struct buf *out)
{
    struct str name;
    struct task_saved task;
    while (task_file_next_set(file, &name)) {
        if (file->tasks > 1000) return false;
        task_file_set(out, name, file->tasks);
        while (task_file_next(file, arena, &task)) task_file_task(out, &task);
    }
    return !file->problem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = {0}, copy = {0}, again = {0};
    struct arena arena;
    struct task_file file;
    arena_init(&arena, NULL);
    if (!task_file_open(&file, (struct str){(const char *)data, size})) assert(file.problem);
    uint32_t sum = crc32c(0, data, size);
    buf_append_z(&text, "TRTASKS1");
    for (int i = 0; i < 4; i++) buf_append_char(&text, (char)(sum >> 8 * i));
    buf_append(&text, (struct str){(const char *)data, size});
    if (task_file_open(&file, buf_str(&text))) {
        task_file_begin(&copy, file.written_s);
        if (tasks_copy(&file, &arena, &copy)) {
            task_file_end(&copy);
            bool is_sound = task_file_open(&file, buf_str(&copy));
            assert(is_sound);
            task_file_begin(&again, file.written_s);
            is_sound = tasks_copy(&file, &arena, &again);
            assert(is_sound);
            task_file_end(&again);
            assert(str_eq(buf_str(&copy), buf_str(&again)));
        }
    }
    buf_fini(&text);
    buf_fini(&copy);
    buf_fini(&again);
    arena_fini(&arena);
    return 0;
}
