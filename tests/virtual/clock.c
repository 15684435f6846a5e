/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions here have the names of the C library's and are defined in the
 * program itself, so that the shared libraries call these too. They reach the
 * kernel by syscall(), because the sanitizers have functions of these names as
 * well. close() and the two functions of core/job.h are wrapped by the linker
 * instead (--wrap): only the program's own code is meant.
 *
 * A timerfd is an eventfd whose time is kept in a table. It becomes readable
 * when the clock has reached that time.
 */
#include "virtual/clock.h"

#include "core/job.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    TIMERS = 32,
    JOBS = 8,
    TURNS_MAX = 300000,   /* at one moment */
    PATIENCE_MS = 120000, /* real; for a job, or for what can't come */
};

static const uint64_t ns_per_s = 1000000000, ns_per_ms = 1000000;
static const uint64_t never = UINT64_MAX;
static const uint64_t wall_ahead_ns =
    1767225600U * UINT64_C(1000000000) - 1000U * UINT64_C(1000000000);

/* Read by job threads, moved by the main thread alone, as is the rest. */
static atomic_uint_least64_t mono_ns = 1000U * UINT64_C(1000000000);

static struct timer {
    bool used;
    int fd;
    uint64_t due_ns; /* never: not set */
    uint64_t every_ns;
} timers[TIMERS];

static struct lanes {
    struct kw_jobs *jobs; /* NULL: free */
    void (*closed)(void *arg);
    void *arg;
} lanes[JOBS];

static unsigned turns; /* at this moment */

static void give_up(const char *why)
{
    fprintf(stderr, "virtual time: %s\n", why);
    abort();
}

/* --- clocks */

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / ns_per_s),
                             .tv_nsec = (long)(ns % ns_per_s)};
}

static bool is_mono(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW ||
           id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME;
}

static bool is_wall(clockid_t id)
{
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ||
           id == CLOCK_TAI;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    if (is_mono(id))
        *out = timespec_of(atomic_load(&mono_ns));
    else if (is_wall(id))
        *out = timespec_of(atomic_load(&mono_ns) + wall_ahead_ns);
    else
        return (int)syscall(SYS_clock_gettime, id, out);
    return 0;
}

int clock_getres(clockid_t id, struct timespec *out)
{
    if (!is_mono(id) && !is_wall(id))
        return (int)syscall(SYS_clock_getres, id, out);
    if (out != NULL)
        *out = (struct timespec){.tv_nsec = 1};
    return 0;
}

