/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) straight into a buffer: no tree, no allocation but
 * the buffer's. Commas and quotes are its business, nesting is checked.
 * Reading JSON is Jansson's work, in core.
 */
#ifndef KW_BASE_JSON_H
#define KW_BASE_JSON_H

#include "base/buf.h"

#include <stdbool.h>

enum { KW_JSON_DEPTH = 24 };

struct kw_json {
    struct kw_buf *out; /* borrowed; its error state is the result */
    unsigned depth;
    bool comma[KW_JSON_DEPTH]; /* a value was written at this depth */
};

void kw_json_init(struct kw_json *json, struct kw_buf *out);

/* Objects and arrays; key is NULL inside an array or at the top. */
void kw_json_object(struct kw_json *json, const char *key);
void kw_json_end_object(struct kw_json *json);
void kw_json_array(struct kw_json *json, const char *key);
void kw_json_end_array(struct kw_json *json);

/*
 * Values; text that is not UTF-8 has its bad bytes replaced by U+FFFD, and a
 * NULL text is null.
 */
void kw_json_text(struct kw_json *json, const char *key, const char *value);
void kw_json_int(struct kw_json *json, const char *key, int64_t value);
void kw_json_uint(struct kw_json *json, const char *key, uint64_t value);
void kw_json_bool(struct kw_json *json, const char *key, bool value);
void kw_json_null(struct kw_json *json, const char *key);

/* The shortest decimal that reads back as the same double; NaN is null. */
void kw_json_real(struct kw_json *json, const char *key, double value);

/* Already formed JSON, as it is. */
void kw_json_raw(struct kw_json *json, const char *key, const char *text,
                 size_t length);

/* Formats a double as kw_json_real does; at most 32 bytes with the NUL. */
enum { KW_REAL_TEXT_SIZE = 32 };
unsigned kw_real_format(double value, char text[KW_REAL_TEXT_SIZE]);

#endif
