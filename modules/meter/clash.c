/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each line gets a key that is the same for the same endpoint: of a serial port
 * the numbers of the device behind its name, so that links and other nodes of
 * the device count, or the name where there is no device; of a connection the
 * numeric address in its canonical form, or the name in small letters, and the
 * port. Names are not resolved. The keys are sorted, so thousands of lines cost
 * no more than that.
 */
#include "meter/clash.h"

#include "base/arena.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEYS_MAX_BYTES = 32 << 20, HOST_SIZE = 256, PATH_SIZE = 48 };

struct end {
    const char *key;
    const struct kw_meter_line_conf *line;
    size_t index;
};

static const char *put_key(struct kw_arena *arena, const char *text)
{
    return kw_arena_strndup(arena, text, strlen(text));
}

static const char *serial_key(struct kw_arena *arena, const char *port)
{
    char text[64];
    struct stat info;

    if (stat(port, &info) != 0)
        return put_key(arena, port);
    if (S_ISCHR(info.st_mode))
        snprintf(text, sizeof(text), "device %llu",
                 (unsigned long long)info.st_rdev);
    else
        snprintf(text, sizeof(text), "file %llu %llu",
                 (unsigned long long)info.st_dev,
                 (unsigned long long)info.st_ino);
    return put_key(arena, text);
}

/* The canonical form of a host: 192.0.2.1, 2001:db8::1, meter.example. */
static void format_host(const char *host, char text[HOST_SIZE])
{
    bool bracket = host[0] == '[';
    unsigned char address[sizeof(struct in6_addr)];
    size_t length;

    snprintf(text, HOST_SIZE, "%s", host + bracket);
    length = strlen(text);
    if (length > 1 && (bracket || text[length - 1] == '.'))
        text[length - 1] = 0;
    for (char *at = text; *at != 0; at++)
        *at = (char)tolower((unsigned char)*at);
    if (inet_pton(AF_INET6, text, address) == 1)
        (void)inet_ntop(AF_INET6, address, text, HOST_SIZE);
}

static const char *tcp_key(struct kw_arena *arena, const char *host,
                           uint16_t port)
{
    char canonical[HOST_SIZE], text[HOST_SIZE + 16];

    format_host(host, canonical);
    snprintf(text, sizeof(text), "%s port %u", canonical, port);
    return put_key(arena, text);
}

/* What both kinds of TCP lines have; NULL for a serial one. */
static const struct kw_meter_tcp_conf *
connection(const struct kw_meter_line_conf *line)
{
    return line->tcp != NULL ? line->tcp : line->rtu_tcp;
}

static const char *key_of(struct kw_arena *arena,
                          const struct kw_meter_line_conf *line)
{
    const struct kw_meter_tcp_conf *tcp = connection(line);

    return tcp != NULL ? tcp_key(arena, tcp->host, kw_meter_tcp_port(tcp))
                       : serial_key(arena, line->serial->port);
}

static int compare(const void *left, const void *right)
{
    const struct end *a = left, *b = right;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static void warn(const struct end *first, const struct end *second,
                 struct kw_diag *diag)
{
    const struct kw_meter_line_conf *line = second->line;
    char path[PATH_SIZE];

    if (line->serial != NULL) {
        snprintf(path, sizeof(path), "lines[%zu].serial.port", second->index);
        kw_diag_warn(diag, path,
                     "\"%.80s\" is the port of the line %s already: both would "
                     "talk at once; put the meters on one line",
                     line->serial->port, first->line->name);
        return;
    }
    snprintf(path, sizeof(path), "lines[%zu].%s.host", second->index,
             line->tcp != NULL ? "tcp" : "rtu_tcp");
    kw_diag_warn(diag, path,
                 "\"%.80s\", port %u is where the line %s leads already: many "
                 "devices take one connection only; put the meters on one line",
                 connection(line)->host, kw_meter_tcp_port(connection(line)),
                 first->line->name);
}

static int make_ends(const struct kw_meter_conf *conf, struct end *ends,
                     struct kw_arena *arena)
{
    for (size_t i = 0; i < conf->lines.count; i++) {
        ends[i].line = kw_meter_conf_line(conf, i);
        ends[i].index = i;
        ends[i].key = key_of(arena, ends[i].line);
        if (ends[i].key == NULL)
            return KW_ENOMEM;
    }
    return 0;
}

int kw_meter_clash_check(const struct kw_meter_conf *conf, struct kw_diag *diag)
{
    size_t count = conf->lines.count, first = 0;
    struct end *ends = kw_alloc_array(count, sizeof(*ends));
    struct kw_arena arena;
    int err;

    if (ends == NULL)
        return KW_ENOMEM;
    kw_arena_init(&arena, KEYS_MAX_BYTES);
    err = make_ends(conf, ends, &arena);
    if (err == 0)
        qsort(ends, count, sizeof(*ends), compare);
    for (size_t i = 1; i < count && err == 0; i++) {
        if (strcmp(ends[i].key, ends[first].key) != 0)
            first = i;
        else
            warn(&ends[first], &ends[i], diag);
    }
    kw_arena_fini(&arena);
    kw_free(ends);
    return err;
}
