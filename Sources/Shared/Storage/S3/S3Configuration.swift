package import Domain
import Transfer
package import Wire

/// One bucket, and how to reach and write it. Credentials are not part of it.
package struct S3Configuration: Sendable {
    package enum Style: Sendable {
        case virtualHost
        case path
    }

    package enum Encryption: Sendable, Equatable {
        /// Whatever the bucket does by itself.
        case bucketDefault
        case aes256
        case kms(keyID: String?)
    }

    package var bucket: String
    package var region: String
    /// `https://host[:port]`; nil for AWS. `http` only to this host itself.
    package var endpoint: String?
    /// Nil: path style with an endpoint, virtual-host style at AWS.
    package var style: Style?
    package var encryption = Encryption.bucketDefault
    package var storageClass: String?
    /// PEM file with the only authorities that are trusted; nil for the machine's.
    package var caFile: String?
    /// Nil for what the environment says.
    package var proxy: String?
    /// Bytes a second of each upload; 0 for no limit.
    package var bandwidth: Int64 = 0
    package var parts = PartPlan()
    package var retry = RetryPolicy()
    /// What is known of how the store differs from others: what is sent follows from it.
    package var ways = StoreWays()
    /// Whether `x-amz-checksum-sha256` is sent. Off only for stores that choke on it.
    package var sendsChecksums: Bool {
        get { ways.checksumOnPart != .refused }
        set { ways.checksumOnPart = newValue ? nil : .refused }
    }

    package init(bucket: String, region: String) {
        self.bucket = bucket
        self.region = region
    }

    /// The destination of a plan. Its prefix is the caller's: keys given to the store are whole keys.
    package init(_ destination: Destination.S3) throws(BackupError) {
        self.init(bucket: destination.bucket, region: destination.region)
        endpoint = destination.endpoint
        style = destination.pathStyle.map { $0 ? .path : .virtualHost }
        switch destination.sse {
        case nil: encryption = destination.kmsKeyId.map { .kms(keyID: $0) } ?? .bucketDefault
        case "AES256": encryption = .aes256
        case "aws:kms": encryption = .kms(keyID: destination.kmsKeyId)
        case let other?: throw BackupError(.configuration, "sse is AES256 or aws:kms, not \(other.debugDescription)")
        }
        storageClass = destination.storageClass
        caFile = destination.caFile
        proxy = destination.proxy
        bandwidth = destination.bandwidth ?? 0
        ways = destination.ways ?? StoreWays()
        // https://developers.cloudflare.com/r2/objects/multipart-objects/
        let isR2 = destination.store.hasSuffix(".r2.cloudflarestorage.com")
        if !(ways.takesUnequalParts ?? !isR2) { parts = .equal }
        // Amazon's own reckons both, and whoever says otherwise wants less to be looked at.
        if endpoint == nil { (ways.checksumOnPart, ways.etagIsMD5) = (nil, nil) }
    }

    var transferOptions: TransferOptions {
        var options = TransferOptions()
        if let caFile { options.trust = .file(caFile) }
        if let proxy { options.proxy = .url(proxy) }
        options.sendLimit = bandwidth
        return options
    }

    /// The headers that a new object gets.
    var objectHeaders: [(name: String, value: String)] {
        var headers = [(name: "Content-Type", value: "application/octet-stream")]
        switch encryption {
        case .bucketDefault: break
        case .aes256: headers.append(("x-amz-server-side-encryption", "AES256"))
        case .kms(let keyID):
            headers.append(("x-amz-server-side-encryption", "aws:kms"))
            if let keyID { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", keyID)) }
        }
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        return headers
    }
}
