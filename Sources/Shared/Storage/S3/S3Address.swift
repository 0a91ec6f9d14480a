package import Domain

/// Where a bucket is: the one host that its requests, and the credentials in them, go to.
package struct S3Address: Sendable, Equatable {
    package let scheme: String
    /// With the port where it is not the scheme's own.
    package let host: String
    /// Before the key: empty, or `/bucket`.
    package let bucketPath: String
    package let region: String
    /// Whether it is Amazon's, and no endpoint of one's own.
    package let isAWS: Bool

    /// Throws `.configuration` for a bucket, region or endpoint that cannot be.
    package init(_ configuration: S3Configuration) throws(BackupError) {
        let (bucket, region) = (configuration.bucket, configuration.region)
        guard bucket.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{1,254}/) != nil else {
            throw BackupError(.configuration, "not a bucket name: \(bucket.debugDescription)")
        }
        guard region.wholeMatch(of: /[A-Za-z0-9-]{1,64}/) != nil else {
            throw BackupError(.configuration, "not a region: \(region.debugDescription)")
        }
        guard let endpoint = configuration.endpoint else {
            self = .aws(bucket: bucket, region: region, style: configuration.style)
            return
        }
        guard let match = endpoint.wholeMatch(of: /(https?):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\/?/)
        else {
            throw BackupError(.configuration, "an endpoint is https://host[:port], not \(endpoint.debugDescription)")
        }
        let name = String(match.2)
        guard match.1 == "https" || ["localhost", "[::1]"].contains(name) || name.hasPrefix("127.") else {
            throw BackupError(.configuration, "endpoint \(endpoint): use https; http is for this host only")
        }
        let isDefaultPort = match.3 == (match.1 == "https" ? ":443" : ":80")
        let host = name + (isDefaultPort ? "" : String(match.3 ?? ""))
        let isPath = configuration.style != .virtualHost
        self.init(
            scheme: String(match.1), host: isPath ? host : "\(bucket).\(host)", bucketPath: isPath ? "/\(bucket)" : "",
            region: region, isAWS: false)
    }

    private init(scheme: String, host: String, bucketPath: String, region: String, isAWS: Bool) {
        self.scheme = scheme
        self.host = host
        self.bucketPath = bucketPath
        self.region = region
        self.isAWS = isAWS
    }

    private static func aws(bucket: String, region: String, style: S3Configuration.Style?) -> S3Address {
        let host = "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        // Amazon's certificate covers one label only, so a bucket with dots cannot stand in the host name.
        let isPath = style == .path || bucket.contains(".") || bucket != bucket.lowercased()
        return S3Address(
            scheme: "https", host: isPath ? host : "\(bucket).\(host)", bucketPath: isPath ? "/\(bucket)" : "",
            region: region, isAWS: true)
    }

    /// The path of a key, or of the bucket itself, encoded once.
    package func path(_ key: String?) -> String {
        guard let key else { return bucketPath.isEmpty ? "/" : bucketPath }
        return "\(bucketPath)/\(URIEncoding.encode(key, keepingSlashes: true))"
    }

    /// Where a redirect points, if it may be followed: only from Amazon to Amazon, over TLS.
    package func moved(region newRegion: String?, host newHost: String?) -> S3Address? {
        guard isAWS else { return nil }
        let suffixes = [".amazonaws.com", ".amazonaws.com.cn"]
        var host = host
        if let newRegion, newHost == nil {
            guard newRegion.wholeMatch(of: /[a-z0-9-]{1,64}/) != nil else { return nil }
            host = host.replacing("s3.\(region).amazonaws.com", with: "s3.\(newRegion).amazonaws.com")
        } else if let newHost {
            guard newHost.wholeMatch(of: /[a-z0-9.-]+/) != nil, suffixes.contains(where: newHost.hasSuffix) else {
                return nil
            }
            host = newHost
        }
        let moved = S3Address(
            scheme: scheme, host: host, bucketPath: bucketPath, region: newRegion ?? region, isAWS: true)
        return moved == self ? nil : moved
    }
}
