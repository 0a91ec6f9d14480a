import Domain
import Foundation
import Threads
import Transfer
import Wire

/// What HEAD says about an object.
struct S3Object {
    let facts: ObjectFacts
    /// The mark of the upload that made it, if it was one of ours.
    let nonce: String?
}

extension S3Session {
    /// The header that marks whose upload an object is.
    static let nonceHeader = "x-amz-meta-holdfast-upload"

    /// `withChecksum` asks for the store's own SHA-256 too. For that Amazon wants the right to use an object's KMS key as well:
    /// who does not have it gets the other facts.
    func head(
        _ key: String, withChecksum: Bool = false, stop: StopSignal?, retry: RetryPolicy? = nil
    ) throws(S3Problem) -> S3Object {
        var operation = S3Operation("asking for \(key)", "HEAD", key: key)
        guard withChecksum, configuration.sendsChecksums, configuration.ways.headTellsChecksum != false else {
            return try object(operation, key, stop, retry)
        }
        operation.headers.append(("x-amz-checksum-mode", "ENABLED"))
        do throws(S3Problem) {
            return try object(operation, key, stop, retry)
        } catch  where error.failure.lacksRight || error.failure.kind == .notImplemented {
            return try head(key, stop: stop, retry: retry)
        }
    }

    private func object(
        _ operation: S3Operation, _ key: String, _ stop: StopSignal?, _ retry: RetryPolicy?
    ) throws(S3Problem) -> S3Object {
        try perform(operation, stop: stop, retry: retry) { (answer) throws(S3Failure) in
            guard let bytes = answer["Content-Length"].flatMap({ Int64($0) }) else {
                throw S3Failure(.later, message: "the answer has no length")
            }
            return S3Object(
                facts: ObjectFacts(
                    key: key, bytes: bytes, etag: try S3Answers.etag(answer["ETag"]),
                    checksum: answer["x-amz-checksum-sha256"],
                    modifiedAt: answer["Last-Modified"].flatMap(AWSDate.http),
                    storeTime: answer["Date"].flatMap(AWSDate.http)),
                nonce: answer[Self.nonceHeader])
        }
    }
}
