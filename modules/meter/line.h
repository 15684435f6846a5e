/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line: one serial port or connection, and the jobs that want to ask on it.
 * It knows frames, silence, time-outs and who is next; it does not know what
 * the registers mean.
 *
 * A job is put into the schedule with kw_meter_line_put. When its turn comes
 * the line asks it for its next request (next), tells that the request leaves
 * (sent), and what became of it (answered), exactly once a request. A job that
 * wants another turn puts itself in again, in sent (several requests at a
 * time) or in answered. down and up are told to every job of the line.
 *
 * Everything runs on the loop's thread. Times are monotonic nanoseconds.
 */
#ifndef KW_METER_LINE_H
#define KW_METER_LINE_H

#include "base/err.h"
#include "base/list.h"
#include "meter/schedule.h"
#include "meter/trace.h"

struct kw_core;
struct kw_meter_job;
struct kw_meter_line;
struct kw_meter_line_conf;

/* What became of a request. */
struct kw_meter_answer {
    enum kw_meter_outcome outcome;
    uint8_t exception;         /* code of KW_METER_EXCEPTION */
    const unsigned char *data; /* KW_METER_GOOD: borrowed for the call */
    size_t length;
    uint64_t rtt_us;  /* last byte sent to last byte received */
    unsigned foreign; /* frames of others dropped meanwhile */
};

/* The quality (enum kw_quality) that the points get whose registers these
 * are. Exceptions that mean silence behind a gateway are time-outs. */
uint8_t kw_meter_answer_quality(const struct kw_meter_answer *answer);

struct kw_meter_job_ops {
    /* The request to send now; false: none. tag comes back with it. */
    bool (*next)(struct kw_meter_job *job, uint64_t now_ns,
                 struct kw_meter_ask *ask, unsigned *tag);
    void (*sent)(struct kw_meter_job *job, unsigned tag, uint64_t now_ns);
    /* The job may be removed and freed in here. */
    void (*answered)(struct kw_meter_job *job, unsigned tag,
                     const struct kw_meter_answer *answer, uint64_t now_ns);
    void (*up)(struct kw_meter_job *job, uint64_t now_ns);
    /* The job may be removed and freed in here. */
    void (*down)(struct kw_meter_job *job, uint64_t now_ns);
};

/* Embedded by its owner; zero but for ops before kw_meter_line_add. */
struct kw_meter_job {
    struct kw_meter_task task;
    struct kw_link link;
    const struct kw_meter_job_ops *ops;
    struct kw_meter_line *line; /* NULL: in none */
};

/* What is shown. A serial port is up when it is open; a connection with its
 * first answer, since one that is accepted may be closed at once, unless nobody
 * asks on it. One that was down stays so until then. */
enum kw_meter_line_state {
    KW_METER_LINE_CONNECTING,
    KW_METER_LINE_UP,
    KW_METER_LINE_DOWN,
};

/* A frame, or bytes, that should not have been on the line. */
struct kw_meter_seen {
    uint8_t as;   /* enum kw_meter_traced_as: garbled, late, twice, foreign,
                     echo, noise */
    uint8_t unit; /* that it names */
    int asked;    /* unit that was being asked, -1 none */
    bool request; /* foreign: another master's */
};

struct kw_meter_line_owner {
    /* After the state changed, not for the first connecting. */
    void (*on_state)(void *arg, enum kw_meter_line_state state);
    /* Nothing of it is open any more; it is freed after the call. */
    void (*on_gone)(void *arg);
    void *arg;
    /* Such a frame came; may be NULL. Nothing may be closed in here. */
    void (*on_seen)(void *arg, const struct kw_meter_seen *seen);
    /* More is asked for than the line has time for, or no longer; may be
     * NULL. Nothing may be closed in here. */
    void (*on_overload)(void *arg, bool on);
};

/*
 * A line that will open in the loop's next turn. conf is borrowed until
 * on_gone. jobs: how many it may have at once. KW_ENOMEM, KW_EIO (no
 * descriptor left); then on_gone is not called.
 */
