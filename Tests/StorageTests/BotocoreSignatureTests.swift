import Foundation
import Storage
import Testing

/// 1,000 random requests, signed by us and by botocore.
@Suite(.timeLimit(.minutes(5)))
struct BotocoreSignatureTests {
    private struct Item: Encodable {
        let method: String
        let url: String
        let headers: [[String]]
        let payloadHash: String
        let timestamp: String
        let region: String
        let id: String
        let secret: String
        let token: String?
        let expires: Int?

        enum CodingKeys: CodingKey {
            case method, url, headers, payloadHash, timestamp, region, id, secret, token, expires
        }

        // Written out because an absent optional must be there as null.
        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(method, forKey: .method)
            try values.encode(url, forKey: .url)
            try values.encode(headers, forKey: .headers)
            try values.encode(payloadHash, forKey: .payloadHash)
            try values.encode(timestamp, forKey: .timestamp)
            try values.encode(region, forKey: .region)
            try values.encode(id, forKey: .id)
            try values.encode(secret, forKey: .secret)
            try values.encode(token, forKey: .token)
            try values.encode(expires, forKey: .expires)
        }
    }

    @Test func randomRequestsCarryBotocoresSignatures() throws {
        var random = SeededRandom(seed: 20260115)
        var items: [Item] = []
        var ours: [String] = []
        for number in 0..<1000 {
            let (item, signature) = makeRequest(number, &random)
            items.append(item)
            ours.append(signature)
        }
        let answer = try runPython("botocore_signatures.py", input: JSONEncoder().encode(items))
        let theirs = try JSONDecoder().decode([String].self, from: answer)
        #expect(theirs.count == 1000)
        // Every text ends with an empty one.
        #expect(ours.allSatisfy { !$0.isEmpty })
        for (number, pair) in zip(ours, theirs).enumerated() where !pair.1.hasSuffix(pair.0) {
            Issue.record("\(items[number].method) \(items[number].url): ours \(pair.0), theirs \(pair.1)")
        }
    }

    private func makeRequest(_ number: Int, _ random: inout SeededRandom) -> (Item, String) {
        let expires = number % 4 == 0 ? Int.random(in: 1...604_800, using: &random) : nil
        let region = ["us-east-1", "eu-central-1", "ap-southeast-2"].randomElement(using: &random) ?? ""
        let credentials = Credentials(
            accessKeyID: "AKID\(number)", secretAccessKey: text(40, "ABCabc019/+", &random),
            sessionToken: number % 3 == 0 ? text(120, "ABCabc019/+=", &random) : nil)
        let time = Date(timeIntervalSince1970: Double(Int.random(in: 946_684_800..<4_102_444_800, using: &random)))
        let path = "/" + encode(text(Int.random(in: 1...40, using: &random), Self.alphabet, &random), "/")
        var query: [(name: String, value: String)] = []
        for index in 0..<Int.random(in: 0...4, using: &random) {
            let value = text(Int.random(in: 0...12, using: &random), Self.alphabet, &random)
            query.append((text(3, Self.alphabet, &random) + "\(index)", value.isEmpty && expires != nil ? "v" : value))
        }
        var headers = [(name: "Host", value: "bucket.s3.\(region).amazonaws.com")]
        if expires == nil {
            for index in 0..<Int.random(in: 0...4, using: &random) {
                let value = text(Int.random(in: 1...20, using: &random), "ab  C;,=/é\t1", &random)
                headers.append(("X-Amz-Meta-\(text(4, "abCD", &random))\(index)", "v\(value)v"))
            }
        }
        let hash = expires == nil ? text(64, "0123456789abcdef", &random) : "UNSIGNED-PAYLOAD"
        let method =
            expires == nil ? ["GET", "PUT", "POST", "HEAD", "DELETE"].randomElement(using: &random) ?? "" : "GET"
        let url =
            "https://\(headers[0].value)\(path)"
            + (query.isEmpty
                ? "" : "?" + query.map { "\(encode($0.name, ""))=\(encode($0.value, ""))" }.joined(separator: "&"))
        let item = Item(
            method: method, url: url, headers: headers.map { [$0.name, $0.value] }, payloadHash: hash,
            timestamp: stamp(time), region: region, id: credentials.accessKeyID, secret: credentials.secretAccessKey,
            token: credentials.sessionToken, expires: expires)
        let signer = SignatureV4(credentials: credentials, region: region, service: "s3", rule: .s3, at: time)
        if expires == nil { headers.append(("x-amz-content-sha256", hash)) }
        let request = SignatureV4.Request(method: method, path: path, query: query, headers: headers, payloadHash: hash)
        guard let expires else {
            return (item, signer.headers(for: request).first { $0.name == "Authorization" }?.value ?? "")
        }
        return (item, String(signer.query(for: request, expires: expires).suffix(64)))
    }

    private static let alphabet = "abcXYZ019-._~ /+&=?#%$'\"!*()[]@:,;<>|^`{}äß€漢字🙂"

    private func text(_ count: Int, _ alphabet: String, _ random: inout SeededRandom) -> String {
        let characters = Array(alphabet)
        return String((0..<count).compactMap { _ in characters.randomElement(using: &random) })
    }

    private func encode(_ text: String, _ kept: String) -> String {
        var allowed = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        allowed.insert(charactersIn: kept)
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    private func stamp(_ time: Date) -> String {
        time.formatted(.iso8601).replacing("-", with: "").replacing(":", with: "")
    }
}
