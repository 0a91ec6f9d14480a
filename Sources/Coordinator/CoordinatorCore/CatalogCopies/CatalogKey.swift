import Daemon
package import Domain
import Foundation
import Sealing

/// The passphrase by which the copies of the catalog are sealed: whoever has it and a copy has the fleet's certificate authority.
package struct CatalogKey: Sendable, Equatable {
    let bytes: [UInt8]

    private static let limit = 4096
    private static let least = 12

    /// What a person typed or keeps in a file, without the white space around it. Throws `.usage` for one that is too short to keep
    /// anything.
    package init(text: String) throws(BackupError) {
        bytes = Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        guard bytes.count >= Self.least else {
            throw BackupError(.usage, "the key of the catalog's copies has at least \(Self.least) characters")
        }
    }

    /// Throws `.notFound` without that file, `.configuration` where other users can read it.
    package init(file: String) throws(BackupError) {
        try FileRights.require(file, .key)
        try self.init(text: String(decoding: try AtomicFile.read(file, limit: Self.limit), as: UTF8.self))
    }

    /// The one in this file; made, by chance alone, where there is none.
    static func ensure(_ file: URL) throws(BackupError) -> CatalogKey {
        guard FileManager.default.fileExists(atPath: file.path) else {
            let secret = try sealing("making the key of the catalog's copies", .bug) { () throws(SealingError) in
                try randomBytes(20)
            }
            let key = try CatalogKey(text: "hfk1-" + hex(secret))
            try key.write(to: file)
            return key
        }
        return try CatalogKey(file: file.path)
    }

    func write(to file: URL) throws(BackupError) { try AtomicFile.write(file.path, bytes + [UInt8(ascii: "\n")]) }
}
