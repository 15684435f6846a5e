/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throw-away authorities and certificates for tests, good ones and bad ones:
 * P-256 keys, files NAME.crt (0644) and NAME.key (0600) in a folder. Fails the
 * test when something can't be made.
 */
#ifndef KW_TEST_PKI_H
#define KW_TEST_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KW_PKI_PATH = 128, KW_PKI_ROLES = 2 };

struct kw_pki_wish {
    const char *name;   /* of the files, and common name */
    const char *issuer; /* name of what signs it; NULL: itself */
    bool authority;
    const char *alt;        /* "DNS:meter,IP:127.0.0.1"; NULL: none */
    const char *usage;      /* "serverAuth", "clientAuth"; NULL: any */
    int64_t from_ms, to_ms; /* 0: a day ago, in a year */
    /* Values of role extensions, as bytes of DER; NULL: none. */
    const unsigned char *roles[KW_PKI_ROLES];
    size_t role_lengths[KW_PKI_ROLES];
};

void kw_pki_make(const char *dir, const struct kw_pki_wish *wish);

/* An authority NAME, a certificate for a server and one for a client of it
 * with a role (NULL: none): what most tests need. */
void kw_pki_authority(const char *dir, const char *name);
void kw_pki_server(const char *dir, const char *name, const char *issuer,
                   const char *alt);
void kw_pki_client(const char *dir, const char *name, const char *issuer,
                   const char *role);

/* Appends an authority's revocation list to FILE (in the folder); revoked is
 * the name of a certificate, or NULL. Good until to_ms (0: in a year). */
void kw_pki_revoke(const char *dir, const char *issuer, const char *revoked,
                   const char *file, int64_t to_ms);

/* The path of a file in the folder, "ca.crt", into path; returns it. */
const char *kw_pki_path(const char *dir, const char *file,
                        char path[KW_PKI_PATH]);

#endif
