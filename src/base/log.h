/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an entry to standard error. Two forms: for people
 * ("12:00:01.250 meter  warn  text") and for the journal of systemd, which
 * reads the level from a "<4>" in front. Control characters and line ends in
 * a message are escaped, so that text from the wire can't forge an entry.
 * May be called from jobs: an entry is one write().
 */
#ifndef KW_BASE_LOG_H
#define KW_BASE_LOG_H

#include "base/clock.h"
#include "base/err.h"

#include <stdatomic.h>

/* The numbers are those of syslog (RFC 5424, 6.2.1). */
enum kw_log_level {
    KW_LOG_ERROR = 3,
    KW_LOG_WARN = 4,
    KW_LOG_NOTICE = 5,
    KW_LOG_INFO = 6,
    KW_LOG_DEBUG = 7,
};

enum kw_log_form { KW_LOG_PLAIN, KW_LOG_JOURNAL };

struct kw_log {
    int fd;            /* borrowed, normally 2 */
    _Atomic int level; /* entries above it are left out */
    enum kw_log_form form;
    const struct kw_clock *clock;
};

/* fd stays the caller's. */
void kw_log_init(struct kw_log *log, int fd, enum kw_log_form form,
                 const struct kw_clock *clock);

/* tag is the module's name. A NULL log is allowed: nothing is written. */
void kw_log_write(struct kw_log *log, enum kw_log_level level, const char *tag,
                  const char *format, ...) KW_PRINTF(4, 5);

/* "error", "warn", "notice", "info", "debug", or "?". */
const char *kw_log_level_name(enum kw_log_level level);

/*
 * Copies text into out, which has size bytes (at least 1), with control
 * characters and bytes that aren't UTF-8 as \xNN, cut to size; the pure part
 * of the log. Returns the length without the NUL.
 */
unsigned kw_log_escape(char *out, unsigned size, const char *text);

#endif
