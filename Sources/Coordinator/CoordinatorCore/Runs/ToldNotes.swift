import Catalog
import Domain
import Foundation
import Sealing
import Wire

/// What was told of the notes of one database's backups, so that each is told once, also where it comes and goes.
struct ToldNotes {
    private static let most = 10
    /// So many are remembered; the oldest are forgotten first.
    private static let remembered = 300

    private var known: [String]

    /// Nothing where it cannot be read: then all is told once more.
    init(_ text: String?) { known = text?.split(separator: ",").map(String.init) ?? [] }

    var text: String { known.joined(separator: ",") }

    /// Those that are told now, in words; empty when there is no news.
    mutating func news(in notes: [String]) -> [String] {
        var new: [String] = []
        for note in notes {
            let mark = String(hex(sha256(Array(Self.withoutCounts(note).utf8))).prefix(16))
            if let place = known.firstIndex(of: mark) { known.remove(at: place) } else { new.append(note) }
            // What is noted now is forgotten last.
            known.append(mark)
        }
        known.removeFirst(max(0, known.count - max(Self.remembered, notes.count)))
        guard new.count > Self.most else { return new }
        return new.prefix(Self.most) + ["and \(new.count - Self.most) more, which `holdfast backup show` has"]
    }

    /// One row more of what is known is no news.
    private static func withoutCounts(_ note: String) -> String {
        note.replacing(/[0-9]+(?= (?:times|rows?|more)\b)/, with: "0")
    }
}
