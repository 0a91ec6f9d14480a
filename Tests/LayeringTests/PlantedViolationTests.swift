import Testing

/// A rule that cannot fail guards nothing: each is shown a violation, and something like it that is right.
@Suite(.timeLimit(.minutes(1))) struct PlantedViolationTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: "Sources/" + path, text: text) }

    @Test(arguments: [
        ("Coordinator/CoordinatorCore/A.swift", "import GRDB"), ("Agent/AgentCore/A.swift", "package import GRDB"),
        ("Shared/Storage/A.swift", "@preconcurrency import CCurl"), ("Shared/Daemon/A.swift", "import NIOCore"),
        ("Coordinator/CoordinatorCore/A.swift", "import HummingbirdTLS"),
        ("Shared/Wire/A.swift", "import struct Yams.Node"),
        ("Agent/AgentCore/A.swift", "import Subprocess"), ("Shared/Storage/A.swift", "import FoundationNetworking"),
        ("Shared/Archive/A.swift", "import Logging"), ("Coordinator/CoordinatorAPI/A.swift", "import ArgumentParser"),
    ])
    func aMisplacedImportIsFound(path: String, text: String) {
        #expect(ImportRules.violations(in: [file(path, text)]).count == 1)
    }

    @Test func aPlacedImportAndACommentAreNot() {
        #expect(ImportRules.violations(in: [file("Coordinator/Catalog/A.swift", "import GRDB")]) == [])
        #expect(
            ImportRules.violations(in: [file("Shared/Wire/A.swift", "// import GRDB\nlet a = \"import GRDB\"")]) == [])
    }

    @Test(arguments: [
        ("Shared/Domain/A.swift", "import Threads"), ("Shared/System/Sealing/A.swift", "import Domain"),
        ("Agent/AgentCore/A.swift", "import Catalog"), ("Coordinator/Catalog/A.swift", "import CoordinatorCore"),
        ("Shared/Archive/A.swift", "import Storage"), ("Agent/Engines/A.swift", "import CoordinatorClient"),
        ("Agent/Unplaced/A.swift", "import Domain"), ("Stray.swift", ""),
    ])
    func anImportAgainstTheOrderIsFound(path: String, text: String) {
        #expect(ModuleOrder.violations(in: [file(path, text)]).count == 1)
    }

    @Test func anUndeclaredImportIsFound() {
        let package = """
            module("Domain", in: "Shared"),
            module("Wire", in: "Shared", ["Domain"]),
            .executableTarget(name: "agent", dependencies: ["Wire"], path: "Sources/Agent/Main"),
            """
        let declared = DeclaredDependencies(package: package, folders: ["Shared/Domain", "Shared/Wire", "Agent/Main"])
        #expect(declared.violations(in: [file("Shared/Wire/A.swift", "import Domain")]) == [])
        #expect(declared.violations(in: [file("Shared/Wire/A.swift", "import Threads")]).count == 1)
        #expect(declared.violations(in: [file("Agent/Main/A.swift", "import Wire\nimport Domain")]).count == 1)
        #expect(declared.violations(in: [file("Shared/Daemon/A.swift", "")]).count == 1)
    }

    @Test func aSharedModuleThatOneProgramNeverReachesIsFound() {
        let files = [
            file("Agent/Main/A.swift", "import AgentCore"),
            file("Agent/AgentCore/A.swift", "import Storage\nimport Wire"),
            file("Coordinator/Main/A.swift", "import Wire"), file("Shared/Wire/A.swift", "import Domain"),
            file("Shared/Storage/A.swift", "import Domain"), file("Shared/Domain/A.swift", ""),
            file("Shared/Daemon/A.swift", ""),
        ]
        #expect(
            ModuleOrder.unshared(in: files) == [
                "Shared/Daemon is reached from neither program",
                "Shared/Storage is reached from Agent only: move it there",
            ])
    }

    @Test(arguments: [
        "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1", "let a = try! b()", "let a = b as! C",
        "fatalError(\"x\")", "preconditionFailure()", "Task { }", "Task.detached { }", "Task(priority: .high) { }",
        "let now = Date()", "let id = UUID()", "let now = Date.now", "print(1)", "unsafeBitCast(a, to: B.self)",
    ])
    func forbiddenCodeIsFound(text: String) {
        #expect(ForbiddenCode.violations(in: [file("Coordinator/CoordinatorCore/A.swift", text)]).count == 1)
    }

    @Test(arguments: [
        "// fatalError(\"x\")", "let a = \"try! Task { }\"", "let a = #\"Date() \"as! \"#",
        "/* Task { /* x */ } */ let b = 1",
        "let a = Date(timeIntervalSince1970: 1)", "let a = UUID(uuidString: b)", "let a: Task<Void, Never>?",
        "let a = \"\"\"\n  Date()\n  \"\"\"", "group.addTask { }", "try await withTaskGroup { }", "fingerprint(1)",
    ])
    func likeCodeThatIsRightIsNot(text: String) {
        #expect(ForbiddenCode.violations(in: [file("Coordinator/CoordinatorCore/A.swift", text)]) == [])
    }

    @Test func theClockMayBeReadInMainAndInAWorld() {
        #expect(ForbiddenCode.violations(in: [file("Agent/Main/A.swift", "let now = Date()")]) == [])
        #expect(ForbiddenCode.violations(in: [file("Agent/AgentCore/AgentWorld.swift", "let now = Date()")]) == [])
    }

    @Test func aClaimOfSafetyWithoutAReasonIsFound() {
        let claim = "final class A: @unchecked Sendable {}"
        #expect(ForbiddenCode.unexplained(in: [file("Shared/System/Threads/A.swift", claim)]).count == 1)
        #expect(ForbiddenCode.unexplained(in: [file("Shared/System/Threads/A.swift", "// Locked.\n" + claim)]) == [])
    }

    @Test func anExceptionThatNobodyNeedsIsFound() {
        #expect(ForbiddenCode.outdated(in: []).count == ForbiddenCode.allowed.count)
    }

    @Test(arguments: [
        ("Shared/Utils/A.swift", ""), ("Shared/Wire/StringHelpers.swift", ""),
        ("Shared/Wire/A.swift", "struct RunManager {}"),
        ("Shared/Wire/Constants.swift", ""), ("Shared/Wire/A.swift", "final class RequestHandler {}"),
    ])
    func aNameThatSaysNothingIsFound(path: String, text: String) {
        #expect(Names.violations(in: [file(path, text)]).count == 1)
    }

    @Test func aTypeWithAModulesNameIsFound() {
        #expect(
            Names.typesNamedAsModules(in: [file("Coordinator/Catalog/A.swift", "package struct Catalog {}")]).count == 1
        )
        #expect(Names.typesNamedAsModules(in: [file("Coordinator/Catalog/A.swift", "struct CatalogDatabase {}")]) == [])
    }

    @Test(arguments: [
        "package struct A {}", "package final class A {}", "struct A {\n    package static func b() {}\n}",
        "/// Far above.\n\npackage enum A {}", "/// A.\nstruct A {\n    package func b() {}\n}",
    ])
    func anUndocumentedDeclarationIsFound(text: String) {
        #expect(Documentation.missing(in: [file("Shared/Wire/A.swift", text)]).count == 1)
    }

    @Test(arguments: [
        "/// A.\npackage struct A {}", "/// A.\n@frozen\npackage struct A {}", "struct A {}", "// package struct A {}",
        "struct A {\n    /// Both.\n    package func b() {}\n    package func c() {}\n}",
        "/// A.\npackage protocol A {\n    /// B.\n    func b()\n}\n/// C.\npackage struct C: A {\n    package func b() {}\n}",
    ])
    func aDocumentedOneIsNot(text: String) {
        #expect(Documentation.missing(in: [file("Shared/Wire/A.swift", text)]) == [])
    }

    @Test func aLongFileIsFound() {
        let lines = String(repeating: "\n", count: 401)
        #expect(Length.violations(in: [TextFile(path: "A.swift", text: lines)], limit: 400).count == 1)
        #expect(Length.violations(in: [TextFile(path: "A.swift", text: String(lines.dropLast()))], limit: 400) == [])
    }

    @Test func aMapThatLiesIsFound() {
        let readme =
            "# H\n\n## The map\n\n```\nSources/\n  Shared/   x\n    Domain/ y\n    Gone/   z\n```\n\n## After\n"
        let differences = FolderMap(readme: readme).differences(modules: ["Shared/Domain", "Shared/Wire"]) {
            !$0.hasSuffix("Gone")
        }
        #expect(
            differences == [
                "README's map lacks Sources/Shared/Wire", "README's map names Sources/Shared/Gone, which is not there",
            ])
    }

    @Test func aPromiseThatNamesNoTestIsFound() {
        let tests = [TextFile(path: "Tests/A/ATests.swift", text: "struct ATests { @Test func holds() {} }")]
        let sections = (1...12).map { "## P\($0). x\n\n- `ATests.holds`\n" }
        #expect(PromiseTable(text: sections.joined()).violations(in: tests).isEmpty)
        #expect(PromiseTable(text: sections.dropLast().joined()).violations(in: tests).count == 1)
        #expect(PromiseTable(text: (sections + ["`ATests.gone`"]).joined()).violations(in: tests).count == 1)
    }

    @Test func aPathOfTheWorkplaceIsFound() {
        #expect(Workplace.violations(in: [TextFile(path: "A.swift", text: "// see /wo" + "rk/x")]).count == 1)
        #expect(Workplace.violations(in: [TextFile(path: "A.swift", text: "// see /var/lib")]) == [])
    }
}
