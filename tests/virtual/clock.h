/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual time for tests. A test program that links kw_test_virtual (all of
 * tests/loop and tests/fault do, see tests/CMakeLists.txt) replaces the C
 * library's clocks, timerfd and epoll_wait by those of clock.c, for libuv,
 * c-ares and OpenSSL as well. Time then stands still while anything runs, and
 * jumps to the next time-out or timer when the loop would sleep. A test waits
 * for hours in milliseconds, its times are exact, and a busy machine makes no
 * difference.
 *
 * A test needs to do nothing for it:
 *
 *   kw_fixture_run_ms(&fixture, 3600000);      // an hour, at once
 *   kw_fixture_until(&fixture, is_down, &rig); // the moment it becomes true
 *   assert_int_equal(kw_clock_mono_ms(&kw_clock_system) - began_ms, 2000);
 *
 * What moves together: every CLOCK_MONOTONIC and CLOCK_REALTIME id, BOOTTIME,
 * TAI, time(), gettimeofday(), libuv's timers, kw_wake. The wall clock starts
 * at 2026-01-01T00:00:00Z in every run. Real stay the CPU-time clocks, time
 * stamps of files, and all that the kernel times by itself (SO_RCVTIMEO, TCP's
 * own timers).
 *
 * Time jumps only in epoll_wait on the main thread, when no descriptor is
 * ready and no job of any lane (core/job.h) waits, runs or has a result that
 * the loop has not taken. It stands still during a job, so that how long a
 * job takes is never seen.
 *
 * What a test must keep to:
 * - Peers are in the same thread, on AF_UNIX or on loopback TCP and UDP, where
 *   a byte that is written can be read at once. A pseudo-terminal is not such
 *   (a worker of the kernel carries its bytes), nor another process or a
 *   thread that the test makes. Tests with these are in tests/real, with the
 *   real clock and tolerant bounds. A serial port is virtual/serial.h.
 * - TCP keeps bytes back for real milliseconds without TCP_NODELAY, when the
 *   receiver's window is full, and when more connections come at once than the
 *   listener's backlog: set the first, avoid the others.
 * - No loop "until the clock says": the clock does not move while it runs.
 *   kw_fixture_until and kw_fixture_run_ms wait.
 *
 * A program that hangs ends quickly with a message: when the loop turns 300,000
 * times at one moment, and when it would sleep for ever.
 */
#ifndef KW_TEST_VIRTUAL_CLOCK_H
#define KW_TEST_VIRTUAL_CLOCK_H

#include <stdint.h>

/* The machine's monotonic clock, which does move. For the tests of the
 * virtual clock itself. */
uint64_t kw_virtual_real_ns(void);

#endif
