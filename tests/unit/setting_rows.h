/* SPDX-License-Identifier: Apache-2.0 */
/* A small configuration of all kinds, for the tests of the settings reader. */
#ifndef KW_TEST_SETTING_ROWS_H
#define KW_TEST_SETTING_ROWS_H

#include "core/conf.h"
#include "core/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct serial {
    const char *port;
    int64_t baud;
    int parity;
    int64_t timeout_ms;
};

struct tcp {
    const char *host;
    int64_t port;
};

struct line {
    const char *name;
    struct serial *serial;
    struct tcp *tcp;
};

struct every {
    int64_t fast_ms, slow_ms;
};

struct meter {
    const char *name, *line;
    int64_t unit;
    double ratio;
    struct every every;
    struct kw_pairs labels;
    bool invert;
};

struct conf {
    const char *site;
    struct kw_list_of lines, meters, virtuals;
    uint64_t size_bytes;
    const char *listen, *secret, *from, *path;
    struct every polling;
};

static const char *const parities[] = {"none", "even", "odd", NULL};

static const struct kw_setting serial_rows[] = {
    {.key = "port",
     .kind = KW_KIND_PATH,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct serial, port)},
    {.key = "baud",
     .kind = KW_KIND_INT,
     .preset = "19200",
     .min = 1200,
     .max = 115200,
     .offset = offsetof(struct serial, baud)},
    {.key = "parity",
     .kind = KW_KIND_KEYWORD,
     .preset = "even",
     .words = parities,
     .offset = offsetof(struct serial, parity)},
    {.key = "timeout",
     .kind = KW_KIND_DURATION,
     .preset = "1s",
     .min = 50,
     .max = 60000,
     .offset = offsetof(struct serial, timeout_ms)},
    {0},
};

static const struct kw_setting tcp_rows[] = {
    {.key = "host",
     .kind = KW_KIND_TEXT,
     .flags = KW_REQUIRED,
     .min = 1,
     .max = 253,
     .offset = offsetof(struct tcp, host)},
    {.key = "port",
     .kind = KW_KIND_INT,
     .preset = "502",
     .min = 1,
     .max = 65535,
     .offset = offsetof(struct tcp, port)},
    {0},
};

static const struct kw_setting line_rows[] = {
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct line, name)},
    {.key = "serial",
     .kind = KW_KIND_OBJECT,
     .flags = KW_OPTIONAL | KW_ONE_OF,
     .rows = serial_rows,
     .size = sizeof(struct serial),
     .offset = offsetof(struct line, serial)},
    {.key = "tcp",
     .kind = KW_KIND_OBJECT,
     .flags = KW_OPTIONAL | KW_ONE_OF,
     .rows = tcp_rows,
     .size = sizeof(struct tcp),
     .shorthand = "host",
     .offset = offsetof(struct line, tcp)},
    {0},
};

static const struct kw_setting every_rows[] = {
    {.key = "fast",
     .kind = KW_KIND_DURATION,
     .preset = "1s",
     .min = 100,
     .offset = offsetof(struct every, fast_ms)},
    {.key = "slow",
     .kind = KW_KIND_DURATION,
     .preset = "60s",
     .offset = offsetof(struct every, slow_ms)},
    {0},
};

static const struct kw_setting meter_rows[] = {
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct meter, name)},
    {.key = "line",
     .kind = KW_KIND_REF,
     .flags = KW_REQUIRED,
     .refers = "lines",
     .offset = offsetof(struct meter, line)},
    {.key = "unit",
     .kind = KW_KIND_INT,
     .flags = KW_REQUIRED,
     .min = 1,
     .max = 247,
     .offset = offsetof(struct meter, unit)},
    {.key = "ratio",
     .kind = KW_KIND_REAL,
     .preset = "1",
     .min = 0.001,
     .max = 10000,
     .unit = "A",
     .offset = offsetof(struct meter, ratio)},
    {.key = "every",
     .kind = KW_KIND_OBJECT,
     .rows = every_rows,
     .size = sizeof(struct every),
     .shorthand = "fast",
     .offset = offsetof(struct meter, every)},
    {.key = "labels",
     .kind = KW_KIND_PAIRS,
     .max = 3,
     .offset = offsetof(struct meter, labels)},
    {.key = "invert",
     .kind = KW_KIND_BOOL,
     .offset = offsetof(struct meter, invert)},
    {0},
};

