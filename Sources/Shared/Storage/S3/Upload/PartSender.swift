import Domain
import Foundation
import Sealing
import Threads
import Transfer
import Wire

/// What the store confirmed of one part.
struct PartReceipt: Sendable {
    let number: Int
    let etag: String
    /// Whether the ETag is the part's MD5; with KMS it only looks like one.
    let isETagDigest: Bool
    /// Base64 of its SHA-256, where checksums are sent.
    let checksum: String?
}

/// Sends one part after the other of one upload, each until it is stored or hopeless. Safe from several threads.
struct PartSender: Sendable {
    let key: String
    let uploadID: String
    let session: S3Session
    let client: TransferClient
    let stop: StopSignal

    func send(_ part: MultipartUpload.Part) throws(BackupError) -> PartReceipt {
        let digest = part.buffer.withBytes { sha256($0) }
        let checksum = session.configuration.sendsChecksums ? digest.base64Text : nil
        var operation = S3Operation("store part \(part.number) of \(key)", "PUT", key: key)
        operation.query = [("partNumber", String(part.number)), ("uploadId", uploadID)]
        operation.body = .buffer(part.buffer)
        operation.bodyDigest = digest
        operation.deadline = session.configuration.deadline(forBytes: part.buffer.count)
        if let checksum { operation.headers.append(("x-amz-checksum-sha256", checksum)) }
        do throws(S3Problem) {
            return try session.perform(operation, stop: stop) { (answer) throws(S3Failure) in
                let ways = session.configuration.ways
                let etag = try StoredCheck.etag(answer, checksum: checksum, of: part.buffer, ways)
                return PartReceipt(
                    number: part.number, etag: etag, isETagDigest: StoredCheck.isDigest(etag, answer, ways),
                    checksum: checksum)
            }
        } catch {
            throw error.meaning.asRefusal
        }
    }
}

/// Compares what the store says of bytes that it took with what was sent.
enum StoredCheck {
    /// The ETag of an answer to PUT. Throws `.corrupted` when checksum or ETag is of other bytes.
    ///
    /// The store's own SHA-256 decides where it gives one. Else the ETag does, where it is an MD5: not with KMS.
    static func etag(
        _ answer: HTTPResponse, checksum: String?, of buffer: TransferBuffer, _ ways: StoreWays
    ) throws(S3Failure) -> String {
        let etag = try S3Answers.etag(answer["ETag"])
        if let checksum, let stored = answer["x-amz-checksum-sha256"] {
            guard stored == checksum else { throw S3Failure(.corrupted, message: "the store got other bytes") }
            return etag
        }
        if isDigest(etag, answer, ways), etag != buffer.withBytes({ md5($0) }).hexText {
            throw S3Failure(.corrupted, message: "the store's ETag is of other bytes")
        }
        return etag
    }

    static func isDigest(_ etag: String, _ answer: HTTPResponse, _ ways: StoreWays) -> Bool {
        ways.etagIsMD5 != false && answer["x-amz-server-side-encryption"]?.hasPrefix("aws:kms") != true
            && etag.wholeMatch(of: /[0-9a-f]{32}/) != nil
    }

    /// The SHA-256 that S3 gives to an object of these parts: of their digests, and how many they are. Nil without checksums.
    static func compositeChecksum(_ parts: [PartReceipt]) -> String? {
        let digests = parts.compactMap { $0.checksum.flatMap { Data(base64Encoded: $0) } }
        guard !parts.isEmpty, digests.count == parts.count else { return nil }
        return "\(sha256(digests.flatMap(Array.init)).base64Text)-\(parts.count)"
    }

    /// The ETag that S3 gives to an object of these parts; nil when it cannot be told.
    static func compositeETag(_ parts: [PartReceipt]) -> String? {
        guard parts.allSatisfy(\.isETagDigest) else { return nil }
        let joined = parts.flatMap { part in
            stride(from: 0, to: 32, by: 2).compactMap { position in
                let start = part.etag.index(part.etag.startIndex, offsetBy: position)
                return UInt8(part.etag[start..<part.etag.index(start, offsetBy: 2)], radix: 16)
            }
        }
        return "\(joined.withUnsafeBytes { md5($0) }.hexText)-\(parts.count)"
    }
}

extension S3Configuration {
    /// Even at 4 KiB a second, or half the bandwidth limit if that is less, this is enough. A stall is noticed sooner.
    func deadline(forBytes count: Int) -> Duration {
        let slowest = bandwidth > 0 ? min(4096, max(1, bandwidth / 2)) : 4096
        return .seconds(60 + Int64(count) / slowest)
    }
}
