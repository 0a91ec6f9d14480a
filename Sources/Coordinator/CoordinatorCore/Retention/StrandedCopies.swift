import Catalog

/// Copies in directories of hosts whose agents were revoked: retention forgets them, and their files stay.
struct StrandedCopies {
    private var counts: [Place: Int] = [:]

    private struct Place: Hashable {
        let agent: String
        let location: String
    }

    mutating func add(_ copy: CopyRecord, on agent: String) {
        counts[Place(agent: agent, location: copy.location), default: 0] += 1
    }

    /// A line for each folder: what lies there and what a person can do.
    var lines: [String] {
        counts.sorted { ($0.key.agent, $0.key.location) < ($1.key.agent, $1.key.location) }.map { place, count in
            "\(place.location) on \(place.agent), which was revoked: the files of \(count) of these backups; nobody can be "
                + "told to delete them, so remove them there by hand"
        }
    }
}
