import Foundation
import Synchronization

/// What local time is in a zone: by this host's own time zone database, which follows what governments decide, and by the rules
/// that the program was built with only where the host has none.
struct ZoneRules: Hashable, Sendable {
    private enum Source: Sendable {
        case host(ZoneFile)
        case library(TimeZone)
    }

    let name: String
    private let source: Source

    static let folder = "/usr/share/zoneinfo"

    /// Nil for a name that neither knows. Abbreviations and offsets are no names: they mean other things to other people.
    init?(named name: String, folder: String = Self.folder) {
        guard name.utf8.count <= 64, name.contains("/") || name == "UTC" || name == "GMT" else { return nil }
        self.name = name
        // Every part begins with a capital: `right/…`, with leap seconds, is no zone, and nothing leads out of the folder.
        let isName = name.wholeMatch(of: /[A-Z][A-Za-z0-9_+\-]*(?:\/[A-Z][A-Za-z0-9_+\-]*)*/) != nil
        if isName, let file = ZoneFileCache.shared.file(at: "\(folder)/\(name)") {
            source = .host(file)
        } else if let zone = TimeZone(identifier: name) {
            source = .library(zone)
        } else {
            return nil
        }
    }

    /// Local time minus UTC, in seconds, at an instant in seconds since 1970.
    func offset(at instant: Int) -> Int {
        switch source {
        case .host(let file): file.offset(at: instant)
        case .library(let zone): zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
        }
    }

    static func == (one: Self, other: Self) -> Bool { one.name == other.name }
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The host's zones, read again only when their files are others than before: schedules ask for them all the time.
private final class ZoneFileCache: Sendable {
    static let shared = ZoneFileCache()

    private struct Entry {
        let modified: Date?
        let number: UInt64?
        let file: ZoneFile?
    }
    private let entries = Mutex<[String: Entry]>([:])
    private static let most = 1000

    func file(at path: String) -> ZoneFile? {
        // What is missing has no attributes, and is no zone. Links are followed: a zone is often one.
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        guard let facts = try? FileManager.default.attributesOfItem(atPath: real) else { return nil }
        let (modified, number) = (
            facts[.modificationDate] as? Date, (facts[.systemFileNumber] as? NSNumber)?.uint64Value
        )
        let known = entries.withLock { $0[path] }
        if let known, known.modified == modified, known.number == number { return known.file }
        let file = FileManager.default.contents(atPath: path).flatMap { ZoneFile(Array($0)) }
        entries.withLock { entries in
            if entries.count >= Self.most { entries = [:] }
            entries[path] = Entry(modified: modified, number: number, file: file)
        }
        return file
    }
}
