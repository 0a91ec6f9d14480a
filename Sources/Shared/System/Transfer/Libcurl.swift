import CCurl
import Glibc

/// libcurl's own start, once in a process: a global is made by one thread, and the others wait for it.
private let started: CURLcode = {
    // With NOSIGNAL libcurl leaves SIGPIPE to the program, and a peer that hangs up must not end it.
    _ = signal(SIGPIPE, SIG_IGN)
    return curl_global_init(Int(CURL_GLOBAL_ALL))
}()

/// Starts libcurl if that has not happened yet.
func startLibcurl() throws(TransferError) {
    guard started == CURLE_OK else { throw TransferError(started, detail: "", doing: "start libcurl") }
}
