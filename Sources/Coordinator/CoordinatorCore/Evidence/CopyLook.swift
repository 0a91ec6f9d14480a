import Catalog
import Domain
import Foundation
import Sealing
import Storage
import Wire

/// What looking at one copy showed.
enum CopySight: Sendable, Equatable {
    /// All of it is there, by this at least. The store's version marks, by name, where its bytes were told from others by
    /// something better than such a mark. `remark` is what is strange about it all the same.
    case whole(CopyEvidence, marks: [String: String], remark: String? = nil)
    /// Something is not there.
    case missing(String)
    /// Something is there and is not what was stored.
    case changed(String)
}

/// Looks at every object of a copy at its store, now: whether it is there, with its size, and with what tells its bytes from
/// others. Blocks.
struct CopyLook {
    let store: any ObjectStore
    let copy: CopyRecord
    /// When an object can have been made; nil where that says nothing (one that was put back is younger than its report).
    let made: ClosedRange<Date>?
    /// Hears what the store's clock shows.
    let clock: (Date) -> Void

    /// What has no checksum is read at once when it is no larger than this.
    private static let small: Int64 = 1 << 20

    /// Throws `.storageUnavailable` or `.storageRefused` when it cannot be looked at: that says nothing of the copy.
    func take() throws(BackupError) -> CopySight {
        guard !copy.objects.isEmpty else { return .missing("nothing of it was ever stored") }
        var weakest = CopyEvidence.read
        var marks: [String: String] = [:]
        var remark: String?
        for object in copy.objects {
            let facts: ObjectFacts
            do throws(BackupError) {
                facts = try store.head(copy.folder + object.name)
            } catch  where error.code == .notFound {
                return .missing(try absence(of: object.name))
            }
            if let time = facts.storeTime { clock(time) }
            guard facts.bytes == object.bytes else {
                return .changed("\(object.name) has \(facts.bytes) bytes instead of \(object.bytes)")
            }
            remark = remark ?? age(facts, object.name)
            switch try bytes(of: object, facts) {
            case .success(let evidence):
                if evidence == .checksum || evidence == .read { marks[object.name] = facts.etag }
                weakest = min(weakest, evidence)
            case .failure(let finding): return .changed(finding.words)
            }
        }
        return .whole(weakest, marks: marks, remark: remark)
    }

    private struct Finding: Error { let words: String }

    /// By what the object's bytes are known to be those of the backup.
    private func bytes(
        of object: DestinationResult.StoredObject, _ facts: ObjectFacts
    ) throws(BackupError) -> Result<CopyEvidence, Finding> {
        if let stored = facts.checksum {
            let whole = Self.base64(ofHex: object.sha256)
            let known = [whole, object.checksum].compactMap { $0.map(Self.digest) }
            if known.contains(Self.digest(stored)) { return .success(.checksum) }
            // One of parts tells nothing where the agent did not reckon it; some stores do not mark it as one.
            let isOfParts = stored.contains("-") || facts.etag.contains("-")
            if !isOfParts || (object.checksum != nil && object.etag.isEmpty) {
                return .failure(Finding(words: "\(object.name) has other bytes: its SHA-256 is another"))
            }
        }
        if !object.etag.isEmpty, !facts.etag.isEmpty {
            if facts.etag == object.etag { return .success(.etag) }
            guard object.bytes <= Self.small else {
                return .failure(Finding(words: "\(object.name) was replaced: its ETag is another"))
            }
        }
        guard object.bytes <= Self.small else { return .success(.size) }
        let read = try store.get(copy.folder + object.name, limit: Int(Self.small))
        guard hex(sha256(read)) == object.sha256 else {
            return .failure(Finding(words: "\(object.name) has other bytes than were stored"))
        }
        return .success(.read)
    }

    /// Without the number of parts, which not every store appends.
    private static func digest(_ checksum: String) -> String { String(checksum.prefix { $0 != "-" }) }

    private static func base64(ofHex text: String) -> String? {
        var bytes: [UInt8] = []
        var digits = text[...]
        while digits.count >= 2 {
            guard let byte = UInt8(digits.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        return Data(bytes).base64EncodedString()
    }

    /// An object that is younger or older than its report says is another one.
    private func age(_ facts: ObjectFacts, _ name: String) -> String? {
        guard let made, let modified = facts.modifiedAt, !made.contains(modified) else { return nil }
        let words = modified < made.lowerBound ? "older" : "younger"
        return "\(name) is \(words) than its report says: it was stored at \(Timestamp.seconds(modified))"
    }

    /// An answer without a body cannot say whether it is the object that is missing, or the bucket: asked again for one.
    private func absence(of name: String) throws(BackupError) -> String {
        do throws(BackupError) {
            _ = try store.get(copy.folder + name, limit: 1 << 16)
        } catch  where error.code == .notFound {
            return "\(name) is missing"
        } catch  where error.code == .integrity {
            // There, and larger than what is read here.
        }
        throw BackupError(
            .storageUnavailable, "looking at \(name): the store says that it is there, and that it is not")
    }
}