time_t time(time_t *out)
{
    time_t now = (time_t)((atomic_load(&mono_ns) + wall_ahead_ns) / ns_per_s);

    if (out != NULL)
        *out = now;
    return now;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now = timespec_of(atomic_load(&mono_ns) + wall_ahead_ns);

    (void)zone;
    *out =
        (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

uint64_t kw_virtual_real_ns(void)
{
    struct timespec now;

    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * ns_per_s + (uint64_t)now.tv_nsec;
}

/* --- timers */

static struct timer *find_timer(int fd)
{
    for (size_t i = 0; i < TIMERS; i++) {
        if (timers[i].used && timers[i].fd == fd)
            return &timers[i];
    }
    return NULL;
}

int timerfd_create(clockid_t id, int flags)
{
    struct timer *timer = timers;
    int fd;

    while (timer < timers + TIMERS && timer->used)
        timer++;
    if (!is_mono(id) || timer == timers + TIMERS) {
        errno = is_mono(id) ? EMFILE : EINVAL;
        return -1;
    }
    fd = eventfd(0, flags | EFD_NONBLOCK); /* the flags are the same bits */
    if (fd >= 0)
        *timer = (struct timer){.used = true, .fd = fd, .due_ns = never};
    return fd;
}

static uint64_t ns_of(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * ns_per_s + (uint64_t)time->tv_nsec;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *set,
                    struct itimerspec *old)
{
    struct timer *timer = find_timer(fd);
    uint64_t value_ns = ns_of(&set->it_value);
    eventfd_t count;

    if (timer == NULL || old != NULL) {
        errno = EINVAL;
        return -1;
    }
    (void)eventfd_read(fd, &count); /* setting makes it unreadable */
    if ((flags & TFD_TIMER_ABSTIME) == 0)
        value_ns += atomic_load(&mono_ns);
    timer->due_ns = ns_of(&set->it_value) > 0 ? value_ns : never;
    timer->every_ns = ns_of(&set->it_interval);
    return 0;
}

/* Its number may be that of something else next. */
int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd)
{
    struct timer *timer = find_timer(fd);

    if (timer != NULL)
        timer->used = false;
    return __real_close(fd);
}

static uint64_t next_due(void)
{
    uint64_t next_ns = never;

    for (size_t i = 0; i < TIMERS; i++) {
        if (timers[i].used && timers[i].due_ns < next_ns)
            next_ns = timers[i].due_ns;
    }
    return next_ns;
}

static void fire_timers(uint64_t now_ns)
{
    for (size_t i = 0; i < TIMERS; i++) {
        struct timer *timer = &timers[i];

        if (!timer->used || timer->due_ns > now_ns)
            continue;
        (void)eventfd_write(timer->fd, 1);
        timer->due_ns =
            timer->every_ns > 0 ? timer->due_ns + timer->every_ns : never;
    }
}

/* --- jobs */

int __real_kw_jobs_new(struct kw_jobs **out, uv_loop_t *loop);
int __wrap_kw_jobs_new(struct kw_jobs **out, uv_loop_t *loop);
void __real_kw_jobs_close(struct kw_jobs *jobs, void (*closed)(void *arg),
                          void *arg);
void __wrap_kw_jobs_close(struct kw_jobs *jobs, void (*closed)(void *arg),
                          void *arg);

static struct lanes *find_lanes(const struct kw_jobs *jobs)
{
    for (size_t i = 0; i < JOBS; i++) {
        if (lanes[i].jobs == jobs)
            return &lanes[i];
    }
    give_up("lanes that are not known, or too many");
    return NULL;
}

int __wrap_kw_jobs_new(struct kw_jobs **out, uv_loop_t *loop)
{
    int err = __real_kw_jobs_new(out, loop);

    if (err == 0)
        find_lanes(NULL)->jobs = *out;
    return err;
}

static void on_closed(void *arg)
{
    struct lanes was = *(struct lanes *)arg;

    ((struct lanes *)arg)->jobs = NULL;
    if (was.closed != NULL)
        was.closed(was.arg);
}

void __wrap_kw_jobs_close(struct kw_jobs *jobs, void (*closed)(void *arg),
                          void *arg)
{
    struct lanes *entry = find_lanes(jobs);

    entry->closed = closed;
    entry->arg = arg;
    __real_kw_jobs_close(jobs, on_closed, entry);
}

/* A job counts until the loop has taken its result, so that a wake-up that is
 * under way counts, too. */
static bool is_busy(void)
{
    for (size_t i = 0; i < JOBS; i++) {
        for (int lane = 0; lane < KW_LANE_COUNT && lanes[i].jobs; lane++) {
            if (kw_jobs_pending(lanes[i].jobs, (enum kw_lane)lane) > 0)
                return true;
        }
    }
    return false;
}

/* --- waiting */

struct wait {
    int epoll_fd;
    struct epoll_event *events;
    int room;
    const sigset_t *mask;
};

static int wait_really(const struct wait *wait, int timeout_ms)
{
    return (int)syscall(SYS_epoll_pwait, wait->epoll_fd, wait->events,
                        wait->room, timeout_ms, wait->mask, _NSIG / 8);
}

static void jump(uint64_t to_ns)
{
    atomic_store(&mono_ns, to_ns);
    turns = 0;
}

/* Never 0 for a time-out of -1, which libuv does not expect. */
static int wait_virtually(const struct wait *wait, int timeout_ms)
{
    uint64_t now_ns = atomic_load(&mono_ns);
    uint64_t until_ns =
        timeout_ms < 0 ? never : now_ns + (uint64_t)timeout_ms * ns_per_ms;

    if (++turns > TURNS_MAX)
        give_up("the loop turns and turns, and no time passes");
    for (;;) {
        int ready;
        bool busy;

        fire_timers(now_ns);
        ready = wait_really(wait, 0);
        if (ready != 0 || now_ns >= until_ns)
            return ready;
        busy = is_busy();
        now_ns = next_due() < until_ns ? next_due() : until_ns;
        if (!busy && now_ns != never) {
            jump(now_ns);
            continue;
        }
        ready = wait_really(wait, PATIENCE_MS);
        if (ready == 0)
            give_up(busy ? "a job does not end"
                         : "nothing is left that could wake the loop");
        return ready;
    }
}

static int wait_as_asked(const struct wait *wait, int timeout_ms)
{
    if (gettid() != getpid())
        return wait_really(wait, timeout_ms);
    return wait_virtually(wait, timeout_ms);
}

int epoll_wait(int fd, struct epoll_event *events, int room, int timeout_ms)
{
    struct wait wait = {fd, events, room, NULL};

    return wait_as_asked(&wait, timeout_ms);
}

int epoll_pwait(int fd, struct epoll_event *events, int room, int timeout_ms,
                const sigset_t *mask)
{
    struct wait wait = {fd, events, room, mask};

    return wait_as_asked(&wait, timeout_ms);
}
