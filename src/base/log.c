/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One write(2) a line and no buffer of its own: lines of two threads don't mix,
 * and what was said before a crash is there. A line has at most 1,280 bytes;
 * what strangers wrote is escaped, so that nobody can forge a second line or
 * move the cursor of who reads it.
 *
 * systemd's journal gets "<level>tag: text" and makes its own time stamp.
 */
#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void kw_log_init(struct kw_log *log, int fd, enum kw_log_form form,
                 const struct kw_clock *clock)
{
    log->fd = fd;
    atomic_init(&log->level, KW_LOG_INFO);
    log->form = form;
    log->clock = clock;
}

const char *kw_log_level_name(enum kw_log_level level)
{
    switch (level) {
    case KW_LOG_ERROR:
        return "error";
    case KW_LOG_WARN:
        return "warn";
    case KW_LOG_NOTICE:
        return "notice";
    case KW_LOG_INFO:
        return "info";
    case KW_LOG_DEBUG:
        return "debug";
    default:
        return "?";
    }
}

unsigned kw_log_escape(char *out, unsigned size, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned length = 0;

    while (*text != 0 && length + 5 <= size) {
        unsigned char c = (unsigned char)*text;
        unsigned step = (unsigned)kw_text_step(text, strnlen(text, 4));

        if (step > 0) {
            memcpy(out + length, text, step);
            length += step;
            text += step;
            continue;
        }
        out[length++] = '\\';
        out[length++] = 'x';
        out[length++] = hex[c >> 4];
        out[length++] = hex[c & 15];
        text++;
    }
    out[length] = 0;
    return length;
}

/* What stands before the message. */
static int prefix(const struct kw_log *log, char *line, size_t size,
                  enum kw_log_level level, const char *tag)
{
    char stamp[KW_TIME_TEXT_SIZE];

    if (log->form == KW_LOG_JOURNAL)
        return snprintf(line, size, "<%d>%s: ", (int)level, tag);
    kw_time_format(kw_clock_wall_ms(log->clock), stamp);
    return snprintf(line, size, "%.12s %-10s %-6s ", stamp + 11, tag,
                    kw_log_level_name(level));
}

void kw_log_write(struct kw_log *log, enum kw_log_level level, const char *tag,
                  const char *format, ...)
{
    char text[1024], line[1280];
    unsigned length;
    va_list args;
    ssize_t written;

    if (log == NULL ||
        (int)level > atomic_load_explicit(&log->level, memory_order_relaxed))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    length = (unsigned)prefix(log, line, 64, level, tag);
    length = length > 63 ? 63 : length;
    length += kw_log_escape(line + length, sizeof(line) - length - 1, text);
    line[length++] = '\n';
    written = write(log->fd, line, length);
    (void)written; /* a log that can't be written must not stop anything */
}
