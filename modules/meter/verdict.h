/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the figures of a line's meters say about where a fault is: in the
 * cable, in an address, or in one meter. One sentence a meter and one a line,
 * each with a stable key that a page translates by.
 *
 * The figures are those of the recent past (struct kw_meter_recent). What all
 * meters have is the line's fault, what one has is its own. A share needs
 * enough requests, so that one lost frame accuses nobody. Pure.
 */
#ifndef KW_METER_VERDICT_H
#define KW_METER_VERDICT_H

#include "meter/refusal.h"
#include "meter/stats.h"

enum { KW_METER_VERDICT_SIZE = 240 };

/*
 * The keys, X(name, key); the sentences stand in verdict.c by the same names.
 * "" is: nothing is wrong.
 */
#define KW_METER_VERDICTS(X)                                                   \
    X(FINE, "")                                                                \
    X(SILENT, "meter_silent")                                                  \
    X(SILENT_SERIAL, "meter_silent_serial")                                    \
    X(SILENT_TCP, "meter_silent_tcp")                                          \
    X(SILENT_ALL, "meter_silent_all")                                          \
    X(GARBLED, "meter_garbled")                                                \
    X(GARBLED_ALL, "meter_garbled_all")                                        \
    X(REFUSES, "meter_refuses")                                                \
    X(TWICE, "meter_twice")                                                    \
    X(LATE, "meter_late")                                                      \
    X(BLOCK_SILENT, "meter_block_silent")                                      \
    X(BLOCK_GARBLED, "meter_block_garbled")                                    \
    X(CRC, "meter_crc")                                                        \
    X(CRC_SOME, "meter_crc_some")                                              \
    X(CRC_ALL, "meter_crc_all")                                                \
    X(CRC_ALONE, "meter_crc_alone")                                            \
    X(LOSSES, "meter_losses")                                                  \
    X(LOSSES_ALL, "meter_losses_all")                                          \
    X(FOREIGN, "meter_foreign")                                                \
    X(NARROWED, "meter_narrowed")                                              \
    X(EXCEPTIONS, "meter_exceptions")                                          \
    X(SLOW, "meter_slow")                                                      \
    X(LINE_SILENT, "line_silent")                                              \
    X(LINE_SILENT_TCP, "line_silent_tcp")                                      \
    X(LINE_GARBLED, "line_garbled")                                            \
    X(LINE_MASTERS, "line_masters")                                            \
    X(LINE_CRC, "line_crc")                                                    \
    X(LINE_CRC_SOME, "line_crc_some")                                          \
    X(LINE_LOSSES, "line_losses")                                              \
    X(LINE_FOREIGN, "line_foreign")                                            \
    X(LINE_OVERLOAD, "line_overload")                                          \
    X(LINE_NOISE, "line_noise")                                                \
    X(LINE_ECHO, "line_echo")

enum kw_meter_verdict_kind {
#define KW_METER_VERDICT_ENUM(name, key) KW_METER_VERDICT_##name,
    KW_METER_VERDICTS(KW_METER_VERDICT_ENUM)
#undef KW_METER_VERDICT_ENUM
        KW_METER_VERDICTS_COUNT
};

struct kw_meter_verdict {
    uint8_t kind;            /* enum kw_meter_verdict_kind */
    uint8_t unit;            /* of a meter */
    uint8_t exception;       /* the last code */
    struct kw_meter_gap gap; /* what is left out without an answer */
    double share;            /* of the requests, 0 to 1 */
    double demand;           /* on the line, of what it can carry */
    uint32_t count;          /* meters, frames or points, as the text says */
    uint32_t of;             /* meters of the line that were judged */
    uint32_t mean_us, timeout_us; /* of answers */
};

/* What is known of a meter. */
struct kw_meter_case {
    struct kw_meter_counts counts;
    uint8_t unit;
    uint8_t exception;       /* the last code, 0 none */
    uint32_t refused;        /* points of its map that it does not have */
    struct kw_meter_gap gap; /* what is left out without an answer */
};

/* And of its line. */
struct kw_meter_line_case {
    bool serial; /* a port of this machine, else a connection */
    bool rtu;    /* frames with CRC */
    bool down;   /* port or connection: that says all */
    uint32_t timeout_us;
    double demand;  /* time asked for over time there is; 0 not known */
    double stretch; /* periods take this times longer */
    struct kw_meter_counts counts; /* masters, echoes, noise, foreign */
    const struct kw_meter_case *meters;
    size_t count;
};

/* What the meters of a line have in common; made once, used for all. */
struct kw_meter_survey {
    const struct kw_meter_line_case *line;
    uint32_t judged;          /* meters with enough requests */
    uint32_t silent, garbled; /* of these: without any answer */
    uint32_t crc, losses;     /* of these: more than a few */
    struct kw_meter_counts sum;
};

/* line is borrowed as long as the survey is used. */
void kw_meter_survey(const struct kw_meter_line_case *line,
                     struct kw_meter_survey *survey);

struct kw_meter_verdict
kw_meter_verdict_line(const struct kw_meter_survey *survey);
struct kw_meter_verdict
kw_meter_verdict_meter(const struct kw_meter_survey *survey, size_t index);

/* "line_crc"; "" when nothing is wrong. */
const char *kw_meter_verdict_key(const struct kw_meter_verdict *verdict);

/* One English sentence; "" when nothing is wrong. */
void kw_meter_verdict_text(const struct kw_meter_verdict *verdict,
                           char text[KW_METER_VERDICT_SIZE]);

#endif
