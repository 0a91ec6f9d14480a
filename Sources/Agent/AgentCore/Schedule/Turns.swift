/// Whose turn it is where several entries want the same database: whoever has waited longest since its last one. Without it the
/// first in the plan would have every turn, and one behind it might never run.
struct Turns {
    private var last: [String: Int] = [:]
    private var count = 0

    /// This entry had its turn.
    mutating func took(_ key: String) {
        count += 1
        last[key] = count
    }

    /// Forgets the entries that are not among these.
    mutating func keep(_ keys: Set<String>) { last = last.filter { keys.contains($0.key) } }

    /// Those that never had one first, and otherwise in the order in which they had theirs; equals in their own order.
    func order<Entry>(_ entries: [Entry], by key: (Entry) -> String) -> [Entry] {
        let ranked = entries.enumerated().map {
            (rank: last[key($0.element)] ?? 0, place: $0.offset, entry: $0.element)
        }
        return ranked.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.map(\.entry)
    }
}
