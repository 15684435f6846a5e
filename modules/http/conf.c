/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the section `http`. Each limit has bounds that keep it from
 * being switched off by a large number: what has no ceiling is what an attacker
 * uses. Addresses are numeric, so that opening one never waits for a name.
 */
#include "http/conf.h"

#include "core/policy.h"
#include "http/opening.h"
#include "net/listen.h"

#include <stdio.h>
#include <string.h>

static const struct kw_setting limit_rows[] = {
    {
        .key = "request_line",
        .kind = KW_KIND_BYTES,
        .offset = offsetof(struct kw_http_conf_limits, request_line_bytes),
        .preset = "8KiB",
        .min = 1024,
        .max = 16384,
        .unit = "B",
        .help = "Longest first line of a request.",
    },
    {
        .key = "header_block",
        .kind = KW_KIND_BYTES,
        .offset = offsetof(struct kw_http_conf_limits, header_block_bytes),
        .preset = "16KiB",
        .min = 1024,
        .max = 65536,
        .unit = "B",
        .help = "Largest header of a request.",
    },
    {
        .key = "headers",
        .kind = KW_KIND_INT,
        .offset = offsetof(struct kw_http_conf_limits, headers),
        .preset = "64",
        .min = 16,
        .max = 256,
        .help = "Most header fields of a request.",
    },
    {
        .key = "header_time",
        .kind = KW_KIND_DURATION,
        .offset = offsetof(struct kw_http_conf_limits, header_ms),
        .preset = "5s",
        .min = 1000,
        .max = 60000,
        .unit = "ms",
        .help = "Time for the handshake, and for a request's header.",
    },
    {
        .key = "request_time",
        .kind = KW_KIND_DURATION,
        .offset = offsetof(struct kw_http_conf_limits, request_ms),
        .preset = "30s",
        .min = 1000,
        .max = 600000,
        .unit = "ms",
        .help = "Time for a request, and for its answer to be found.",
    },
    {
        .key = "idle_time",
        .kind = KW_KIND_DURATION,
        .offset = offsetof(struct kw_http_conf_limits, idle_ms),
        .preset = "60s",
        .min = 1000,
        .max = 600000,
        .unit = "ms",
        .help = "How long a connection without a request is kept.",
    },
    {
        .key = "body_rate",
        .kind = KW_KIND_BYTES,
        .offset = offsetof(struct kw_http_conf_limits, body_rate_bytes),
        .preset = "1KiB",
        .min = 1,
        .max = 1048576,
        .unit = "B/s",
        .help = "Slowest upload that is waited for.",
    },
    {
        .key = "answer_rate",
        .kind = KW_KIND_BYTES,
        .offset = offsetof(struct kw_http_conf_limits, answer_rate_bytes),
        .preset = "1KiB",
        .min = 1,
        .max = 1048576,
        .unit = "B/s",
        .help = "Slowest reader of an answer that is waited for.",
    },
    {
        .key = "connections",
        .kind = KW_KIND_INT,
        .offset = offsetof(struct kw_http_conf_limits, connections),
        .preset = "256",
        .min = 8,
        .max = 4096,
        .help = "Most connections at a time.",
    },
    {0},
};

static const struct kw_setting http_rows[] = {
    {
        .key = "listen",
        .kind = KW_KIND_TEXTS,
        .flags = KW_UNIQUE,
        .offset = offsetof(struct kw_http_conf, listen),
        .max = KW_DOORS_MAX,
        .help = "Addresses and ports of the web server; [::]:8443 when "
                "nothing is given.",
    },
    {
        .key = "limits",
        .kind = KW_KIND_OBJECT,
        .offset = offsetof(struct kw_http_conf, limits),
        .rows = limit_rows,
        .size = sizeof(struct kw_http_conf_limits),
        .help = "What one client may take.",
    },
    {0},
};

const struct kw_setting kw_http_settings[] = {
    {
        .key = "http",
        .kind = KW_KIND_OBJECT,
        .rows = http_rows,
        .size = sizeof(struct kw_http_conf),
        .help = "The web server: HTTPS only.",
        .permission = KW_MAY_CONFIGURE,
    },
    {0},
};

int kw_http_conf_check(void *conf, const struct kw_env *env,
                       struct kw_diag *diag)
{
    const struct kw_http_conf *http = conf;
    struct sockaddr_storage address;
    char path[48];
    int err = 0;

    (void)env;
    for (size_t i = 0; i < http->listen.count; i++) {
        const char *text = http->listen.items[i];

        if (strlen(text) < KW_DOOR_ADDRESS_SIZE &&
            kw_address_parse(text, &address) == 0)
            continue;
        snprintf(path, sizeof(path), "http.listen[%zu]", i);
        err = kw_diag_at(diag, path,
                         "\"%.80s\" is no address: expected a numeric address "
                         "and a port, such as [::]:8443 or 192.0.2.7:8443",
                         text);
    }
    return err;
}
