/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running configuration is a numbered revision in the database: who,
 * when, why, and the canonical text. The file wins when its canonical content
 * changed since it was last applied; changes made over the web are new
 * revisions and `kilowatch config export` writes them as a file again.
 */
#ifndef KW_CORE_REVISION_H
#define KW_CORE_REVISION_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/db.h"

struct kw_node;

extern const struct kw_db_table kw_revision_table;

enum { KW_REVISION_KEEP = 200 }; /* older ones are deleted */

struct kw_revision {
    uint64_t number;    /* from 1 */
    int64_t time_ms;    /* UTC */
    char author[64];    /* user, or "file" */
    char reason[160];   /* "file changed", "web: meters", "rollback to 4" */
    uint64_t file_hash; /* of the file's canonical content at that time */
};

struct kw_revisions;

/*
 * Reads the list; db is borrowed and outlives it. NULL: nothing is stored, all
 * is kept in memory. KW_ECORRUPT, KW_EVERSION (written by a newer program),
 * KW_ENOMEM or what the database says.
 */
KW_MUST_CHECK int kw_revisions_new(struct kw_revisions **revisions,
                                   struct kw_db *db);
/* After the database was closed: until then it may report what it stored. */
void kw_revisions_free(struct kw_revisions *revisions);

/*
 * Decides what to start with: file is the tree of the file (NULL: there is
 * none). Gives the tree to validate in *root (in arena).
 * *is_new: it is to be stored as the file's once it is valid, because its
 * content changed or nothing is stored yet. *discards: the number
 * of the web revision that this discards, 0 none (an alarm names it).
 * KW_ECORRUPT: there is no file and the newest revision can't be read.
 */
KW_MUST_CHECK int kw_revisions_choose(struct kw_revisions *revisions,
                                      const struct kw_node *file,
                                      struct kw_arena *arena,
                                      struct kw_node **root, bool *is_new,
                                      uint64_t *discards);

struct kw_revision_note {
    const char *author, *reason;
    int64_t time_ms; /* UTC */
    bool from_file;  /* the tree is the content of the file */
};
/*
 * Stores a tree as the next revision; it is the current one from now on. The
 * texts of note are copied, cut to the room in struct kw_revision. On 0 done
 * (may be NULL) runs when it is durable, or with an error, after which the
 * revision is gone again; on a db that isn't attached to a loop, and without
 * one, it runs before this returns.
 * KW_EFULL: longer than the ceiling of a configuration, KW_ENOMEM, KW_EBUSY:
 * too many are under way.
 */
KW_MUST_CHECK int kw_revisions_store(struct kw_revisions *revisions,
                                     const struct kw_node *root,
                                     const struct kw_revision_note *note,
                                     kw_db_done_fn *done, void *arg);

/* The same with the canonical text (kw_node_format_yaml), which is taken on 0;
 * note->from_file is not looked at. */
KW_MUST_CHECK int kw_revisions_store_text(struct kw_revisions *revisions,
                                          struct kw_buf *take,
                                          const struct kw_revision_note *note,
                                          kw_db_done_fn *done, void *arg);

/* The newest number, 0 when there is none. */
uint64_t kw_revisions_current(const struct kw_revisions *revisions);
size_t kw_revisions_count(const struct kw_revisions *revisions);
/* Index 0 is the newest; valid until the next revision is added. */
const struct kw_revision *kw_revisions_at(const struct kw_revisions *revisions,
                                          size_t index);

/* Appends the canonical YAML of a revision to out. KW_ENOTFOUND. */
KW_MUST_CHECK int kw_revisions_text(const struct kw_revisions *revisions,
                                    uint64_t number, struct kw_buf *out);

/*
 * A line difference of two texts in the unified form, without file names: "-"
 * and "+" lines with three of context; nothing when they are equal. Beyond
 * 2,000 differing lines a side they are shown as removed and added whole.
 */
void kw_text_diff(const char *from, const char *to, struct kw_buf *out);

#endif
