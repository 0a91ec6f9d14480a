import Domain
import Transfer

extension S3Failure {
    /// What it means for whoever asked, with S3's own code and a remedy. `attempts` is how often it was tried.
    func meaning(_ doing: String, bucket: String, attempts: Int) -> BackupError {
        let tries = attempts > 1 ? " (tried \(attempts) times)" : ""
        let text = "\(doing) in bucket \(bucket)\(tries): \(reason)"
        if let error = cause as? BackupError { return BackupError(error.code, text, cause: error) }
        return BackupError(errorCode, remedy.map { "\(text); \($0)" } ?? text, cause: cause)
    }

    private var errorCode: BackupError.Code {
        switch kind {
        case .later: .storageUnavailable
        case .corrupted, .damaged: .integrity
        case .absentKey, .absentUpload: .notFound
        case .precondition: .exists
        case .stopped: .cancelled
        case .expiredCredentials, .skewedClock, .elsewhere, .absentBucket, .notImplemented, .refused: .storageRefused
        }
    }

    private var reason: String {
        let words = [code.isEmpty ? (status > 0 ? "status \(status)" : "") : "\(code) (\(status))", message]
            .filter { !$0.isEmpty }
        if !words.isEmpty { return words.joined(separator: ": ") }
        return kind == .stopped ? "stopped" : cause == nil ? "refused" : "no answer"
    }

    private var remedy: String? {
        if let error = cause as? TransferError, error.kind == .tls {
            return "check the endpoint's name and certificate; if it has an authority of its own, set caFile"
        }
        return switch (kind, code) {
        case (.absentBucket, _): "create the bucket, or correct the destination"
        case (.elsewhere, _):
            region.map { "the bucket lies in region \($0): set region to that" }
                ?? "set the bucket's own region and endpoint"
        case (.skewedClock, _): "set this host's clock; it is too far from the store's"
        case (.expiredCredentials, _): "the credentials have run out, and there are no newer ones"
        case (_, "InvalidAccessKeyId"), (_, "SignatureDoesNotMatch"), (_, "InvalidToken"):
            "check the access key and its secret on this host"
        case (_, "AccessDenied"), (.refused, ""):
            "give these credentials the right to do this, see deploy/examples"
        case (_, "InvalidObjectState"):
            "it lies in an archive class (Glacier): restore it from the archive first (`aws s3api restore-object`), and try again "
                + "when that is done"
        case (_, "QuotaExceeded"), (_, "XMinioStorageFull"): "make room, or raise the quota"
        case (_, "EntityTooLarge"): "the object is larger than the store allows"
        default: nil
        }
    }
}