KW_MUST_CHECK
int kw_meter_line_new(struct kw_meter_line **line, struct kw_core *core,
                      const struct kw_meter_line_conf *conf, size_t jobs,
                      const struct kw_meter_line_owner *owner);

/*
 * Lets go of the port, so that somebody else can open it, until it is resumed:
 * to everybody the line is down, why is shown. Twice is harmless.
 */
void kw_meter_line_suspend(struct kw_meter_line *line, const char *why);
void kw_meter_line_resume(struct kw_meter_line *line);

/* Closes; no job is called any more. on_gone comes later or at once. */
void kw_meter_line_close(struct kw_meter_line *line);

/* Makes a job one of the line's; KW_EFULL when it has enough. */
KW_MUST_CHECK
int kw_meter_line_add(struct kw_meter_line *line, struct kw_meter_job *job);

/* Takes it out, also while its request is under way. Twice is harmless. */
void kw_meter_line_remove(struct kw_meter_job *job);

/* Puts the job into the schedule, or moves it there. */
void kw_meter_line_put(struct kw_meter_job *job, uint64_t due_ns,
                       uint64_t deadline_ns);

/*
 * The job will ask so many requests a second, of together so many bytes with
 * their answers. It belongs to the line; the claim ends with that.
 */
void kw_meter_line_claim(struct kw_meter_job *job, double requests,
                         double bytes);

/*
 * Time asked for over the time there is, 1 at the limit: of each job the
 * requests it claims a second times what they take, silence and turnaround
 * included (as measured; before the first one by frames and speed).
 */
double kw_meter_line_demand(const struct kw_meter_line *line);

/* How many times longer than asked for all periods are: 1 or the demand. */
double kw_meter_line_stretch(const struct kw_meter_line *line);

/* The demand has been more than 1 for a while, see kw_meter_overload_step. */
bool kw_meter_line_overloaded(const struct kw_meter_line *line);

/* When something of a period is due again that is done now, and that stands on
 * a grid from start_ns on: stretched when the line is asked for too much. */
uint64_t kw_meter_line_next_ns(const struct kw_meter_job *job,
                               uint64_t start_ns, uint64_t period_ns,
                               uint64_t now_ns);

/*
 * The time-out, in milliseconds, for a probe of a meter that left the last
 * request unanswered and itself has taken own_us at most: see patience.h. 0:
 * the line's, always so on lines without CRC, where who does not answer holds
 * up nobody or a gateway that has time-outs of its own.
 */
uint32_t kw_meter_line_probe_ms(const struct kw_meter_line *line,
                                uint64_t own_us);

const struct kw_meter_line_conf *
kw_meter_line_conf(const struct kw_meter_line *line);
enum kw_meter_line_state kw_meter_line_state(const struct kw_meter_line *line);

/* Requests can leave, whatever is shown. */
bool kw_meter_line_is_open(const struct kw_meter_line *line);

/* Why it is down, "" when it isn't; borrowed. */
const char *kw_meter_line_text(const struct kw_meter_line *line);

/* Time in use over time elapsed in the last ten seconds, 0 to 1. */
double kw_meter_line_usage(const struct kw_meter_line *line);

/*
 * Whether what has been taken of a unit can be believed (trust.h): surplus
 * replies of it so far, and when all that could still come to its last request
 * would be here. Always 0 on lines without CRC.
 */
uint32_t kw_meter_line_strays(const struct kw_meter_line *line, uint8_t unit);
uint64_t kw_meter_line_settled_ns(const struct kw_meter_line *line,
                                  uint8_t unit);

/* Frames that came when nobody waited. */
uint64_t kw_meter_line_foreign(const struct kw_meter_line *line);

/* The last frames; borrowed until the loop's next turn. With CRC (else with
 * MBAP headers)? */
const struct kw_meter_trace *
kw_meter_line_trace(const struct kw_meter_line *line);
bool kw_meter_line_is_rtu(const struct kw_meter_line *line);

/* "/dev/ttyUSB0 38400 8N1" or "host:502", into text. */
void kw_meter_line_address(const struct kw_meter_line_conf *conf, char *text,
                           size_t size);

#endif
