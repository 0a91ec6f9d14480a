/// One thing as `name  value` lines. Empty values are left out.
enum Facts {
    static func lines(_ facts: [(name: String, value: Table.Cell)], _ look: Look) -> [String] {
        let shown = facts.filter { !$0.value.text.text.isEmpty }
        let width = shown.reduce(0) { max($0, $1.name.count) }
        return shown.map { fact in
            let padding = String(repeating: " ", count: width - fact.name.count)
            return look.tinted(fact.name, .faint) + padding + "  " + look.tinted(fact.value.text.text, fact.value.tint)
        }
    }
}
