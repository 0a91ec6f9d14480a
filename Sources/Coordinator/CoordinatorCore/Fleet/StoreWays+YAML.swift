import Domain
import Settings
import Wire

extension StoreWays {
    /// Reads `ways:` of a destination: what is said there stands before what a probe finds.
    init(_ value: Setting) throws(BackupError) {
        self.init()
        let fields = try value.fields(Self.answers.map(\.name) + Self.facts.map(\.name))
        for way in Self.answers {
            self[keyPath: way.path] = try fields[way.name]?.word(StoreAnswer.self)
        }
        for way in Self.facts { self[keyPath: way.path] = try fields[way.name]?.flag() }
    }

    /// What is known, each by its name and a word.
    var words: [(name: String, word: String)] {
        let answers = Self.answers.compactMap { way in self[keyPath: way.path].map { (way.name, $0.rawValue) } }
        let facts = Self.facts.compactMap { way in self[keyPath: way.path].map { (way.name, $0 ? "yes" : "no") } }
        return (answers + facts).map { (name: $0.0, word: $0.1) }
    }
}
