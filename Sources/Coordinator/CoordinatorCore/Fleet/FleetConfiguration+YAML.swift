package import Domain
import Settings
import Wire

extension FleetConfiguration {
    /// Reads a `fleet.yaml`. Throws `.configuration` that names file, line and key, and what was expected there.
    package init(yaml: String, file: String) throws(BackupError) {
        let root = try Setting(yaml: yaml, file: file).fields([
            "destinations", "policies", "alerts", "retention", "catalog",
        ])
        var destinations: [Destination] = []
        for (name, value) in try root["destinations"]?.entries() ?? [] {
            try Self.checkName(name, value)
            destinations.append(try Destination(name: name, value))
        }
        if destinations.isEmpty { destinations = [Destination(name: "local", directory: .init(path: nil))] }
        var policies: [FleetPolicy] = []
        for (name, value) in try root["policies"]?.entries() ?? [] {
            try Self.checkName(name, value)
            policies.append(try FleetPolicy(name: name, value, destinations: destinations.map(\.name)))
        }
        let alerts = try root["alerts"].map { (value) throws(BackupError) in try AlertRoutes(value) }
        self.init(
            destinations: destinations, policies: policies,
            alerts: alerts ?? AlertRoutes(slack: nil, email: nil, notifySuccess: false, digest: nil))
        catalog = try root["catalog"].map { (it) throws(BackupError) in try CatalogCopyRules(it) } ?? catalog
        if let fields = try root["retention"]?.fields(["automatic", "maxDeleteShare"]) {
            retention.automatic = try fields["automatic"]?.flag() ?? retention.automatic
            retention.maxDeleteShare =
                try fields["maxDeleteShare"]?.checked { (it) throws(BackupError) in try Amount.share(try it.text()) }
                ?? retention.maxDeleteShare
        }
    }

    private static func checkName(_ name: String, _ value: Setting) throws(BackupError) {
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil else {
            throw value.mistake("a name must be 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit")
        }
    }
}

extension Destination {
    fileprivate init(name: String, _ value: Setting) throws(BackupError) {
        let fields = try value.fields(["directory", "s3"])
        switch (fields["directory"], fields["s3"]) {
        case (let directory?, nil):
            let path = try directory.text()
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw directory.mistake("expected an absolute path on the agent's host")
            }
            self.init(name: name, directory: .init(path: path))
        case (nil, let s3?):
            self.init(name: name, s3: try S3(s3))
        case (nil, nil):
            throw value.mistake("expected directory: or s3:")
        case (_?, _?):
            throw value.mistake("expected either directory: or s3:, found both")
        }
    }
}

extension Destination.S3 {
    private static let keys = [
        "bucket", "region", "prefix", "endpoint", "sse", "kmsKeyId", "storageClass", "pathStyle", "caFile", "bandwidth",
        "proxy", "ways",
    ]

    fileprivate init(_ value: Setting) throws(BackupError) {
        let fields = try value.fields(Self.keys)
        guard let bucket = fields["bucket"] else { throw value.mistake("bucket: is missing") }
        self.init(
            bucket: try bucket.checked { (it) throws(BackupError) in try Self.bucket(try it.text()) },
            region: try fields["region"]?.text() ?? "us-east-1")
        prefix = try fields["prefix"]?.checked { (it) throws(BackupError) in try Self.prefix(try it.text()) } ?? ""
        endpoint = try fields["endpoint"]?.checked { (it) throws(BackupError) in
            try Self.address(try it.text(), ["https://", "http://"])
        }
        pathStyle = try fields["pathStyle"]?.flag()
        sse = try fields["sse"]?.word(ServerSideEncryption.self).rawValue
        kmsKeyId = try fields["kmsKeyId"]?.text()
        if let kms = fields["kmsKeyId"], sse != ServerSideEncryption.kms.rawValue {
            throw kms.mistake("needs sse: aws:kms")
        }
        storageClass = try fields["storageClass"]?.text()
        caFile = try fields["caFile"]?.text()
        bandwidth = try fields["bandwidth"]?.checked { (it) throws(BackupError) in try Amount.bytes(try it.text()) }
        proxy = try fields["proxy"]?.checked { (it) throws(BackupError) in
            try Self.address(try it.text(), ["http://", "https://"])
        }
        ways = try fields["ways"].map { (it) throws(BackupError) in try StoreWays(it) }
    }

    private enum ServerSideEncryption: String, CaseIterable {
        case aes256 = "AES256"
        case kms = "aws:kms"
    }

    static func bucket(_ text: String) throws(BackupError) -> String {
        guard text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{2,62}/) != nil else {
            throw BackupError(.configuration, "expected a bucket's name of 3 to 63 letters, digits, dots and dashes")
        }
        return text
    }

    /// Empty, or ending in a slash, and nothing that a store could read as "the folder above".
    static func prefix(_ text: String) throws(BackupError) -> String {
        guard !text.isEmpty else { return "" }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let inner = text.hasSuffix("/") ? parts.dropLast() : parts[...]
        guard text.utf8.count <= 512, inner.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw BackupError(.configuration, "expected a prefix such as backups/ without //, . or .. in it")
        }
        return text.hasSuffix("/") ? text : text + "/"
    }

    private static func address(_ text: String, _ schemes: [String]) throws(BackupError) -> String {
        guard let scheme = schemes.first(where: text.hasPrefix), !text.contains("@"),
            text.dropFirst(scheme.count).wholeMatch(of: /[A-Za-z0-9.\[\]:_-]+\/?/) != nil
        else { throw BackupError(.configuration, "expected \(schemes.joined(separator: " or "))host[:port]") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
