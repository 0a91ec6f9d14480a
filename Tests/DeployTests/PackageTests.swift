import Domain
import Foundation
import TestSupport
import Testing

/// `deploy/package.sh tarball`, of the programs of this test run.
@Suite(.timeLimit(.minutes(5))) struct PackageTests {
    @Test func aTarballHoldsProgramsUnitsManPagesAndCompletions() async throws {
        let host = try Host()
        let release = try await host.unpacked()
        #expect(
            release.lastPathComponent.wholeMatch(of: /holdfast-(.+)-linux-(x86_64|aarch64)/)?.1 == Product.version[...])
        let files = try RegularFiles.below(release)
        for program in ["holdfast", "holdfast-agent"] {
            for path in [
                "bin/\(program)", "lib/systemd/system/\(program).service", "share/man/man1/\(program).1",
                "share/bash-completion/completions/\(program)", "share/zsh/site-functions/_\(program)",
                "share/fish/vendor_completions.d/\(program).fish",
            ] { #expect(files.contains(path), "\(path)") }
        }
        for path in ["install.sh", "README.md", "LICENSE", "SHA256SUMS", "examples/agent.yaml", "parts/runtime.sh"] {
            #expect(files.contains(path), "\(path)")
        }
        // Of every other file.
        let sums = try String(contentsOf: release.appending(path: "SHA256SUMS"), encoding: .utf8)
        let named = sums.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
        #expect(named.sorted() == files.filter { $0 != "SHA256SUMS" })
        let checked = try await ProgramOutput.of(
            "sha256sum", ["--check", "--quiet", "--strict", "SHA256SUMS"], folder: release)
        #expect(checked.status == 0, "\(checked.text)")
        let words = try await Release.words()
        #expect(words.contains(/holdfast-agent +[0-9.]+ MB, as built [0-9.]+ MB/), "\(words)")
    }

    @Test func theSameProgramsMakeTheSameTarball() async throws {
        let host = try Host()
        let again = try await Release.package(in: host.folder)
        let same = try await ProgramOutput.of("cmp", [try await Release.tarball().path, again.file.path])
        #expect(same.status == 0, "\(same.text)")
        // Nobody's, and of one moment.
        let listed = try await ProgramOutput.of("tar", ["-tvzf", again.file.path, "--numeric-owner", "--full-time"])
        let lines = listed.text.split(separator: "\n")
        #expect(lines.count > 30 && lines.allSatisfy { $0.split(separator: " ")[1] == "0/0" })
        #expect(Set(lines.map { $0.split(separator: " ")[3...4].joined(separator: " ") }).count == 1)
    }

    @Test func aManPageHasEveryCommandAndNothingOfItIsTakenForACommandOfRoff() async throws {
        let host = try Host()
        let release = try await host.unpacked()
        let page = try String(contentsOf: release.appending(path: "share/man/man1/holdfast.1"), encoding: .utf8)
        for section in [".SH NAME", ".SS backup create", ".SS restore", ".SS serve", ".SS catalog rebuild"] {
            #expect(page.contains(section.replacing("-", with: "\\-") + "\n"), "\(section)")
        }
        #expect(page.contains(#"\-\-backup\-path"#) && page.contains("Holdfast \(Product.version)"))
        let known: Set = [".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi"]
        for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(known.contains(String(line.prefix(3))), "\(line)")
        }
    }

    @Test func aFolderWithoutTheProgramsIsRefused() async throws {
        let host = try Host()
        let folder = host.folder
        let output = try await ProgramOutput.of(
            Release.repository.appending(path: "deploy/package.sh").path,
            ["tarball", "--from-build", folder.path, "--output", folder.appending(path: "x.tar.gz").path])
        #expect(output.status == 1 && output.error.contains("has no program holdfast"), "\(output.error)")
        #expect(try RegularFiles.below(folder).isEmpty)
    }
}
