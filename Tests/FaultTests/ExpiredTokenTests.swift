import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Session tokens that run out in the middle of an upload of the built agent, which reads them from the shared file as
/// stock tools do (fault 15).
@Suite(.timeLimit(.minutes(5))) struct ExpiredTokenTests {
    @Test func aNewerTokenIsTakenAndTheUploadGoesOn() async throws {
        let (host, bucket) = try await Self.inMidUpload()
        defer {
            host.stop()
            bucket.stop()
        }
        try Self.give("NEW", to: host)
        try await bucket.expire("OLD")
        let backup = try await eventually("the backup is good", within: .seconds(120)) {
            try await host.backups().first
        }
        #expect(backup.state == .good)
        #expect(try await host.fleet.runStates() == ["succeeded"])
        let state = try await bucket.state()
        #expect(state.has("UploadPart", 400), "the old token did not run out in mid-upload")
        #expect(state.log.count { $0.operation == "Create" } == 1, "the upload was begun anew")
        #expect(state.violations == [] && state.uploads == [] && state.objects.count == 2)
        for object in backup.objects {
            #expect(state.objects.first { $0.key.hasSuffix("/" + object.name) }?.value == object.sha256)
        }
    }

    /// Nothing can be cleaned up then; the next run does, when there is a token again.
    @Test func withoutANewerTokenTheRunFailsAndWhatIsLeftGoesLater() async throws {
        let (host, bucket) = try await Self.inMidUpload()
        defer {
            host.stop()
            bucket.stop()
        }
        try await bucket.expire("OLD")
        try await eventually("the run has failed") {
            try await host.fleet.runStates() == ["failed"] ? true : nil
        }
        let database = try #require(try await host.fleet.list([DatabaseView].self, "database", "list").first)
        #expect(database.lastError?.contains("have run out") == true, "\(database.lastError ?? "")")
        #expect(try await host.backups().isEmpty)
        #expect(try await bucket.state().objects == [:])
        #expect(try await bucket.state().uploads.count == 1, "the token that had run out could abort it")
        try Self.give("NEW", to: host)
        let output = try await host.backup()
        #expect(output.status == 0, "\(output.error)")
        let state = try await eventually("no upload is left") {
            let state = try await bucket.state()
            return state.uploads == [] ? state : nil
        }
        #expect(state.objects.count == 2 && state.violations == [])
    }

    /// An agent with the old token that uploads 40 MB at 2 MB a second (four parts and a rest in twenty seconds), when a part
    /// is stored and more are to come.
    private static func inMidUpload() async throws -> (FaultFleet, ScriptedBucket) {
        let bucket = try ScriptedBucket(identities: ["OLD:SECRET1:TOKEN1", "NEW:SECRET2:TOKEN2", "HOME:SECRET"])
        let quiet = ["AWS_EC2_METADATA_DISABLED": "true"]
        let host = try await FaultFleet(
            destinations: [("offsite", bucket.destination(bandwidth: "2MB"))], megabytes: 40,
            coordinator: quiet.merging(["AWS_ACCESS_KEY_ID": "HOME", "AWS_SECRET_ACCESS_KEY": "SECRET"]) { $1 },
            agent: quiet)
        try give("OLD", to: host)
        try host.agent.start()
        try await host.begin()
        try await eventually("a part is stored") {
            try await bucket.state().has("UploadPart", 200) ? true : nil
        }
        return (host, bucket)
    }

    /// Puts the credentials of that identity in the place of those before, at once.
    private static func give(_ identity: String, to host: FaultFleet) throws {
        let number = identity == "OLD" ? 1 : 2
        let folder = host.agent.folder.appending(path: ".aws")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(
            """
            [default]
            aws_access_key_id = \(identity)
            aws_secret_access_key = SECRET\(number)
            aws_session_token = TOKEN\(number)

            """.utf8
        ).write(to: folder.appending(path: "credentials"), options: .atomic)
    }
}
