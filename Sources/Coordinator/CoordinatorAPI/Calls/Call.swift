import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOHTTP1
import Wire

/// One request, with what a route needs of it.
struct Call: Sendable {
    let request: Request
    let context: CallContext
    let peer: Peer
    let bodyLimit: Int

    /// A part of the path by its name in the route, percent-decoded.
    func parameter(_ name: String) throws -> String {
        guard let text = context.parameters.get(name)?.removingPercentEncoding, !text.isEmpty else {
            throw BackupError(.usage, "the address is not well-formed")
        }
        return text
    }

    /// The same, as an id.
    func id(_ name: String) throws -> UUID {
        guard let id = UUID(uuidString: try parameter(name)) else {
            throw BackupError(.notFound, "there is nothing with this id: it is not a UUID")
        }
        return id
    }

    /// A parameter of the query, percent-decoded; nil when it is missing or empty.
    func query(_ name: String) -> String? {
        guard let text = request.uri.queryParameters[Substring(name)], !text.isEmpty else { return nil }
        return String(text)
    }

    /// How many are asked for at most; nil when it is not said. Throws `.usage` for what is no number above 0.
    func limit() throws(BackupError) -> Int? {
        guard let text = query("limit") else { return nil }
        guard let limit = Int(text), limit > 0 else { throw BackupError(.usage, "limit must be a number above 0") }
        return limit
    }

    /// The body as one value. An operator's message carries no protocol number.
    func body<Value: Decodable>(as type: Value.Type = Value.self) async throws -> Value {
        try JSONBody.decode(type, from: await bytes())
    }

    /// The body as one message of an agent, whose protocol number is looked at first: a newer shape need not decode.
    func message<Value: Decodable>(as type: Value.Type = Value.self) async throws -> Value {
        try Self.message(as: type, from: await bytes())
    }

    /// The same, of a body that was read.
    static func message<Value: Decodable>(as type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let version = try JSONBody.decode(Versioned.self, from: bytes).version
        guard ProtocolVersion.accepted.contains(version.rawValue) else { throw ProtocolMismatch(theirs: version) }
        return try JSONBody.decode(type, from: bytes)
    }

    /// The whole body, which must be as long as it says and no longer than this route bears.
    func bytes() async throws -> [UInt8] {
        guard request.headers[.contentEncoding] == nil else { throw CallProblem.encodedBody }
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > bodyLimit { throw CallProblem.bodyTooLarge(limit: bodyLimit) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(announced ?? 0)
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= bodyLimit else {
                    throw CallProblem.bodyTooLarge(limit: bodyLimit)
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
        } catch {
            guard error is CallProblem || error is HTTPParserError else { throw CancellationError() }
            throw error
        }
        // The framework takes the end of the connection for the end of the body.
        if let announced, announced != bytes.count { throw BackupError(.usage, "the request's body was cut short") }
        return bytes
    }

    private struct Versioned: Decodable { let version: ProtocolVersion }
}

/// The other side speaks a protocol that this one does not.
struct ProtocolMismatch: Error {
    let theirs: ProtocolVersion

    var detail: String {
        let ours = ProtocolVersion.accepted
        let remedy = theirs.rawValue > ours.upperBound ? "upgrade the coordinator" : "upgrade the agent"
        return "the message is of protocol \(theirs.rawValue), this coordinator speaks "
            + "\(ours.lowerBound) to \(ours.upperBound): \(remedy)"
    }
}
