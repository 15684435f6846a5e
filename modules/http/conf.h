/* SPDX-License-Identifier: Apache-2.0 */
/* The section `http` of the configuration, as its rows describe it. */
#ifndef KW_HTTP_CONF_H
#define KW_HTTP_CONF_H

#include "core/setting.h"

#include <stdint.h>

/* Where it listens when nothing is said: all addresses, IPv6 and IPv4. */
#define KW_HTTP_LISTEN "[::]:8443"

struct kw_http_conf {
    struct kw_texts listen;
    struct kw_http_conf_limits {
        uint64_t request_line_bytes;
        uint64_t header_block_bytes;
        int64_t headers;
        int64_t header_ms;        /* from a request's first byte to its head */
        int64_t request_ms;       /* to its last byte, and for its answer */
        int64_t idle_ms;          /* between two requests */
        uint64_t body_rate_bytes; /* a second, at least */
        uint64_t answer_rate_bytes; /* the same for what a client takes */
        int64_t connections;
    } limits;
};

extern const struct kw_setting kw_http_settings[];

struct kw_env;
/* The addresses must be numeric, each once. KW_EINVAL with findings. */
KW_MUST_CHECK int kw_http_conf_check(void *conf, const struct kw_env *env,
                                     struct kw_diag *diag);

#endif