struct sum {
    const char *name;
    struct kw_texts sum;
};

static const struct kw_setting sum_rows[] = {
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct sum, name)},
    {.key = "sum",
     .kind = KW_KIND_TEXTS,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .refers = "meters|virtual",
     .min = 1,
     .max = 4,
     .offset = offsetof(struct sum, sum)},
    {0},
};

static const struct kw_setting rows[] = {
    {.key = "site",
     .kind = KW_KIND_TEXT,
     .preset = "here",
     .min = 1,
     .max = 8,
     .offset = offsetof(struct conf, site)},
    {.key = "lines",
     .kind = KW_KIND_LIST,
     .rows = line_rows,
     .size = sizeof(struct line),
     .max = 3,
     .offset = offsetof(struct conf, lines)},
    {.key = "meters",
     .kind = KW_KIND_LIST,
     .rows = meter_rows,
     .size = sizeof(struct meter),
     .offset = offsetof(struct conf, meters)},
    {.key = "virtual",
     .kind = KW_KIND_LIST,
     .rows = sum_rows,
     .size = sizeof(struct sum),
     .shorthand = "name",
     .offset = offsetof(struct conf, virtuals)},
    {.key = "size",
     .kind = KW_KIND_BYTES,
     .preset = "8GiB",
     .min = 1 << 20,
     .max = 1099511627776.0,
     .offset = offsetof(struct conf, size_bytes)},
    {.key = "listen",
     .kind = KW_KIND_ADDRESS,
     .offset = offsetof(struct conf, listen)},
    {.key = "secret",
     .kind = KW_KIND_SECRET,
     .offset = offsetof(struct conf, secret)},
    {.key = "from",
     .kind = KW_KIND_TIME,
     .offset = offsetof(struct conf, from)},
    {.key = "path",
     .kind = KW_KIND_PATH,
     .offset = offsetof(struct conf, path)},
    {.key = "polling",
     .kind = KW_KIND_OBJECT,
     .rows = every_rows,
     .size = sizeof(struct every),
     .offset = offsetof(struct conf, polling)},
    {0},
};

struct fixture {
    struct kw_arena arena;
    struct kw_diag diag;
    struct conf conf;
    int err;
};

/* Reads YAML as a whole configuration, unknown keys included. */
static inline void read_conf(struct fixture *f, const char *text)
{
    const struct kw_setting *const tables[] = {rows, NULL};
    struct kw_node *root = NULL;
    char line[512];

    kw_arena_init(&f->arena, 16 << 20);
    kw_diag_init(&f->diag);
    memset(&f->conf, 0, sizeof(f->conf));
    if (kw_conf_parse_yaml(text, strlen(text), &f->arena, &root, &f->diag) != 0)
        fail_msg("%s", kw_diag_first(&f->diag, line, sizeof(line)));
    f->diag.file = "f";
    kw_settings_unknown(tables, root, &f->diag);
    f->err = kw_settings_read(rows, root, root, &f->conf, &f->arena, &f->diag);
    if (f->err == 0 && kw_diag_any(&f->diag))
        f->err = KW_EINVAL;
}

static inline void clean(struct fixture *f)
{
    kw_diag_fini(&f->diag);
    kw_arena_fini(&f->arena);
}

/* All findings, one a line. */
static inline const char *findings(struct fixture *f)
{
    static char text[8192];
    char line[512];
    size_t used = 0;

    text[0] = 0;
    for (size_t i = 0; i < f->diag.count && used < sizeof(text); i++)
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s\n",
            kw_diag_format(&f->diag.items[i], line, sizeof(line)));
    return text;
}

#endif
