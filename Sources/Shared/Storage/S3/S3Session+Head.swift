import Domain
import Threads
import Transfer

/// What HEAD says about an object.
struct S3Object {
    let facts: ObjectFacts
    /// The mark of the upload that made it, if it was one of ours.
    let nonce: String?
}

extension S3Session {
    /// The header that marks whose upload an object is.
    static let nonceHeader = "x-amz-meta-holdfast-upload"

    func head(_ key: String, stop: StopSignal?, retry: RetryPolicy? = nil) throws(S3Problem) -> S3Object {
        try perform(S3Operation("look at \(key)", "HEAD", key: key), stop: stop, retry: retry) {
            (answer) throws(S3Failure) in
            guard let bytes = answer["Content-Length"].flatMap({ Int64($0) }) else {
                throw S3Failure(.later, message: "the answer has no length")
            }
            return S3Object(
                facts: ObjectFacts(key: key, bytes: bytes, etag: try S3Answers.etag(answer["ETag"])),
                nonce: answer[Self.nonceHeader])
        }
    }
}
