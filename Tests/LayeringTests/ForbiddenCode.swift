import Foundation

/// Code that is refused, where, and why.
enum ForbiddenCode {
    struct Rule: Sendable {
        /// Part of every match: looked for first, because it is found a hundred times faster than a pattern.
        let word: String
        let pattern: @Sendable () -> Regex<Substring>
        let what: String
        /// Folders under `Sources`, or ends of paths, where it may stand.
        let except: [String]
        let why: String

        /// Numbers of the lines that break it.
        func places(in file: SourceFile) -> [Int] {
            guard file.code.contains(word) else { return [] }
            let pattern = pattern()
            return file.codeLines.enumerated().filter { $0.element.contains(word) && $0.element.contains(pattern) }
                .map { $0.offset + 1 }
        }
    }

    /// What may stand where a rule forbids it: the file, what stands there, and the reason.
    static let allowed: [(path: String, what: String, reason: String)] = [
        (
            "Sources/Shared/Daemon/StandardErrorLog.swift", "the clock",
            "a log line carries the time at which it is written, whatever time the logic believes it is"
        ),
        (
            "Sources/Shared/System/Threads/BackgroundWork.swift", "an unstructured task",
            "the one bridge from blocking threads to async code; whoever makes one waits for it"
        ),
        (
            "Sources/Shared/System/Sealing/SHA256Hasher.swift", "a trap",
            "OpenSSL without SHA-256 leaves nothing that could be done"
        ),
    ]

    static let rules = [
        Rule(
            word: "@unchecked", pattern: { /@unchecked\s+Sendable/ }, what: "@unchecked Sendable",
            except: ["Shared/System"],
            why: "shared state is an immutable value, an actor, or owned by one task"),
        Rule(
            word: "nonisolated(unsafe)", pattern: { /nonisolated\(unsafe\)/ }, what: "nonisolated(unsafe)",
            except: ["Shared/System"], why: "data races are compile errors, and stay so"),
        Rule(
            word: "unsafeBitCast", pattern: { /\bunsafeBitCast\b/ }, what: "unsafe memory", except: ["Shared/System"],
            why: "reinterpreting memory belongs to the modules that own a C library"),
        Rule(
            word: "try!", pattern: { /\btry!/ }, what: "try!", except: [],
            why: "an agent must not die of an error that it can report"),
        Rule(word: "as!", pattern: { /\bas!/ }, what: "as!", except: [], why: "a wrong guess kills the process"),
        Rule(
            word: "Failure(", pattern: { /\b(?:preconditionFailure|assertionFailure)\(/ }, what: "a trap", except: [],
            why: "throw BackupError(.bug, …): one database's trouble must not stop the others"),
        Rule(
            word: "fatalError", pattern: { /\bfatalError\(/ }, what: "a trap", except: [],
            why: "throw BackupError(.bug, …): one database's trouble must not stop the others"),
        Rule(
            word: "Task",
            pattern: {
                /\bTask(?:\.detached|\.immediate)?\s*(?:\(\s*(?:name|priority|executorPreference)\b[^)]*\)\s*)?\{/
            },
            what: "an unstructured task", except: ["Agent/Main", "Coordinator/Main"],
            why: "work is a service in the group, or a child in a task group"),
        Rule(
            word: "Date", pattern: { /\bDate\(\)|\bDate\.now\b/ }, what: "the clock",
            except: ["Agent/Main", "Coordinator/Main", "World.swift"],
            why: "time is passed in, so that tests choose it"),
        Rule(
            word: "UUID()", pattern: { /\bUUID\(\)/ }, what: "chance",
            except: ["Agent/Main", "Coordinator/Main", "World.swift"],
            why: "ids are passed in, so that tests choose them"),
        Rule(
            word: "print(", pattern: { /\bprint\(/ }, what: "print", except: ["Agent/Main", "Coordinator/Main"],
            why: "standard output belongs to commands; everything else returns or logs"),
    ]

    static func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file in
            rules.filter { rule in
                !file.isUnder(rule.except) && !rule.except.contains { file.path.hasSuffix($0) }
                    && !allowed.contains { $0.path == file.path && $0.what == rule.what }
            }.flatMap { rule in
                rule.places(in: file).map { "\(file.path):\($0) has \(rule.what): \(rule.why)" }
            }
        }
    }

    /// Entries of ``allowed`` whose reason has gone.
    static func outdated(in files: [SourceFile]) -> [String] {
        allowed.filter { entry in
            guard let file = files.first(where: { $0.path == entry.path }) else { return true }
            return rules.filter { $0.what == entry.what }.allSatisfy { $0.places(in: file).isEmpty }
        }.map { "\($0.path) has no \($0.what) any more: take it from the list" }
    }

    /// Where `Shared/System` claims safety that the compiler cannot see, a comment within the six lines above says why.
    static func unexplained(in files: [SourceFile]) -> [String] {
        files.filter { $0.isUnder(["Shared/System"]) }.flatMap { file in
            rules.prefix(2).flatMap { $0.places(in: file) }.filter { number in
                !file.lines[max(0, number - 7)..<number].contains { $0.contains("//") }
            }.map { "\(file.path):\($0): say in a comment why this is safe" }
        }
    }
}
