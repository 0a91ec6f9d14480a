import Testing

@testable import holdfast

@Suite struct SafeTextTests {
    @Test(arguments: [
        "a\u{1b}[2Jb", "a\nb", "a\r\nb", "\u{7}", "a\u{202e}b", "a\u{200b}b", "a\u{9b}31mb", "a\u{2028}b", "\u{e000}",
        "\u{0}",
        "\u{7f}",
    ])
    func whatCouldMoveATerminalIsWrittenAsAnEscape(hostile: String) {
        let safe = SafeText(hostile).text
        #expect(safe.contains("\\u{"))
        #expect(
            safe.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
            })
    }

    @Test(arguments: ["inventorysync", "a'b\"c", "größe", "数据库", "$(id)", "🗄️"])
    func ordinaryNamesStayAsTheyAre(name: String) { #expect(SafeText(name).text == name) }

    @Test(arguments: [("abc", 3), ("größe", 5), ("数据库", 6), ("e\u{301}", 1), ("🗄", 2), ("", 0)])
    func widthIsInColumns(text: String, width: Int) { #expect(SafeText(text).width == width) }

    @Test(arguments: [("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("数据库", 4, "数…"), ("abc", 0, ""), ("abc", 1, "…")])
    func cuttingCountsColumns(text: String, columns: Int, cut: String) {
        #expect(SafeText(text).cut(to: columns).text == cut)
    }
}

@Suite struct TableTests {
    private func table(_ rows: [[String]]) -> Table {
        var table = Table([
            .init(title: "STATE"), .init(title: "NAME", shrinks: true), .init(title: "SIZE", isNumber: true),
            .init(title: "NOTE", shrinks: true),
        ])
        for row in rows { table.add(row.map { Table.Cell($0) }) }
        return table
    }

    @Test func columnsAreAlignedAndEmptyOnesLeftOut() {
        let lines = table([["ok", "a", "5"], ["FAILED", "数据", "1000"]]).lines(.plain)
        #expect(lines == ["STATE   NAME  SIZE", "ok      a        5", "FAILED  数据  1000"])
    }

    @Test(arguments: [40, 60, 79, 80, 120]) func aTableFitsItsTerminal(width: Int) {
        let long = String(repeating: "数据 pg_dump: error ", count: 20)
        let lines = table([["FAILED", long, "1000", long], ["ok", "a", "1", ""]]).lines(
            Look(width: width, colour: false))
        #expect(lines.allSatisfy { SafeText($0).width <= width })
        #expect(lines.count == 3)
    }

    @Test func onANarrowTerminalTheLeastNeededColumnGoesBeforeANameIsCut() {
        var table = Table([
            .init(title: "NAME", shrinks: true), .init(title: "A", dispensable: 1), .init(title: "B", dispensable: 2),
        ])
        table.add([.init("inventorysync"), .init("1234567890"), .init("1234567890")])
        #expect(table.lines(Look(width: 37, colour: false))[0] == "NAME           A           B")
        #expect(table.lines(Look(width: 30, colour: false))[0] == "NAME           A")
        #expect(table.lines(Look(width: 20, colour: false)) == ["NAME", "inventorysync"])
        #expect(table.lines(Look(width: 10, colour: false)) == ["NAME", "inventory…"])
        #expect(table.lines(.plain)[0] == "NAME           A           B")
    }

    /// What to do stands at the end of a text: it must not be what is cut.
    @Test func longTextsAreBrokenBetweenWords() {
        let text = SafeText("its data directory was copied: choose with `holdfast agent resolve db-01`")
        #expect(
            text.wrapped(to: 32, lines: 6).map(\.text) == [
                "its data directory was copied:", "choose with `holdfast agent", "resolve db-01`",
            ])
        #expect(
            text.wrapped(to: 32, lines: 2).map(\.text) == [
                "its data directory was copied:", "choose with `holdfast agent res…",
            ])
        #expect(text.wrapped(to: 100, lines: 2) == [text])
        #expect(
            SafeText(String(repeating: "x", count: 50)).wrapped(to: 20, lines: 3).map(\.text) == [
                "xxxxxxxxxxxxxxxxxxx…"
            ])
    }

    @Test func nothingIsCutInAPipe() {
        let long = String(repeating: "x", count: 500)
        #expect(table([["ok", long, "1", long]]).lines(.plain)[1].count > 1000)
    }

    @Test func aHostileNameKeepsToItsRow() {
        let lines = table([["ok", "a\nb\u{1b}[31m", "1"]]).lines(.plain)
        #expect(lines.count == 2)
        #expect(lines[1].contains(#"a\u{a}b\u{1b}[31m"#))
    }

    @Test func coloursStandOnlyWhereTheyAreWanted() {
        var table = Table([.init(title: "STATE")])
        table.add([.init("FAILED", .bad)])
        #expect(table.lines(.plain).joined() == "STATEFAILED")
        #expect(table.lines(Look(width: 80, colour: true))[1] == "\u{1b}[1;31mFAILED\u{1b}[0m")
    }
}
