// libcurl's option calls are variadic, which Swift cannot call: one typed function for each kind of value.
#pragma once
#include <curl/curl.h>

typedef size_t (*ccurl_write)(char *bytes, size_t size, size_t count, void *context);
typedef size_t (*ccurl_read)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_progress)(void *context, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);

static inline CURLcode ccurl_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_offset(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_pointer(CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_list(CURL *h, CURLoption o, struct curl_slist *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_write(CURL *h, CURLoption o, ccurl_write v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_read(CURL *h, CURLoption o, ccurl_read v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_progress(CURL *h, ccurl_progress v) {
    return curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, v);
}
// The bytes are copied by libcurl.
static inline CURLcode ccurl_set_blob(CURL *h, CURLoption o, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(h, o, &blob);
}
// CURLOPT_PROTOCOLS_STR. libcurl before 7.85 (Ubuntu 22.04) does not have it, also where these programs were built with a later one:
// there by the bits that it replaced. Both by number, so that any header will do.
static inline CURLcode ccurl_set_protocols(CURL *h, const char *names, long bits) {
    CURLcode code = curl_easy_setopt(h, (CURLoption)(CURLOPTTYPE_STRINGPOINT + 318), names);
    return code == CURLE_UNKNOWN_OPTION ? curl_easy_setopt(h, (CURLoption)(CURLOPTTYPE_LONG + 181), bits) : code;
}
static inline CURLcode ccurl_response_code(CURL *h, long *v) { return curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, v); }
