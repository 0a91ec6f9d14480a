import Archive
import Catalog
import Daemon
package import Domain
package import Foundation
import Sealing
import Storage
import Wire

/// What `init --restore` makes a coordinator from.
package struct CoordinatorSource: Sendable {
    /// A copy's file, a folder of copies or of `ca.pem` and `ca-key.pem`, or `s3://bucket/prefix`.
    package let from: String
    /// Needed for a copy of the catalog; asked for only then.
    package let key: @Sendable () throws(BackupError) -> CatalogKey
    package let environment: [String: String]
    /// For the signatures of requests.
    package let now: @Sendable () -> Date

    package init(
        from: String, key: @escaping @Sendable () throws(BackupError) -> CatalogKey, environment: [String: String],
        now: @escaping @Sendable () -> Date
    ) {
        self.now = now
        self.from = from
        self.key = key
        self.environment = environment
    }
}

extension Coordinator {
    /// Makes a coordinator in an empty data directory from a copy of another's catalog, or from its certificate authority alone: its
    /// agents go on with it. Retention rests until ``RebuildRequest`` has been done. Blocks.
    ///
    /// Throws `.exists` when the directory holds a coordinator, `.notFound` when there is no copy, `.integrity` when it does not open;
    /// then nothing is left. `hostnames` replace those in the copy, when there are any.
    package static func restore(
        _ source: CoordinatorSource, paths: CoordinatorPaths, hostnames: [String], now: Date
    ) throws(BackupError) -> InitialisationResult {
        let lock = try holdEmpty(paths, now)
        defer { lock.release() }
        let keys = [paths.catalogKey, paths.caKey, paths.caCertificate]
        let known = keys.filter { FileManager.default.fileExists(atPath: $0.path) }
        let beside = paths.dataDirectory.appending(path: "catalog.new")
        CatalogCopy.clear(beside)
        do throws(BackupError) {
            let authority: CertificateAuthority
            var copy: String?
            if let alone = try authorityAlone(source.from) {
                authority = alone
            } else {
                let key = try source.key()
                if known.contains(paths.catalogKey), try CatalogKey(file: paths.catalogKey.path) != key {
                    throw BackupError(.exists, "\(paths.catalogKey.path) is another key: put it aside first")
                }
                let fetched = try fetch(source, key, into: beside)
                (authority, copy) = (fetched.authority, fetched.copy)
                try key.write(to: paths.catalogKey)
            }
            if known.contains(paths.caCertificate),
                try CoordinatorFiles.certificate(paths).fingerprint != authority.certificate.fingerprint
            {
                throw BackupError(
                    .exists,
                    "\(paths.dataDirectory.path) has the certificate authority of another coordinator: put its ca.pem and ca-key.pem aside first"
                )
            }
            let secret = try Secret()
            try complete(beside, source.from, hostnames, secret, now)
            // The files before the catalog, whose name says that all is there.
            try CoordinatorFiles.write(authority, paths)
            try rename(beside, paths)
            let pem = try sealing("writing the CA") { () throws(SealingError) in try authority.certificate.pem() }
            return InitialisationResult(
                caPEM: pem, caSha256: authority.certificate.fingerprint, adminToken: OperatorToken.text(secret),
                copy: copy)
        } catch {
            CatalogCopy.clear(beside)
            // No key of the fleet stays in a place that nobody looks at; what was there before stays.
            for file in keys where !known.contains(file) { try? FileManager.default.removeItem(at: file) }
            throw error
        }
    }

    private static func authorityAlone(_ from: String) throws(BackupError) -> CertificateAuthority? {
        guard !from.hasPrefix("s3://") else { return nil }
        let folder = URL(filePath: from, directoryHint: .isDirectory).absoluteURL
        let kept = CoordinatorPaths(dataDirectory: folder)
        guard FileManager.default.fileExists(atPath: kept.caKey.path),
            FileManager.default.fileExists(atPath: kept.caCertificate.path)
        else { return nil }
        return try CoordinatorFiles.authority(kept)
    }

