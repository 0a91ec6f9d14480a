import Archive
import Domain
import Foundation
import Wire

/// What can be adopted, for people.
enum AdoptRendering {
    private static let shownCommands = 5

    static func lines(_ found: AdoptableView, _ from: String, _ look: Look) -> [String] {
        var lines: [String] = []
        for dump in found.dumps {
            let what = dump.database.map { SafeText($0).text } ?? "of an unknown database"
            let time = dump.takenAt.map { "as of \(Timestamp.seconds($0))" } ?? "of an unknown time"
            lines.append("\(SafeText(dump.place).text)")
            lines.append("  \(what), \(time), \(Quantity.size(dump.bytes))")
        }
        if found.count > found.dumps.count { lines.append("and \(found.count - found.dumps.count) more") }
        if !found.dumps.isEmpty {
            // What is said of one is said of all.
            lines += ["", "On the host that has the database, as the agent's user, such as:"]
            lines += found.dumps.prefix(shownCommands).map { dump in
                "  holdfast-agent adopt \(ShellWord.quoted(dump.place))"
                    + (dump.database == nil ? " --database NAME" : "") + (dump.takenAt == nil ? " --at TIME" : "")
            }
        } else {
            lines.append("no dump lies there that the catalog does not know")
        }
        if found.manifests > 0 {
            lines.append(
                "\(CountText.of(found.manifests, "manifest")) of Holdfast's own without a row: holdfast catalog rebuild --from "
                    + ShellWord.quoted(from))
        }
        return lines
    }
}
