/* SPDX-License-Identifier: Apache-2.0 */
/* Several loops ask one disk thread, and several threads post to those loops, all at once: every job is
 * done once, on the loop that asked, in the order submitted; every note runs once, in the order of its
 * poster. Ends by disk_destroy() while answers are on their way. Built with -fsanitize=thread. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/net/loop.h"
#include "core/store/disk.h"

enum { LOOPS = 3, POSTERS = 4, JOBS = 10000, NOTES = 10000, IN_FLIGHT_MAX = 16, ROUNDS = 3 };

struct runner;

struct job {
    struct disk_job disk; /* first member */
    struct runner *runner;
    uint32_t number;
    pthread_t worked_by;
    bool was_worked;
};

struct note {
    struct loop_note loop; /* first member */
    struct runner *runner;
    uint32_t poster, number;
};

struct runner {
    struct loop loop;
    struct budget budget;
    struct books books;
    struct disk *disk;
    pthread_t thread;
    struct job jobs[JOBS];
    uint32_t submitted, answered;
    uint32_t seen[POSTERS]; /* next number of each poster */
    uint32_t notes;
};

struct poster {
    struct runner *runners;
    struct note *notes;
    uint32_t number;
    pthread_t thread;
};

static void job_work(struct disk_job *disk)
{
    struct job *job = (struct job *)(void *)disk;
    assert(!job->was_worked);
    job->was_worked = true;
    job->worked_by = pthread_self();
}

static void runner_look(struct runner *runner)
{
    if (runner->answered == JOBS && runner->notes == NOTES * POSTERS) uv_stop(&runner->loop.uv);
}

static void submit_some(struct runner *runner);

static void job_done(struct disk_job *disk)
{
    struct job *job = (struct job *)(void *)disk;
    struct runner *runner = job->runner;
    assert(job->was_worked && pthread_equal(pthread_self(), runner->thread));
    assert(!pthread_equal(job->worked_by, runner->thread));
    assert(job->number == runner->answered); /* in the order submitted */
    runner->answered++;
    submit_some(runner);
    runner_look(runner);
}

static void submit_some(struct runner *runner)
{
    while (runner->submitted < JOBS && runner->submitted - runner->answered < IN_FLIGHT_MAX) {
        struct job *job = &runner->jobs[runner->submitted];
        *job = (struct job){.disk = {.loop = &runner->loop, .work = job_work, .done = job_done},
                            .runner = runner,
                            .number = runner->submitted++};
        disk_submit(runner->disk, &job->disk);
    }
}

static void note_run(struct loop_note *loop)
{
    struct note *note = (struct note *)(void *)loop;
    struct runner *runner = note->runner;
    assert(pthread_equal(pthread_self(), runner->thread));
    assert(runner->seen[note->poster] == note->number);
    runner->seen[note->poster]++;
    runner->notes++;
    runner_look(runner);
}

static void *runner_run(void *opaque)
{
    struct runner *runner = opaque;
    runner->thread = pthread_self();
    submit_some(runner);
    uv_run(&runner->loop.uv, UV_RUN_DEFAULT);
    return NULL;
}

static void *poster_run(void *opaque)
{
    struct poster *poster = opaque;
    for (uint32_t n = 0; n < NOTES; n++)
        for (uint32_t r = 0; r < LOOPS; r++) {
            struct note *note = &poster->notes[n * LOOPS + r];
            *note = (struct note){.loop.run = note_run, .runner = &poster->runners[r],
                                  .poster = poster->number, .number = n};
            loop_post(&poster->runners[r].loop, &note->loop);
            if (n % 64 == 0) loop_wake(&poster->runners[r].loop);
        }
    return NULL;
}

static void round_run(void)
{
    struct runner *runners = calloc(LOOPS, sizeof *runners);
    struct poster posters[POSTERS];
    pthread_t threads[LOOPS];
    struct disk *disk = disk_create("disk of stress");
    for (uint32_t r = 0; r < LOOPS; r++) {
        runners[r].disk = disk;
        runners[r].budget.limit = 64 << 20;
        int status = loop_init(&runners[r].loop, &runners[r].budget, &runners[r].books);
        assert(status == 0);
        (void)status;
        pthread_create(&threads[r], NULL, runner_run, &runners[r]);
    }
    for (uint32_t p = 0; p < POSTERS; p++) {
        posters[p] = (struct poster){.runners = runners, .number = p,
                                     .notes = calloc(NOTES * LOOPS, sizeof(struct note))};
        pthread_create(&posters[p].thread, NULL, poster_run, &posters[p]);
    }
    for (uint32_t p = 0; p < POSTERS; p++) pthread_join(posters[p].thread, NULL);
    for (uint32_t r = 0; r < LOOPS; r++) pthread_join(threads[r], NULL);
    disk_destroy(disk);
    for (uint32_t r = 0; r < LOOPS; r++) {
        assert(runners[r].answered == JOBS && runners[r].notes == NOTES * POSTERS);
        loop_fini(&runners[r].loop);
    }
    for (uint32_t p = 0; p < POSTERS; p++) free(posters[p].notes);
    free(runners);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) round_run();
    printf("%d rounds: %d jobs and %d notes each in order\n", ROUNDS, LOOPS * JOBS, LOOPS * NOTES * POSTERS);
    return 0;
}
