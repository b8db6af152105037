/* One word for what OpenSSL's error queue says: see proxy/tls_word.h. */
#include "proxy/tls_word.h"

#include "base/openssl.h"

/* What the other side's alert means (RFC 8446 §6.2). */
static const char *alert_word(int alert, bool is_origin, bool wants_client_cert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_HANDSHAKE_FAILURE:
        if (is_origin && wants_client_cert)
            return "client-certificate-required";
        if (alert == SSL_AD_HANDSHAKE_FAILURE)
            return "handshake-failure";
        return is_origin || alert == SSL_AD_ACCESS_DENIED
                   ? "peer-alert"
                   : "client-refused-certificate";
    case TLS13_AD_CERTIFICATE_REQUIRED:
        return "client-certificate-required";
    case SSL_AD_INSUFFICIENT_SECURITY:
        return "handshake-failure";
    case SSL_AD_PROTOCOL_VERSION:
        return "protocol-version";
    case SSL_AD_UNRECOGNIZED_NAME:
        return "unrecognized-name";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return "no-application-protocol";
    case SSL_AD_USER_CANCELLED:
    case SSL_AD_CLOSE_NOTIFY:
        return "closed-in-handshake";
    default:
        return "peer-alert";
    }
}

static const char *reason_word(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        return "not-tls";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
        return "protocol-version";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNSUPPORTED_ELLIPTIC_CURVE:
    case SSL_R_WRONG_CURVE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        return "handshake-failure";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "bad-record";
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_UNEXPECTED_RECORD:
        return "unexpected-message";
    default:
        return "protocol-error";
    }
}

const char *tls_word(unsigned long code, bool is_origin, bool wants_client_cert)
{
    int reason = ERR_GET_REASON(code);
    bool is_alert = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                    reason >= SSL_AD_REASON_OFFSET &&
                    reason < SSL_AD_REASON_OFFSET + 256;
    return is_alert ? alert_word(reason - SSL_AD_REASON_OFFSET, is_origin,
                          wants_client_cert)
                    : reason_word(reason);
}
