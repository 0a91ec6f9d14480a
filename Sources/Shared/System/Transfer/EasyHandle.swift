import CCurl

/// Owns one easy handle, and with it its connections, so that the next request to the same host needs no handshake.
// @unchecked Sendable: libcurl allows a handle to move between threads as long as one uses it at a time, which the
// pool of ``TransferClient`` sees to: a handle that is in use is not in the pool.
final class EasyHandle: @unchecked Sendable {
    private let raw: UnsafeMutableRawPointer
    /// libcurl writes its words here, so the memory must stay where it is.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    init() throws(TransferError) {
        try startLibcurl()
        guard let raw = curl_easy_init() else {
            words.deallocate()
            throw TransferError(.other, "libcurl gave no handle: out of memory")
        }
        self.raw = raw
        words[0] = 0
    }

    deinit {
        curl_easy_cleanup(raw)
        freeLists()
        words.deallocate()
    }

    /// Forgets every option; connections and TLS sessions stay.
    func reset() {
        curl_easy_reset(raw)
        freeLists()
        words[0] = 0
        // These two cannot fail on a sound handle, and failing would only mean poorer words.
        _ = ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, words)
        _ = ccurl_set_long(raw, CURLOPT_NOSIGNAL, 1)
    }

    func set(_ option: CURLoption, _ value: Int) throws(TransferError) { try check(ccurl_set_long(raw, option, value)) }

    func set(_ option: CURLoption, offset: Int64) throws(TransferError) {
        try check(ccurl_set_offset(raw, option, curl_off_t(offset)))
    }

    /// nil forgets libcurl's own default.
    func set(_ option: CURLoption, _ text: String?) throws(TransferError) {
        try check(ccurl_set_string(raw, option, text))
    }

    /// What it may speak, whatever an address says.
    func allow(_ protocols: Protocols) throws(TransferError) {
        switch protocols {
        case .web: try check(ccurl_set_protocols(raw, "http,https", Int(CURLPROTO_HTTP | CURLPROTO_HTTPS)))
        case .mail: try check(ccurl_set_protocols(raw, "smtp,smtps", Int(CURLPROTO_SMTP | CURLPROTO_SMTPS)))
        }
    }

    /// Families of protocols, none of which reaches a file of this host.
    enum Protocols { case web, mail }

    /// The bytes are copied.
    func set(_ option: CURLoption, blob: [UInt8]) throws(TransferError) {
        try check(ccurl_set_blob(raw, option, blob, blob.count))
    }

    /// The memory must stay as it is until the transfer is over.
    func set(_ option: CURLoption, pointer: UnsafeRawPointer?) throws(TransferError) {
        try check(ccurl_set_pointer(raw, option, pointer))
    }

    func set(_ option: CURLoption, _ callback: @escaping ccurl_write) throws(TransferError) {
        try check(ccurl_set_write(raw, option, callback))
    }

    func set(progress: @escaping ccurl_progress) throws(TransferError) {
        try check(ccurl_set_progress(raw, progress))
        try set(CURLOPT_NOPROGRESS, 0)
    }

    /// The list lives until the next ``reset()``.
    func set(_ option: CURLoption, list: [String]) throws(TransferError) {
        var head: UnsafeMutablePointer<curl_slist>?
        for line in list {
            guard let longer = curl_slist_append(head, line) else {
                curl_slist_free_all(head)
                throw TransferError(.other, "out of memory")
            }
            head = longer
        }
        guard let head else { return }
        lists.append(head)
        try check(ccurl_set_list(raw, option, head))
    }

    /// Blocks until the transfer is over.
    func perform() -> CURLcode { curl_easy_perform(raw) }

    /// The status of the last answer, or 0.
    var responseCode: Int {
        var code = 0
        return ccurl_response_code(raw, &code) == CURLE_OK ? code : 0
    }

    /// What libcurl said about the last failure; empty if nothing.
    var detail: String { String(cString: words) }

    private func check(_ code: CURLcode) throws(TransferError) {
        if code != CURLE_OK { throw TransferError(code, detail: "", doing: "prepare a request") }
    }

    private func freeLists() {
        for list in lists { curl_slist_free_all(list) }
        lists = []
    }
}
