import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What an S3 that goes wrong does to a run of the built programs: what passes is survived, and what does not leaves
/// nothing behind (P1; faults 8 to 16).
@Suite(.timeLimit(.minutes(10))) struct ScriptedS3Tests {
    struct Fault: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let script: String
        /// What the operator is told.
        var words = ""
    }

    private static let slowDown = #""do": "status", "status": 503, "code": "SlowDown""#

    static let survivable = [
        Fault(
            testDescription: "503 for each kind of request",
            script: """
                [{"op": "Create", \(slowDown)}, {"op": "UploadPart", "times": 3, \(slowDown)},
                 {"op": "Complete", \(slowDown), "headers": {"Retry-After": "1"}}, {"op": "PutObject", \(slowDown)}]
                """),
        Fault(
            testDescription: "200 with an error in it",
            script: """
                [{"op": "Complete", "do": "answer", "status": 200, "body": "<Error><Code>InternalError</Code></Error>"}]
                """),
        Fault(
            testDescription: "cut XML",
            script: """
                [{"op": "Create", "do": "answer", "status": 200, "body": "<InitiateMultipartUploadResult><Up"},
                 {"op": "Complete", "do": "instead", "status": 200, "body": "<CompleteMultipartUploadResult><ETag>\\"ab"}]
                """),
        Fault(
            testDescription: "a reset in mid-body",
            script: """
                [{"op": "UploadPart", "do": "reset", "after": 3000000}, {"op": "UploadPart", "skip": 1, "do": "reset",
                  "after": 100}, {"op": "PutObject", "do": "reset", "after": 50}]
                """),
        Fault(
            testDescription: "the answer is lost",
            script: """
                [{"op": "UploadPart", "do": "lost"}, {"op": "Complete", "do": "lost"}, {"op": "PutObject", "do": "lost"}]
                """),
    ]

    @Test(arguments: survivable) func whatPassesIsSurvived(_ fault: Fault) async throws {
        let bucket = try ScriptedBucket(faults: fault.script)
        defer { bucket.stop() }
        let host = try await host(bucket)
        defer { host.stop() }
        let output = try await host.backup()
        #expect(output.status == 0, "\(output.error)")
        let backup = try #require(try await host.backups().first)
        #expect(backup.state == .good)
        #expect(try await host.fleet.runStates() == ["succeeded"])
        let state = try await bucket.state()
        #expect(state.violations == [])
        #expect(state.unplayed == 0, "not every fault was met")
        #expect(state.uploads == [])
        #expect(state.objects.count == 2 && state.objects.keys.count { $0.hasSuffix(".json") } == 1, "\(state.objects)")
        for object in backup.objects {
            #expect(state.objects.first { $0.key.hasSuffix("/" + object.name) }?.value == object.sha256)
        }
    }

    static let fatal = [
        Fault(
            testDescription: "a part's ETag is of other bytes",
            script: """
                [{"op": "UploadPart", "skip": 1, "times": 999, "do": "etag", "etag": "\\"00000000000000000000000000000000\\""}]
                """, words: "InvalidPart"),
        Fault(
            testDescription: "the object is shorter than what was sent",
            script: #"[{"op": "Complete", "do": "drop"}]"#, words: "bytes"),
        Fault(
            testDescription: "a part is refused",
            script: """
                [{"op": "UploadPart", "skip": 1, "times": 99, "do": "status", "status": 403, "code": "AccessDenied"}]
                """, words: "AccessDenied"),
        Fault(
            testDescription: "the whole is refused",
            script: #"[{"op": "Complete", "do": "status", "status": 400, "code": "EntityTooSmall"}]"#,
            words: "EntityTooSmall"),
    ]

    @Test(arguments: fatal) func whatDoesNotPassFailsTheRunAndLeavesNothing(_ fault: Fault) async throws {
        let bucket = try ScriptedBucket(faults: fault.script)
        defer { bucket.stop() }
        let host = try await host(bucket)
        defer { host.stop() }
        let output = try await host.backup()
        #expect(output.status == 1)
        #expect(
            output.error.contains("devdb on db-01 failed: ") && output.error.contains(fault.words), "\(output.error)")
        #expect(try await host.fleet.runStates() == ["failed"])
        #expect(try await host.backups().isEmpty)
        let state = try await eventually("nothing is left") {
            let state = try await bucket.state()
            return state.objects == [:] && state.uploads == [] ? state : nil
        }
        #expect(state.violations == [])
    }

    /// Tried for as long as the patience for a store lasts (90 s).
    @Test func whatNeverPassesFailsTheRunAndLeavesNothing() async throws {
        let bucket = try ScriptedBucket(
            faults: """
                [{"op": "Complete", "times": 9999, "do": "answer", "status": 200,
                  "body": "<Error><Code>InternalError</Code></Error>"}]
                """)
        defer { bucket.stop() }
        let host = try await host(bucket)
        defer { host.stop() }
        let output = try await host.backup()
        #expect(output.status == 1)
        #expect(output.error.contains("InternalError"), "\(output.error)")
        #expect(try await host.fleet.runStates() == ["failed"])
        #expect(try await host.backups().isEmpty)
        let state = try await bucket.state()
        #expect(state.objects == [:] && state.uploads == [] && state.violations == [])
        #expect(state.log.count { $0.operation == "Complete" && $0.status == 200 } > 3, "it was not tried again")
    }

    /// 12 MB: two parts.
    private func host(_ bucket: ScriptedBucket) async throws -> FaultFleet {
        let host = try await FaultFleet(
            destinations: [("offsite", bucket.destination)], megabytes: 12, coordinator: bucket.credentials,
            agent: bucket.credentials)
        try host.agent.start()
        return host
    }
}
