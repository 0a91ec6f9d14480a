import Catalog
import Foundation
import Storage
import Wire

/// What a folder holds beside what the catalog says of it. Pure; fed with one portion of the listing after the other.
struct FolderComparison {
    private var unseen: [String: ExpectedObject]
    /// Copies of which something is there with another size or mark than it should be: to be looked at by name.
    private(set) var suspects: Set<Copy> = []
    /// What the catalog's list of this folder does not have, by name, with its size.
    private(set) var unknown: [String: Int64] = [:]
    private let all: [String: ExpectedObject]
    private let folder: String

    struct Copy: Hashable, Sendable {
        let backup: UUID
        let destination: String
    }

    /// Of what is unknown no more is kept: a folder that others fill must not fill our memory.
    private static let mostUnknown = 10_000

    init(_ expected: [String: ExpectedObject], in folder: String) {
        unseen = expected
        all = expected
        self.folder = folder
    }

    mutating func take(_ portion: [ObjectFacts]) {
        for facts in portion where facts.key.hasPrefix(folder) {
            let name = String(facts.key.dropFirst(folder.count))
            guard !name.contains("/") else { continue }
            guard let expected = unseen.removeValue(forKey: name) else {
                if all[name] == nil, unknown.count < Self.mostUnknown { unknown[name] = facts.bytes }
                continue
            }
            let isSame =
                facts.bytes == expected.bytes
                && (facts.etag.isEmpty || expected.etag.isEmpty || facts.etag == expected.etag)
            if !isSame || expected.state == .missing { suspects.insert(expected.copy) }
        }
    }

    /// Of the whole listing: what was not in it.
    var absent: Set<Copy> { Set(unseen.values.filter { $0.state != .missing }.map(\.copy)) }

    /// Copies that are wholly there as they should be, with what that was seen by. A directory has no marks.
    var seen: [Copy: CopyEvidence] {
        let bad = suspects.union(unseen.values.map(\.copy))
        var seen: [Copy: CopyEvidence] = [:]
        for object in all.values
        where !bad.contains(object.copy) && (object.state == .stored || object.state == .confirmed) {
            let evidence = object.etag.isEmpty ? CopyEvidence.size : .etag
            seen[object.copy] = min(seen[object.copy] ?? .etag, evidence)
        }
        return seen
    }
}

extension ExpectedObject {
    var copy: FolderComparison.Copy { .init(backup: backup, destination: destination) }
}
