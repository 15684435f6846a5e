/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loop tests stand on: a real loop, jobs, hub, points and a database in
 * a folder of its own, wired as the program does it. At the end everything is
 * closed and the test fails when a handle or a block of memory is left.
 */
#ifndef KW_TEST_FIXTURE_H
#define KW_TEST_FIXTURE_H

#include "core/core.h"
#include "core/hub.h"
#include "core/policy.h"

#include <stdbool.h>

enum kw_fixture_parts {
    KW_FIXTURE_DB = 1 << 0,       /* a database */
    KW_FIXTURE_RESOLVER = 1 << 1, /* c-ares */
};

struct kw_fixture {
    struct kw_core core; /* filled; hand &fixture.core to a module */
    struct kw_loop loop;
    struct kw_log log;
    struct kw_hub hub;
    struct kw_policy policy;
    struct kw_quantities *quantities;
    struct kw_clock_manual manual; /* used when manual_clock was asked for */
    char dir[64];                  /* temporary folder, removed at the end */
    uint64_t balance;              /* blocks that were there before */
    /* What kw_fixture_until waits for; asked at the end of each turn. */
    uv_timer_t timer;
    uv_prepare_t prepare;
    bool (*done)(void *arg); /* NULL: nothing */
    void *done_arg;
    bool came;
    unsigned turns_left; /* until it is given up */
};

/* parts: enum kw_fixture_parts. Fails the test when something can't start. */
void kw_fixture_open(struct kw_fixture *fixture, unsigned parts);

/* Closes all of it, with core.revisions if the test has made them, and checks
 * that nothing is left. */
void kw_fixture_close(struct kw_fixture *fixture);

/* Runs the loop until done(arg) is true, which is asked at the end of each
 * turn, at least once. Fails the test after 60 s (virtual ones, see
 * virtual/clock.h) or two million turns. */
void kw_fixture_until(struct kw_fixture *fixture, bool (*done)(void *arg),
                      void *arg);

/* Runs the loop until *flag is true; fails as kw_fixture_until does. */
void kw_fixture_until_set(struct kw_fixture *fixture, const bool *flag);

/* Runs the loop for that long: for what must not happen. */
void kw_fixture_run_ms(struct kw_fixture *fixture, unsigned ms);

/* A folder below TMPDIR; removed with all it holds by kw_test_remove. */
void kw_test_make_dir(char *path, unsigned size);
void kw_test_remove(const char *path);

/* Blocks of kw_mem that are held now. */
uint64_t kw_test_blocks(void);

#endif
