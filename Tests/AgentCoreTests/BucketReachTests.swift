import Domain
import Foundation
import Testing
import Wire

@testable import AgentCore

/// Where a bucket is looked for without a coordinator.
@Suite struct BucketReachTests {
    private static let now = Date(timeIntervalSince1970: 1_000_000_000)

    private func plan(_ destinations: [Destination], age: TimeInterval) throws -> (CachedPlan, URL) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-plan-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let paths = AgentPaths(data: folder)
        try DurableFile(url: paths.plan).save(Plan(revision: 7, entries: [], destinations: destinations))
        try FileManager.default.setAttributes(
            [.modificationDate: Self.now - age], ofItemAtPath: paths.plan.path)
        return (CachedPlan(paths), folder)
    }

    private static let store = Destination(
        name: "offsite",
        s3: .init(
            bucket: "acme", region: "eu-1", prefix: "fleet/", endpoint: "https://s3.acme.test", pathStyle: true,
            caFile: "/etc/ca.pem"))

    private func reach(_ environment: [String: String], _ plan: CachedPlan, bucket: String = "acme") -> BucketReach {
        BucketReach(bucket: bucket, key: "fleet/db-01/x.json", environment: environment, plan: plan, now: Self.now)
    }

    @Test func thePlanSaysItHoweverOldItIs() throws {
        let other = Destination(name: "other", s3: .init(bucket: "acme", region: "us-9", prefix: "elsewhere/"))
        let (plan, folder) = try plan([other, Self.store], age: 31 * 86_400)
        defer { try? FileManager.default.removeItem(at: folder) }
        let found = reach([:], plan)
        #expect(found.s3.endpoint == "https://s3.acme.test" && found.s3.region == "eu-1")
        #expect(found.s3.caFile == "/etc/ca.pem" && found.s3.pathStyle == true)
        #expect(found.words.contains("destination offsite of this agent's plan (revision 7, 31 days old)"))
        #expect(reach([:], plan, bucket: "unknown").s3.endpoint == nil)
        #expect(reach([:], plan, bucket: "unknown").words.contains("no destination of this agent's plan has it"))
    }

    @Test func whatTheEnvironmentSaysWins() throws {
        let (plan, folder) = try plan([Self.store], age: 8 * 3600)
        defer { try? FileManager.default.removeItem(at: folder) }
        let region = reach(["AWS_REGION": "eu-2", "AWS_CA_BUNDLE": "/b.pem", "AWS_ENDPOINT_URL": ""], plan).s3
        #expect(region.region == "eu-2" && region.caFile == "/b.pem" && region.endpoint == "https://s3.acme.test")
        // Another store's certificate is not of that authority.
        let mirror = reach(["AWS_ENDPOINT_URL": "https://mirror.test"], plan).s3
        #expect(mirror.endpoint == "https://mirror.test" && mirror.caFile == nil && mirror.pathStyle == nil)
        let same = reach(["AWS_ENDPOINT_URL_S3": "https://s3.acme.test/"], plan).s3
        #expect(same.caFile == "/etc/ca.pem")
    }

    @Test func aPlanThatCannotBeReadIsTold() throws {
        let (_, folder) = try plan([], age: 0)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("{".utf8).write(to: AgentPaths(data: folder).plan)
        let damaged = reach([:], CachedPlan(AgentPaths(data: folder)))
        #expect(damaged.words.contains("was not used") && damaged.words.contains("damaged"))
    }

    @Test func credentialsAreNeverMixedOfTwoSources() {
        let agents = [
            "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "DATABASE_URL": "postgres://h/d", "PATH": "/x",
        ]
        let none = BorrowedEnvironment(own: ["PATH": "/bin"], agents: agents, sharedFiles: false)
        #expect(none.borrowsCredentials)
        #expect(none.variables == agents.merging(["PATH": "/bin"]) { $1 })
        for (own, files) in [(["AWS_PROFILE": "reader"], false), (["AWS_ACCESS_KEY_ID": "C"], false), ([:], true)] {
            let borrowed = BorrowedEnvironment(own: own, agents: agents, sharedFiles: files)
            #expect(!borrowed.borrowsCredentials && borrowed.variables["AWS_SECRET_ACCESS_KEY"] == nil, "\(own)")
            #expect(borrowed.variables["DATABASE_URL"] == "postgres://h/d")
        }
    }
}
