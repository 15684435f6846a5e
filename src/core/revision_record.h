/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A revision as it is stored: a small header with a version, then the
 * canonical text. Pure; private to core.
 */
#ifndef KW_CORE_REVISION_RECORD_H
#define KW_CORE_REVISION_RECORD_H

#include "core/revision.h"

enum { KW_REVISION_VERSION = 1 };

/* Appends the record of a revision and its text; its number is the key. */
void kw_revision_encode(const struct kw_revision *revision,
                        struct kw_slice text, struct kw_buf *out);

/*
 * Reads key and record. *text is borrowed from the record. KW_ECORRUPT, or
 * KW_EVERSION when a newer program wrote it.
 */
KW_MUST_CHECK int kw_revision_decode(struct kw_slice key,
                                     struct kw_slice record,
                                     struct kw_revision *revision,
                                     struct kw_slice *text);

#endif
