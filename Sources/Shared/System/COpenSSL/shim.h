#pragma once
// What Swift cannot call: variadic functions, macros with casts, and stacks (which are macros all through).
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// A new P-256 key pair, or NULL.
static inline EVP_PKEY *copenssl_generate_p256(void) { return EVP_EC_gen("P-256"); }

/// What a memory BIO holds; the bytes belong to the BIO.
static inline long copenssl_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

static inline int copenssl_general_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// The text of the name at `index` when it is a URI (GEN_URI) or DNS name (GEN_DNS) as wanted, otherwise NULL.
static inline const ASN1_STRING *copenssl_general_name(const GENERAL_NAMES *names, int index, int wanted) {
    int type = -1;
    const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &type);
    if (type != wanted || (wanted != GEN_URI && wanted != GEN_DNS)) return NULL;
    return (const ASN1_STRING *)value;
}

static inline int copenssl_key_usage_count(const EXTENDED_KEY_USAGE *usages) { return sk_ASN1_OBJECT_num(usages); }

static inline const ASN1_OBJECT *copenssl_key_usage(const EXTENDED_KEY_USAGE *usages, int index) {
    return sk_ASN1_OBJECT_value(usages, index);
}

/// Whether an error of PEM_read_bio only says that there is no further block.
static inline int copenssl_is_pem_end(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// The string type MBSTRING_UTF8, a macro with an operator.
static const int copenssl_utf8 = MBSTRING_UTF8;
