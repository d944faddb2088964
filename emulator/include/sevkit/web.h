/* Certificates for a web server of ours that stands in at another's host name: a CA made on the spot and
 * one server certificate under it. For front ends; nothing here has to do with AMD's chain.
 *
 * The CA's private key is thrown away before the function returns: no second certificate can be made
 * under a CA that somebody was told to trust. */
#ifndef SEVKIT_WEB_H
#define SEVKIT_WEB_H

#include "sevkit/result.h"

#define CRYPTO_WEB_PEM_SIZE 2048
#define CRYPTO_WEB_DAYS 30

/* PEM texts, each with its zero byte. */
struct crypto_web {
    char ca[CRYPTO_WEB_PEM_SIZE];
    char certificate[CRYPTO_WEB_PEM_SIZE]; /* the server's alone */
    char key[CRYPTO_WEB_PEM_SIZE];         /* the server's private key */
};

/* A CA and a server certificate for HOST (a DNS name of at most 64 bytes), both EC P-256, valid from a
 * day before NOW (UTC seconds since 1970) for CRYPTO_WEB_DAYS days. The randomness is OpenSSL's. */
SEVKIT_MUST struct sevkit_result crypto_web_new(const char *host, int64_t now,
                                                struct crypto_web *web);
void crypto_web_wipe(struct crypto_web *web);

#endif
