/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/disk.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include "core/xmalloc.h"

struct disk {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct disk_job *first, **last;
    bool is_ending;
};

static void disk_answer(struct loop_note *note)
{
    struct disk_job *job = (struct disk_job *)(void *)note;
    job->done(job);
}

static struct disk_job *disk_next(struct disk *disk)
{
    pthread_mutex_lock(&disk->mutex);
    while (!disk->first && !disk->is_ending) pthread_cond_wait(&disk->wake, &disk->mutex);
    struct disk_job *job = disk->first;
    if (job) {
        disk->first = job->next;
        if (!disk->first) disk->last = &disk->first;
    }
    pthread_mutex_unlock(&disk->mutex);
    return job;
}

static void *disk_run(void *opaque)
{
    struct disk *disk = opaque;
    struct disk_job *job;
    while ((job = disk_next(disk))) {
        job->work(job);
        job->note.run = disk_answer;
        loop_post(job->loop, &job->note);
    }
    return NULL;
}

struct disk *disk_create(const char *name)
{
    struct disk *disk = xcalloc(1, sizeof *disk);
    disk->last = &disk->first;
    pthread_mutex_init(&disk->mutex, NULL);
    pthread_cond_init(&disk->wake, NULL);
    /* signals belong to the control thread */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&disk->thread, NULL, disk_run, disk);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) abort();
    char short_name[16] = "";
    strncat(short_name, name, sizeof short_name - 1);
    pthread_setname_np(disk->thread, short_name);
    return disk;
}

void disk_destroy(struct disk *disk)
{
    pthread_mutex_lock(&disk->mutex);
    disk->is_ending = true;
    pthread_cond_signal(&disk->wake);
    pthread_mutex_unlock(&disk->mutex);
    pthread_join(disk->thread, NULL);
    assert(!disk->first);
    pthread_mutex_destroy(&disk->mutex);
    pthread_cond_destroy(&disk->wake);
    free(disk);
}

void disk_submit(struct disk *disk, struct disk_job *job)
{
    assert(job->work && job->done && job->loop);
    job->next = NULL;
    pthread_mutex_lock(&disk->mutex);
    assert(!disk->is_ending);
    *disk->last = job;
    disk->last = &job->next;
    pthread_mutex_unlock(&disk->mutex);
    /* not under the mutex: the thread would wake only to wait for it */
    pthread_cond_signal(&disk->wake);
}
