import Catalog
import Daemon
package import Domain
package import Foundation
import Sealing

extension Coordinator {
    /// Makes a new coordinator in an empty data directory: certificate authority, server certificate, catalog, and the
    /// first operator's token, which is shown once.
    ///
    /// Throws `.exists` when the directory holds a coordinator already; nothing is changed then. One that was broken
    /// off half-way is begun again. `hostnames` are the names or addresses that the coordinator is reached by.
    package static func initialise(
        paths: CoordinatorPaths, hostnames: [String], now: Date
    ) throws(BackupError) -> InitialisationResult {
        let lock = try holdEmpty(paths, now)
        defer { lock.release() }
        let names = distinct(hostnames + ["localhost", "127.0.0.1", "::1"])
        for name in names where name.contains(",") { throw BackupError(.usage, "\(name) is no host name") }
        let authority = try sealing("making the certificate authority", .usage) { () throws(SealingError) in
            // Names are checked before anything is written.
            for name in names { _ = try ServerName(name) }
            return try CertificateAuthority.create(commonName: "holdfast", now: now)
        }
        try CoordinatorFiles.write(authority, paths)
        _ = try CatalogKey.ensure(paths.catalogKey)
        _ = try CoordinatorFiles.serverIdentity(paths, authority, hostnames: names, now: now)
        let secret = try Secret()
        try makeCatalog(paths, names, secret, now)
        let pem = try sealing("writing the CA") { () throws(SealingError) in try authority.certificate.pem() }
        return InitialisationResult(
            caPEM: pem, caSha256: authority.certificate.fingerprint, adminToken: OperatorToken.text(secret))
    }

    /// Takes a data directory for a new coordinator. Throws `.usage` when it holds other files, `.busy` while a coordinator runs on it,
    /// `.exists` when it holds one.
    static func holdEmpty(_ paths: CoordinatorPaths, _ now: Date) throws(BackupError) -> LockFile {
        try requireOwnFolder(paths)
        try PrivateDirectory.ensure(paths.dataDirectory.path)
        let lock = try LockFile(path: paths.lock.path, program: "holdfast init", now: now)
        guard !FileManager.default.fileExists(atPath: paths.catalog.path) else {
            lock.release()
            throw BackupError(
                .exists,
                "\(paths.dataDirectory.path) holds a coordinator already: start it with `holdfast serve`, or name another "
                    + "--data-dir")
        }
        return lock
    }

    /// A folder with other files in it, such as a home directory, is not made private and filled with ours.
    private static func requireOwnFolder(_ paths: CoordinatorPaths) throws(BackupError) {
        // One that cannot be read is refused by what follows.
        let found = (try? FileManager.default.contentsOfDirectory(atPath: paths.dataDirectory.path)) ?? []
        let ours = [paths.lock, paths.catalog].map(\.lastPathComponent)
        guard found.allSatisfy({ $0 == "lost+found" }) || found.contains(where: ours.contains) else {
            throw BackupError(
                .usage, "\(paths.dataDirectory.path) holds other files: name a --data-dir of its own, new or empty")
        }
    }

    /// Makes another admin token in a data directory, for when no other is left. Throws `.notFound` when the directory holds
    /// no coordinator, `.busy` while one runs on it: the catalog has one writer.
    package static func addAdminToken(
        paths: CoordinatorPaths, now: Date
    ) throws(BackupError) -> InitialisationResult {
        guard FileManager.default.fileExists(atPath: paths.catalog.path) else {
            throw BackupError(.notFound, "\(paths.dataDirectory.path) holds no coordinator")
        }
        let lock = try LockFile(path: paths.lock.path, program: "holdfast init", now: now)
        defer { lock.release() }
        let authority = try CoordinatorFiles.authority(paths)
        let pem = try sealing("reading the CA") { () throws(SealingError) in try authority.certificate.pem() }
        let secret = try Secret()
        let catalog = try CatalogDatabase(path: paths.catalog.path)
        try catalog.writeBlocking { update in
            try update.add(
                OperatorTokenRecord(
                    id: secret.id, secretHash: secret.hash, role: OperatorRole.admin.rawValue, createdAt: now))
            try update.audit("init", "token create", secret.id, detail: "admin, in the data directory", at: now)
        }
        try catalog.close()
        return InitialisationResult(
            caPEM: pem, caSha256: authority.certificate.fingerprint, adminToken: OperatorToken.text(secret))
    }

    /// Beside first, renamed when it is whole: a catalog under its name is what says that the directory is initialised.
    private static func makeCatalog(
        _ paths: CoordinatorPaths, _ names: [String], _ secret: Secret, _ now: Date
    ) throws(BackupError) {
        let beside = paths.dataDirectory.appending(path: "catalog.new")
        clear(beside, ["", "-wal", "-shm"])
        let catalog = try CatalogDatabase(path: beside.path)
        try catalog.writeBlocking { update in
            try update.set(names.joined(separator: ","), for: SettingName.hostnames)
            try update.add(
                OperatorTokenRecord(
                    id: secret.id, secretHash: secret.hash, role: OperatorRole.admin.rawValue, createdAt: now))
            try update.audit("init", "initialise", names.first ?? "", at: now)
        }
        try catalog.close()
        do {
            try FileManager.default.moveItem(at: beside, to: paths.catalog)
        } catch {
            throw BackupError(.storageUnavailable, "renaming the new catalog", cause: error)
        }
        clear(beside, ["-wal", "-shm"])
    }

    private static func clear(_ file: URL, _ suffixes: [String]) {
        for suffix in suffixes {
            // Left by an attempt that was broken off, or not there: both are fine.
            try? FileManager.default.removeItem(atPath: file.path + suffix)
        }
    }

    static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
