/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted HTTPS client on the test's loop: sends what it is told byte for
 * byte, also what no browser would, and takes answers apart.
 */
#ifndef KW_TEST_WEB_CLIENT_H
#define KW_TEST_WEB_CLIENT_H

#include "lib/fixture.h"
#include "net/stream.h"

struct kw_web {
    struct kw_stream stream;
    struct kw_fixture *fixture;
    struct kw_tls *tls;
    struct kw_buf in; /* received and not yet taken */
    bool open, ended, gone;
    int end_err;
};

struct kw_web_answer {
    unsigned status;    /* 0: the connection ended without an answer */
    char head[4096];    /* with its empty line */
    struct kw_buf body; /* chunks put together */
};

/* Connects to localhost and waits for the handshake. The certificate is the
 * server's own in the fixture's folder. */
void kw_web_open(struct kw_web *web, struct kw_fixture *fixture, uint16_t port);
/* The same without waiting. */
void kw_web_begin(struct kw_web *web, struct kw_fixture *fixture,
                  uint16_t port);
/* Closes and waits until it is gone. */
void kw_web_close(struct kw_web *web);

void kw_web_send(struct kw_web *web, const void *bytes, size_t length);
void kw_web_text(struct kw_web *web, const char *text);

/* Waits for the next whole answer. Freed by kw_web_drop. */
void kw_web_answer(struct kw_web *web, struct kw_web_answer *answer);
/* An answer to HEAD: no body whatever the head says. */
void kw_web_head_answer(struct kw_web *web, struct kw_web_answer *answer);
void kw_web_drop(struct kw_web_answer *answer);

/* Waits until the received bytes hold text. */
void kw_web_until(struct kw_web *web, const char *text);
/* Waits until the server has ended the connection. */
void kw_web_until_end(struct kw_web *web);

/* Sends a request and gives the status; the answer is dropped. */
unsigned kw_web_status(struct kw_web *web, const char *request);

/* A field of an answer's head into value; false when it is absent. */
bool kw_web_field(const struct kw_web_answer *answer, const char *name,
                  char *value, size_t size);

#endif
