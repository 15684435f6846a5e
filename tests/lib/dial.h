/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client on the control socket, in the same thread as the loop: whenever it
 * has to wait, the loop runs. Nothing here allocates through kw_mem, so that
 * the n-th allocation that fails is one of the gateway.
 */
#ifndef KW_TEST_DIAL_H
#define KW_TEST_DIAL_H

#include "lib/fixture.h"

#include <stddef.h>

/* A request line. */
#define KW_TEST_GET(path) "{\"method\":\"GET\",\"path\":\"" path "\"}\n"

/* Connects to the socket in the fixture's folder. */
int kw_test_dial(struct kw_fixture *fixture);
void kw_test_hang_up(int fd);

/* One turn of the loop, then at most a moment for the descriptor (poll's
 * events). */
void kw_test_turn(struct kw_fixture *fixture, int fd, short wanted);

/* Sends all of it, or stops where the peer has hung up. */
void kw_test_say(struct kw_fixture *fixture, int fd, const char *words);
void kw_test_say_bytes(struct kw_fixture *fixture, int fd, const char *bytes,
                       size_t length);

/* Reads until so many lines are there or the peer has hung up; the caller
 * frees with free. Fails the test after 10 s. */
char *kw_test_hear(struct kw_fixture *fixture, int fd, unsigned lines,
                   bool *hung_up);

/* One line with that in it; a hang-up without a word. */
void kw_test_expect_line(struct kw_fixture *fixture, int fd,
                         const char *expected);
void kw_test_expect_hang_up(struct kw_fixture *fixture, int fd);

#endif
