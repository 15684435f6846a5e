/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tests/data/http/requests.txt: raw requests and what they deserve. */
#ifndef KW_TEST_REQUESTS_H
#define KW_TEST_REQUESTS_H

#include "base/buf.h"

#include <stdbool.h>

struct kw_raw_request {
    char name[64];
    uint64_t parser;     /* 0 accepted, or the refusing status */
    uint64_t server;     /* status of the answer */
    bool ends;           /* the connection ends after it */
    struct kw_buf bytes; /* borrowed for the call */
};

/* Calls each for every row; returns how many. Fails the test when the file is
 * malformed. */
size_t kw_requests_each(void (*each)(void *arg,
                                     const struct kw_raw_request *request),
                        void *arg);

#endif
