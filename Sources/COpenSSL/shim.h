// OpenSSL 3, and as functions what it offers as macros, which Swift cannot call.
#ifndef NECTAR_COPENSSL_SHIM_H
#define NECTAR_COPENSSL_SHIM_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline long nectar_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline long nectar_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}

static inline long nectar_SSL_CTX_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline long nectar_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline long nectar_SSL_CTX_get_ticket_keys(SSL_CTX *context, void *keys, long length) {
    return SSL_CTX_get_tlsext_ticket_keys(context, keys, length);
}

static inline long nectar_SSL_CTX_set_ticket_keys(SSL_CTX *context, void *keys, long length) {
    return SSL_CTX_set_tlsext_ticket_keys(context, keys, length);
}

static inline long nectar_SSL_CTX_set_servername_callback(SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
    return SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline long nectar_SSL_CTX_set_servername_argument(SSL_CTX *context, void *argument) {
    return SSL_CTX_set_tlsext_servername_arg(context, argument);
}

static inline long nectar_SSL_set_host_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

// Expressions in the header, numbers here.
static const uint64_t nectar_SSL_OPTIONS =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF
    | SSL_OP_PRIORITIZE_CHACHA;
static const long nectar_SSL_MODES =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

#endif
