import Foundation
import Testing

/// The architecture, held by reading the sources. The rules and their reasons stand in the files beside this one;
/// that each rule can fail at all is shown by `PlantedViolationTests`.
@Suite(.timeLimit(.minutes(5))) struct LayeringTests {
    let sources: [SourceFile]

    init() throws {
        sources = try Repository.sources.get()
        try #require(sources.count > 100, "this suite reads the wrong folder")
    }

    @Test func eachDependencyIsImportedOnlyWhereItBelongs() { expectNone(ImportRules.violations(in: sources)) }
    @Test func importsRunOneWay() { expectNone(ModuleOrder.violations(in: sources)) }
    @Test func whatIsSharedIsReachedFromBothPrograms() { expectNone(ModuleOrder.unshared(in: sources)) }
    @Test func thePlacesOfTheOrderAreThoseOfTheFolders() throws {
        let folders = Set(
            try Repository.files(["Sources"], endings: ["swift", "modulemap"]).compactMap {
                SourceFile.module(of: $0.path)
            })
        #expect(folders == Set(ModuleOrder.mayImport.keys))
    }
    @Test func everyImportIsDeclared() throws {
        let package = DeclaredDependencies(
            package: try Repository.file("Package.swift").text, folders: ModuleOrder.mayImport.keys)
        expectNone(package.violations(in: sources))
    }

    @Test func namesSayWhatThingsAre() {
        expectNone(Names.violations(in: sources))
        expectNone(Names.typesNamedAsModules(in: sources))
    }
    @Test func nothingForbiddenIsWritten() { expectNone(ForbiddenCode.violations(in: sources)) }
    @Test func everyExceptionIsStillNeeded() { expectNone(ForbiddenCode.outdated(in: sources)) }
    @Test func claimsOfSafetyAreExplained() { expectNone(ForbiddenCode.unexplained(in: sources)) }
    @Test func packageDeclarationsAreDocumented() { expectNone(Documentation.missing(in: sources)) }

    @Test func filesStayShort() throws {
        let code = try Repository.files(["Sources"], endings: ["swift", "h"])
        let scripts = try Repository.files(["Tests", "deploy"], endings: ["py", "sh"])
        expectNone(Length.violations(in: code + scripts, limit: 400))
        expectNone(Length.violations(in: try Repository.files(["Tests"]), limit: 800))
    }

    @Test func theMapInTheReadmeIsTrue() throws {
        let map = FolderMap(readme: try Repository.file("README.md").text)
        #expect(map.folders.isSuperset(of: ["Sources", "Tests", "deploy"]))
        expectNone(
            map.differences(modules: Set(ModuleOrder.mayImport.keys)) { path in
                FileManager.default.fileExists(atPath: Repository.root.appending(path: path).path)
            })
    }

    @Test func everyTestThatAPromiseNamesExists() throws {
        let table = PromiseTable(text: try Repository.file("docs/PROMISES.md").text)
        #expect(table.named.count > 50)
        expectNone(table.violations(in: try Repository.files(["Tests"], endings: ["swift"])))
    }

    @Test func nothingNamesTheWorkplaceThatItWasMadeAt() throws {
        let endings: Set = [
            "swift", "sh", "py", "md", "yaml", "json", "service", "txt", "h", "modulemap", "sql", "html", "css",
        ]
        let files =
            try Repository.files(["Sources", "Tests", "deploy"], endings: endings)
            + ["README.md", "CHANGELOG.md", "Package.swift", ".ci/run"].map(Repository.file)
        expectNone(Workplace.violations(in: files))
    }
}

/// Fails with one line a violation.
private func expectNone(_ violations: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(violations.isEmpty, "\n\(violations.joined(separator: "\n"))", sourceLocation: sourceLocation)
}
