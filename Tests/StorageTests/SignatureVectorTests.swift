import Foundation
import Sealing
import Storage
import Testing

/// The public Signature V4 suite: 38 requests, each signed in the header and in the query.
@Suite(.enabled(if: SignatureVector.folder != nil, "needs the signing vectors: see HOLDFAST_VECTORS"))
struct SignatureVectorTests {
    @Test(arguments: SignatureVector.all)
    func headersCarryTheSignatureOfTheSuite(vector: SignatureVector) throws {
        let signed = vector.signer.headers(for: vector.headerRequest, signsToken: vector.signsToken)
        let authorization = try #require(signed.first { $0.name == "Authorization" }?.value)
        #expect(authorization.hasSuffix("Signature=\(try vector.text("header-signature.txt"))"))
    }

    @Test(arguments: SignatureVector.all)
    func queriesCarryTheSignatureOfTheSuite(vector: SignatureVector) throws {
        let query = vector.signer.query(
            for: vector.queryRequest, expires: vector.expires, signsToken: vector.signsToken)
        #expect(query.hasSuffix("X-Amz-Signature=\(try vector.text("query-signature.txt"))"))
    }

    @Test func theSuiteIsComplete() {
        #expect(SignatureVector.all.count == 38)
    }
}

/// One folder of the suite.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    let name: String
    let signer: SignatureV4
    let expires: Int
    let signsToken: Bool
    let queryRequest: SignatureV4.Request
    let headerRequest: SignatureV4.Request

    var testDescription: String { name }

    static let folder: URL? = {
        let given = ProcessInfo.processInfo.environment["HOLDFAST_VECTORS"].map { URL(filePath: $0) }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = (given ?? package.appending(path: "../shared/vectors")).appending(path: "sigv4")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static let all: [SignatureVector] = {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            return []
        }
        return names.sorted().compactMap { try? SignatureVector(folder.appending(path: $0)) }
    }()

    private struct Context: Decodable {
        struct Keys: Decodable {
            let access_key_id: String
            let secret_access_key: String
            let token: String?
        }
        let credentials: Keys
        let expiration_in_seconds: Int
        let normalize: Bool
        let region: String
        let service: String
        let sign_body: Bool
        let timestamp: Date
        let omit_session_token: Bool?
    }

    init(_ folder: URL) throws {
        name = folder.lastPathComponent
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let context = try decoder.decode(Context.self, from: Data(contentsOf: folder.appending(path: "context.json")))
        let keys = context.credentials
        signer = SignatureV4(
            credentials: Credentials(
                accessKeyID: keys.access_key_id, secretAccessKey: keys.secret_access_key, sessionToken: keys.token),
            region: context.region, service: context.service, rule: .generic(normalized: context.normalize),
            at: context.timestamp)
        expires = context.expiration_in_seconds
        signsToken = !(context.omit_session_token ?? false)
        let request = try Self.parse(String(contentsOf: folder.appending(path: "request.txt"), encoding: .utf8))
        queryRequest = request
        var signed = request
        if context.sign_body { signed.headers.append(("X-Amz-Content-Sha256", request.payloadHash)) }
        headerRequest = signed
    }

    func text(_ file: String) throws -> String {
        let folder = try #require(Self.folder).appending(path: name)
        return try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func parse(_ text: String) throws -> SignatureV4.Request {
        let (head, body) =
            text.firstRange(of: "\n\n").map { (text[..<$0.lowerBound], text[$0.upperBound...]) } ?? (text[...], "")
        var lines = head.split(separator: "\n")
        let line = lines.removeFirst()
        let method = try #require(line.split(separator: " ").first)
        let target = line.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let question = target.firstIndex(of: "?")
        var headers: [(name: String, value: String)] = []
        for line in lines {
            if line.first?.isWhitespace == true {
                headers[headers.count - 1].value += "\n\(line)"
            } else {
                let colon = try #require(line.firstIndex(of: ":"))
                headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
            }
        }
        let query = question.map { target[target.index(after: $0)...] } ?? ""
        return SignatureV4.Request(
            method: String(method), path: String(target[..<(question ?? target.endIndex)]),
            query: query.split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    .map { String($0).removingPercentEncoding ?? "" }
                return (sides[0], sides.count > 1 ? sides[1] : "")
            },
            headers: headers, payloadHash: hex(sha256(Array(body.utf8))))
    }
}
