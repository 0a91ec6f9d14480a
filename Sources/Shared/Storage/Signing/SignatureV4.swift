package import Foundation
import Sealing

/// AWS Signature Version 4, in the header and in the query.
///
/// Two modes differ in the path: a generic service has it normalised (unless told otherwise) and encoded once more than
/// on the wire; S3 has it as it is on the wire. The rest is the same.
package struct SignatureV4: Sendable {
    package enum PathRule: Sendable {
        case s3
        case generic(normalized: Bool)
    }

    package struct Request: Sendable {
        package var method: String
        /// As on the wire, without the query.
        package var path: String
        /// Not encoded.
        package var query: [(name: String, value: String)]
        /// `Host` must be among them. All are signed, in header and query mode alike.
        package var headers: [(name: String, value: String)]
        /// 64 lower-case hex digits, or `UNSIGNED-PAYLOAD`.
        package var payloadHash: String

        package init(
            method: String, path: String, query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)], payloadHash: String
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.payloadHash = payloadHash
        }
    }

    package let region: String
    package let service: String
    package let rule: PathRule
    private let credentials: Credentials
    private let stamp: String

    package init(credentials: Credentials, region: String, service: String, rule: PathRule, at time: Date) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.rule = rule
        stamp = AWSDate.stamp(time)
    }

    /// The headers to send: those of the request with `X-Amz-Date`, `X-Amz-Security-Token` where there is one, and
    /// `Authorization`. The session token can be left out of what is signed, for services that want it so.
    package func headers(for request: Request, signsToken: Bool = true) -> [(name: String, value: String)] {
        var signed = request
        signed.headers.append(("X-Amz-Date", stamp))
        let token = credentials.sessionToken.map { (name: "X-Amz-Security-Token", value: $0) }
        if let token, signsToken { signed.headers.append(token) }
        let (names, lines) = canonicalHeaders(signed)
        let canonical = canonicalRequest(signed, names: names, lines: lines)
        let value =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature(of: canonical))"
        var headers = signed.headers
        if let token, !signsToken { headers.append(token) }
        headers.append(("Authorization", value))
        return headers
    }

    /// The whole query that makes the URL valid for `expires` seconds from the signer's time, encoded and ready to use.
    package func query(for request: Request, expires: Int, signsToken: Bool = true) -> String {
        var signed = request
        let (names, lines) = canonicalHeaders(signed)
        signed.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", stamp), ("X-Amz-SignedHeaders", names), ("X-Amz-Expires", String(expires)),
        ]
        let token = credentials.sessionToken.map { (name: "X-Amz-Security-Token", value: $0) }
        if let token, signsToken { signed.query.append(token) }
        let canonical = canonicalRequest(signed, names: names, lines: lines)
        if let token, !signsToken { signed.query.append(token) }
        return "\(URIEncoding.canonicalQuery(signed.query))&X-Amz-Signature=\(signature(of: canonical))"
    }

    private var scope: String { "\(stamp.prefix(8))/\(region)/\(service)/aws4_request" }

    private func canonicalRequest(_ request: Request, names: String, lines: String) -> String {
        let query = URIEncoding.canonicalQuery(request.query)
        return "\(request.method)\n\(canonicalPath(request.path))\n\(query)\n\(lines)\n\(names)\n\(request.payloadHash)"
    }

    private func canonicalPath(_ path: String) -> String {
        switch rule {
        case .s3: path.isEmpty ? "/" : path
        case .generic(let normalized): URIEncoding.encode(normalized ? normalize(path) : path, keepingSlashes: true)
        }
    }

    /// RFC 3986 dot segments removed, and no empty parts.
    private func normalize(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let isFolder = path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/..")
        return parts.isEmpty ? "/" : "/" + parts.joined(separator: "/") + (isFolder ? "/" : "")
    }

    /// Lower-case names, sorted; runs of white space as one; values of one name joined in the order in which they came.
    private func canonicalHeaders(_ request: Request) -> (names: String, lines: String) {
        var values: [String: [String]] = [:]
        for header in request.headers {
            let value = header.value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[header.name.lowercased(), default: []].append(value)
        }
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        return (names.joined(separator: ";"), lines)
    }

    private func signature(of canonicalRequest: String) -> String {
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(hex(sha256(Array(canonicalRequest.utf8))))"
        let steps = [String(stamp.prefix(8)), region, service, "aws4_request", text]
        let start = Array("AWS4\(credentials.secretAccessKey)".utf8)
        return hex(steps.reduce(start) { hmacSHA256(key: $0, Array($1.utf8)) })
    }
}