    /// Puts the catalog there, and returns its authority, which then is in it no more.
    private static func fetch(
        _ source: CoordinatorSource, _ key: CatalogKey, into file: URL
    ) throws(BackupError) -> (authority: CertificateAuthority, copy: String) {
        let from = source.from
        var isFolder: ObjCBool = false
        if !from.hasPrefix("s3://"), FileManager.default.fileExists(atPath: from, isDirectory: &isFolder),
            !isFolder.boolValue
        {
            try CatalogSeal.open(key, into: file) { (body) throws(BackupError) in
                try CatalogCopy.each(of: URL(filePath: from), body)
            }
            return (try takeAuthority(from: file, mark: nil), from)
        }
        let stores = OpenStores(source.environment, now: source.now)
        let place = try CatalogPlace(from, source.environment) { (s3) throws(BackupError) in try stores.store(s3) }
        let store = try place.open()
        var refusals: [String] = []
        for copy in try CatalogCopyName.furthest(in: store, prefix: place.prefix) {
            do throws(BackupError) {
                try CatalogSeal.open(key, into: file) { (body) throws(BackupError) in try store.read(copy.key, body) }
                return (try takeAuthority(from: file, mark: copy.mark), copy.key)
            } catch {
                // One that was damaged, or put there by somebody else, does not hide those before it.
                guard error.code != .storageUnavailable, error.code != .cancelled else { throw error }
                refusals.append("\(copy.key): \(error.message)")
            }
        }
        guard let first = refusals.first else {
            throw BackupError(
                .notFound,
                "\(from) holds no copy of a catalog (\(place.prefix)\(CatalogCopyName.top)…): name another place, a copy's file, or a "
                    + "folder with the ca.pem and ca-key.pem that were kept")
        }
        throw BackupError(
            .integrity, refusals.count == 1 ? first : "none of \(refusals.count) copies opens; the furthest: \(first)")
    }

    /// The copy's own authority, which then is in it no more.
    private static func takeAuthority(
        from file: URL, mark: CatalogMark?
    ) throws(BackupError) -> CertificateAuthority {
        let copy = try CatalogDatabase(path: file.path)
        let (certificate, key, own) = try copy.writeBlocking { update in
            let found = (
                try update.setting(SettingName.copiedCertificate), try update.setting(SettingName.copiedKey),
                try CatalogMark.read(update)
            )
            for name in [SettingName.copiedCertificate, SettingName.copiedKey] { try update.removeSetting(name) }
            return found
        }
        // A removed row stays in the file's free pages, and this one is the authority's key.
        try copy.compact()
        try copy.close()
        if let mark, own < mark {
            throw BackupError(.integrity, "it is an older copy under the name of a newer one")
        }
        guard let certificate, let key else {
            throw BackupError(.integrity, "the copy of the catalog holds no certificate authority")
        }
        return try sealing("reading the certificate authority of the copy", .integrity) { () throws(SealingError) in
            try CertificateAuthority(certificatePEM: certificate, keyPEM: key)
        }
    }

    /// An empty catalog where no copy was, and what has to be said in either.
    private static func complete(
        _ file: URL, _ from: String, _ hostnames: [String], _ secret: Secret, _ now: Date
    ) throws(BackupError) {
        let catalog = try CatalogDatabase(path: file.path)
        try catalog.writeBlocking { update in
            let known = try update.setting(SettingName.hostnames)
            if known == nil || !hostnames.isEmpty {
                let names = distinct(hostnames + ["localhost", "127.0.0.1", "::1"])
                try update.set(names.joined(separator: ","), for: SettingName.hostnames)
            }
            try update.add(
                OperatorTokenRecord(
                    id: secret.id, secretHash: secret.hash, role: OperatorRole.admin.rawValue, createdAt: now))
            try CatalogGap(mark: nil, since: now, reason: "it was made anew from \(from)").write(update)
            try update.audit("init", "restore", from, at: now)
        }
        try catalog.close()
    }

    private static func rename(_ beside: URL, _ paths: CoordinatorPaths) throws(BackupError) {
        // What SQLite kept beside a catalog that was moved away would be taken for the new one's.
        CatalogCopy.clear(paths.catalog)
        do {
            try FileManager.default.moveItem(at: beside, to: paths.catalog)
        } catch {
            throw BackupError(.storageUnavailable, "renaming the new catalog", cause: error)
        }
        CatalogCopy.clear(beside)
    }
}
