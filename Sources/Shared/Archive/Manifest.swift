package import Domain
package import Foundation

/// The JSON that lies beside the objects of a backup and says all about them. Written last: without it there is no
/// backup. Format 1 (DESIGN section 7); fields are only ever added, and readers of every past format are kept.
package struct Manifest: Codable, Sendable, Equatable {
    /// The format that this program writes, and the newest that it reads.
    package static let currentFormat = 1

    package var format: Int
    /// The backup's id.
    package var id: UUID
    package var run: UUID
    package var attempt: Int
    package var agent: Agent
    package var database: Database
    /// The policy's name; `manual` for a backup by hand outside any policy.
    package var policy: String
    /// All tiers that this backup counts for, highest first.
    package var tiers: [Tier]
    package var nominalAt: Date
    package var startedAt: Date
    /// Not later than the state of the database that the dump shows.
    package var snapshotAt: Date
    package var finishedAt: Date
    /// Name and version of the tool that made the dump.
    package var tool: String
    package var objects: [Object]
    package var fingerprint: Fingerprint?
    /// The commands that restore this backup with stock tools, in plain text (P7).
    package var restore: [String]
    /// Version of the Holdfast that wrote this.
    package var holdfast: String
    /// What is to be known of the backup beside that it is whole, in words: what is not in it, rows against a constraint. Nil for nothing,
    /// and in manifests of before.
    package var notes: [String]?
    /// Set for a dump that another tool made and that was taken in later: its times are then the dump's. Nil for every other.
    package var adopted: Adopted?

    package struct Adopted: Codable, Sendable, Equatable {
        /// Where it lay, for people.
        package var from: String
        /// When it was taken in, by the host's clock.
        package var at: Date
        package init(from: String, at: Date) {
            self.from = from
            self.at = at
        }
    }

    package struct Agent: Codable, Sendable, Equatable {
        package var id: UUID
        package var name: String
        package init(id: UUID, name: String) {
            self.id = id
            self.name = name
        }
    }

    package struct Database: Codable, Sendable, Equatable {
        package var name: DatabaseName
        package var kind: DatabaseKind
        package var serverVersion: String?
        package var sizeBytes: Int64?
        /// Of PostgreSQL. Nil in manifests of before, and where they could not be read.
        package var properties: DatabaseProperties?
        package init(name: DatabaseName, kind: DatabaseKind, serverVersion: String?, sizeBytes: Int64?) {
            self.name = name
            self.kind = kind
            self.serverVersion = serverVersion
            self.sizeBytes = sizeBytes
        }
    }

    package struct Object: Codable, Sendable, Equatable {
        package var role: ObjectRole
        /// File name without folder.
        package var name: String
        package var format: ObjectFormat
        package var codec: Compression
        package var encryption: Encryption?
        package var plainBytes: Int64
        package var plainSha256: String
        package var storedBytes: Int64
        package var storedSha256: String
        /// ECDSA (P-256, SHA-256) of the agent's key over ``signedText(agent:database:kind:)``, in base64: by it a host knows its
        /// own backups again. Nil in manifests of before, and where the key could not be used.
        package var signature: String?

        package init(
            role: ObjectRole, name: String, format: ObjectFormat, codec: Compression, encryption: Encryption? = nil,
            plainBytes: Int64, plainSha256: String, storedBytes: Int64, storedSha256: String
        ) {
            self.role = role
            self.name = name
            self.format = format
            self.codec = codec
            self.encryption = encryption
            self.plainBytes = plainBytes
            self.plainSha256 = plainSha256
            self.storedBytes = storedBytes
            self.storedSha256 = storedSha256
        }

        /// What the agent signs of the object: whose it is, what it is, and what its stored bytes are.
        package func signedText(agent: UUID, database: DatabaseName, kind: DatabaseKind) -> [UInt8] {
            let words = [
                "holdfast object 1", agent.uuidString.lowercased(), kind.rawValue, role.rawValue, format.rawValue,
                codec.rawValue, storedSha256, database.rawValue,
            ]
            return Array(words.joined(separator: "\n").utf8)
        }
    }

    package struct Encryption: Codable, Sendable, Equatable {
        package var scheme: String
        package var recipients: [String]
        package init(scheme: String, recipients: [String]) {
            self.scheme = scheme
            self.recipients = recipients
        }
    }

    package struct Fingerprint: Codable, Sendable, Equatable {
        package var tables: [TableFingerprint]
        package init(tables: [TableFingerprint]) { self.tables = tables }
    }

    package init(
        id: UUID, run: UUID, attempt: Int, agent: Agent, database: Database, policy: String, tiers: [Tier],
        nominalAt: Date, startedAt: Date, snapshotAt: Date, finishedAt: Date, tool: String, objects: [Object],
        fingerprint: Fingerprint?, restore: [String], holdfast: String, notes: [String] = []
    ) {
        self.format = Self.currentFormat
        self.id = id
        self.run = run
        self.attempt = attempt
        self.agent = agent
        self.database = database
        self.policy = policy
        self.tiers = tiers
        self.nominalAt = nominalAt
        self.startedAt = startedAt
        self.snapshotAt = snapshotAt
        self.finishedAt = finishedAt
        self.tool = tool
        self.objects = objects
        self.fingerprint = fingerprint
        self.restore = restore
        self.holdfast = holdfast
        self.notes = notes.isEmpty ? nil : notes
    }
}

extension Manifest {
    /// Largest manifest that is read, in bytes: room for the fingerprints of about 400,000 tables.
    package static let sizeLimit = 64 << 20

    /// The bytes that are stored: readable JSON with sorted keys, ending in a newline.
    package func encoded() throws(BackupError) -> [UInt8] {
        do {
            return try [UInt8](JSON.encoder(pretty: true).encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw BackupError(.bug, "encoding a manifest", cause: error)
        }
    }

    /// Reads stored bytes. Throws `.integrity` when they are no manifest or were written by a newer Holdfast.
    package init(decoding bytes: [UInt8]) throws(BackupError) {
        struct Head: Decodable { var format: Int }
        do {
            let data = Data(bytes)
            let format = try JSON.decoder().decode(Head.self, from: data).format
            guard (1...Self.currentFormat).contains(format) else {
                throw BackupError(.integrity, "manifest format \(format) is newer than this Holdfast reads; upgrade it")
            }
            self = try JSON.decoder().decode(Manifest.self, from: data)
        } catch let error as BackupError {
            throw error
        } catch {
            let words = (error as? DecodingError)?.words ?? "\(error)"
            throw BackupError(
                .integrity,
                "the manifest is damaged, or is none of Holdfast's (\(words)): take it from another copy of the backup")
        }
    }
}
