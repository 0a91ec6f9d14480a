import Domain
import Foundation
import TestSupport
import Testing

/// `deploy/install.sh --from` a tarball, its folder or a host, into a prefix of its own.
@Suite(.timeLimit(.minutes(5))) struct InstallTests {
    @Test func aTarballInstallsBothProgramsAndNothingElsewhere() async throws {
        let host = try Host()
        let before = elsewhere()
        let output = try await host.install("all", "--from", try await Release.tarball().path)
        #expect(output.status == 0, "\(output.error)")
        #expect(elsewhere() == before)
        #expect(try await host.version("holdfast") == "holdfast \(Product.version)")
        #expect(try await host.version("holdfast-agent") == Product.version)
        let files = try RegularFiles.below(host.prefix)
        for path in [
            "share/man/man1/holdfast.1", "share/bash-completion/completions/holdfast-agent",
            "share/zsh/site-functions/_holdfast", "share/fish/vendor_completions.d/holdfast.fish",
            "share/doc/holdfast/README.md", "share/doc/holdfast/agent.yaml", "share/holdfast/install.sh",
            "share/holdfast/SHA256SUMS", "share/holdfast/lib/systemd/system/holdfast.service",
        ] { #expect(files.contains(path), "\(path)") }
        #expect(files.allSatisfy { !$0.hasSuffix(".new") })
    }

    @Test func anUnpackedReleaseInstallsItselfAndUpgradesAProgramThatRuns() async throws {
        let host = try Host()
        let release = try await host.unpacked()
        // An older one, at work.
        let program = host.prefix.appending(path: "bin/holdfast-agent")
        try FileManager.default.createDirectory(
            at: program.deletingLastPathComponent(), withIntermediateDirectories: true)
        _ = try await ProgramOutput.of("cp", ["/bin/sleep", program.path])
        let older = try ProgramProcess(
            program.path, ["600"], environment: [:], log: host.folder.appending(path: "log"))
        defer { older.kill() }
        let output = try await host.install("agent", by: release.appending(path: "install.sh").path)
        #expect(output.status == 0, "\(output.error)")
        #expect(try await host.version("holdfast-agent") == Product.version)
        #expect(older.wait(milliseconds: 0) == nil, "it goes on until it is started again")
        #expect(try !RegularFiles.below(host.prefix).contains("bin/holdfast"))
    }

    /// What a test does to an unpacked release, and what install.sh says of it.
    enum Fault: String, CaseIterable {
        case byteOfAProgram, byteOfAUnit, missingProgram, missingSums, programNotInSums, otherArchitecture, script,
            cutProgram

        var words: String {
            switch self {
            case .byteOfAProgram, .byteOfAUnit: "damaged"
            case .missingProgram: "has no bin/holdfast-agent"
            case .missingSums: "no SHA256SUMS"
            case .programNotInSums: "does not name bin/holdfast-agent"
            case .otherArchitecture: "the programs are for aarch64"
            case .script: "no program of Linux"
            case .cutProgram: "does not run on this host"
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func whatIsAmissIsRefusedAndChangesNothing(fault: Fault) async throws {
        let host = try Host()
        let release = try await host.unpacked()
        _ = try await host.install("all", "--from", release.path)
        let before = try await host.installed()
        #expect(before.count > 20)
        let program = release.appending(path: "bin/holdfast-agent")
        let sums = release.appending(path: "SHA256SUMS")
        switch fault {
        case .byteOfAProgram: try overwrite(program, at: 5_000_000, [0xde, 0xad, 0xbe, 0xef])
        case .byteOfAUnit:
            try overwrite(release.appending(path: "lib/systemd/system/holdfast-agent.service"), at: 40, [0x21])
        case .missingProgram: try FileManager.default.removeItem(at: program)
        case .missingSums: try FileManager.default.removeItem(at: sums)
        case .programNotInSums:
            let lines = try String(contentsOf: sums, encoding: .utf8).split(separator: "\n")
            let rest = lines.filter { !$0.hasSuffix("bin/holdfast-agent") }.joined(separator: "\n") + "\n"
            try Data(rest.utf8).write(to: sums)
        case .otherArchitecture: try overwrite(program, at: 18, [183, 0])
        case .script: try Data("#!/bin/sh\necho \(Product.version)\n".utf8).write(to: program)
        case .cutProgram:
            let handle = try FileHandle(forUpdating: program)
            try handle.truncate(atOffset: 1_000_000)
            try handle.close()
        }
        if [.otherArchitecture, .script, .cutProgram].contains(fault) { try await host.sum(release) }
        let output = try await host.install("all", "--from", release.path)
        #expect(output.status == 1, "\(output.text)")
        #expect(output.error.contains(fault.words), "\(output.error)")
        #expect(try await host.installed() == before)
    }

    @Test func aTarballThatWasCutOrIsNoneIsRefused() async throws {
        let host = try Host()
        let cut = host.folder.appending(path: "cut.tar.gz")
        let whole = try Data(contentsOf: try await Release.tarball())
        try whole.prefix(whole.count / 2).write(to: cut)
        let other = host.folder.appending(path: "other.tar.gz")
        _ = try await ProgramOutput.of("tar", ["-czf", other.path, "-C", "/etc", "hosts"])
        for (file, words) in [(cut, "cannot be unpacked"), (other, "no release of Holdfast")] {
            let output = try await host.install("agent", "--from", file.path)
            #expect(output.status == 1 && output.error.contains(words), "\(output.error)")
        }
        let output = try await host.install("agent", "--from", host.folder.appending(path: "gone.tar.gz").path)
        #expect(output.status == 1 && output.error.contains("no such file or folder"), "\(output.error)")
        #expect(try await host.installed().isEmpty)
    }

    @Test func aHostGivesWhatItHas() async throws {
        let (giver, taker) = (try Host(), try Host())
        let output = try await giver.install("agent", "--from", try await Release.tarball().path)
        #expect(output.status == 0, "\(output.error)")
        // In ssh's place: the same words to a shell, on this machine.
        let ssh = giver.folder.appending(path: "ssh")
        try Data("#!/bin/sh\necho \"$1\" >>\(giver.folder.path)/asked\nshift\nexec sh -c \"$*\"\n".utf8).write(to: ssh)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: ssh.path)
        let environment = ["HOLDFAST_SSH": ssh.path]

        let from = "backup@db-01.example.com:\(giver.prefix.path)"
        let taken = try await taker.install("agent", "--from", from, environment: environment)
        #expect(taken.status == 0, "\(taken.error)")
        #expect(try await taker.installed() == giver.installed())
        let asked = try String(contentsOf: giver.folder.appending(path: "asked"), encoding: .utf8)
        #expect(Set(asked.split(separator: "\n")) == ["backup@db-01.example.com"])

        let before = try await taker.installed()
        let lacking = try await taker.install("all", "--from", from, environment: environment)
        #expect(lacking.status == 1 && lacking.error.contains("bin/holdfast;"), "\(lacking.error)")
        try overwrite(giver.prefix.appending(path: "bin/holdfast-agent"), at: 5_000_000, [0xde, 0xad, 0xbe, 0xef])
        let damaged = try await taker.install("agent", "--from", from, environment: environment)
        #expect(damaged.status == 1 && damaged.error.contains("damaged"), "\(damaged.error)")
        let none = try await taker.install("agent", "--from", "db-01:/nowhere", environment: environment)
        #expect(none.status == 1 && none.error.contains("gave no /nowhere/share/holdfast"), "\(none.error)")
        #expect(try await taker.installed() == before)
    }

    /// What a bare host lacks: each is told by a package's name, which is not the same in every system.
    @Test func everyLibraryThatTheProgramsNeedHasAPackage() async throws {
        let script = #"""
            set -euo pipefail
            . "$1/processes.sh"
            . "$1/runtime.sh"
            for program in "$2" "$3"; do LC_ALL=C readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; done | sort -u |
                grep -vE '^(lib(c|m|dl|pthread|rt)\.so|ld-linux|libswift|lib_?Foundation|libdispatch|libBlocksRuntime|lib_FoundationICU)' |
                while read -r library; do printf '%s: %s\n' "$library" "$(library_package "$library" || printf none)"; done
            """#
        let output = try await ProgramOutput.of(
            "bash",
            ["-c", script, "bash", Release.repository.appending(path: "deploy/parts").path]
                + ["holdfast", "holdfast-agent"].map(ProgramProcess.built))
        #expect(output.status == 0, "\(output.error)")
        let found = output.text.split(separator: "\n")
        #expect(found.count >= 5 && found.allSatisfy { !$0.hasSuffix(": none") }, "\(output.text)")
    }

    /// A name of a host becomes a word of a command.
    @Test(arguments: [
        "-oProxyCommand=touch pwned", "db 01", "db-01;touch pwned", "db-01:/usr;touch pwned", "$(touch pwned)", "a@-b",
    ])
    func whatIsNoNameOfAHostIsRefused(name: String) async throws {
        let host = try Host()
        let output = try await host.install("agent", "--from", name, environment: ["HOLDFAST_SSH": "touch"])
        #expect(output.status == 1 && output.error.contains("no name of a host"), "\(output.error)")
        #expect(try await host.installed().isEmpty)
    }

    /// Where systemd looks, and where settings are.
    private func elsewhere() -> [String] {
        ["/etc/holdfast", "/etc/systemd/system", "/usr/local/bin", "/usr/local/share/holdfast", "/var/lib/holdfast"].map
        { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return "\(folder): \(names.sorted())"
        }
    }
}
