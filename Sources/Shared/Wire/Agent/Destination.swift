/// A place for objects, without its credentials: those stay on the host that uses them (P9).
/// Exactly one of `directory` and `s3` is set; an agent that knows neither reports the destination as unusable.
package struct Destination: Codable, Sendable, Equatable {
    package var name: String
    package var directory: Directory?
    package var s3: S3?

    package init(name: String, directory: Directory) {
        self.name = name
        self.directory = directory
    }

    package init(name: String, s3: S3) {
        self.name = name
        self.s3 = s3
    }

    package struct Directory: Codable, Sendable, Equatable {
        /// Absolute path on the agent's host; nil for `backups` in the agent's data directory.
        package var path: String?
        package init(path: String?) { self.path = path }
    }

    package struct S3: Codable, Sendable, Equatable {
        package var bucket: String
        package var region: String
        /// Comes before every key; empty, or ends in a slash.
        package var prefix: String
        /// `https://host[:port]`; nil for AWS itself.
        package var endpoint: String?
        /// nil: path style with an endpoint of one's own, else virtual-host style.
        package var pathStyle: Bool?
        /// `AES256` or `aws:kms`; nil for the bucket's default.
        package var sse: String?
        package var kmsKeyId: String?
        package var storageClass: String?
        /// PEM file of the endpoint's CA, on the host that connects.
        package var caFile: String?
        /// Upload limit in bytes a second; nil for none.
        package var bandwidth: Int64?
        /// `http://host:port`; nil for what the environment says.
        package var proxy: String?
        /// What is known of how this store differs from others.
        package var ways: StoreWays?

        package init(
            bucket: String, region: String, prefix: String = "", endpoint: String? = nil, pathStyle: Bool? = nil,
            sse: String? = nil, kmsKeyId: String? = nil, storageClass: String? = nil, caFile: String? = nil,
            bandwidth: Int64? = nil, proxy: String? = nil, ways: StoreWays? = nil
        ) {
            self.bucket = bucket
            self.region = region
            self.prefix = prefix
            self.endpoint = endpoint
            self.pathStyle = pathStyle
            self.sse = sse
            self.kmsKeyId = kmsKeyId
            self.storageClass = storageClass
            self.caFile = caFile
            self.bandwidth = bandwidth
            self.proxy = proxy
            self.ways = ways
        }
    }

    /// The prefix that every key at this destination begins with.
    package var keyPrefix: String { s3?.prefix ?? "" }
}
