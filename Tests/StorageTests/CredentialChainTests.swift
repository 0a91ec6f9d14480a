import Domain
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct CredentialChainTests {
    /// Answers by a list, over plain HTTP (`Tests/Servers/scripted_http.py`).
    private struct Service {
        struct Answer: Encodable {
            var on: String
            var status = 200
            var body = ""
            var times: Int?
        }

        let process: ServerProcess
        var url: String { "http://127.0.0.1:\(process.port)" }

        init(_ answers: [Answer]) throws {
            let script = String(decoding: try JSONEncoder().encode(answers), as: UTF8.self)
            process = try ServerProcess(script: "scripted_http.py", ["--answers", script])
        }
    }

    private static let noon = Date(timeIntervalSince1970: 1_768_478_400)

    private func chain(_ variables: [String: String], home: URL? = nil, now: Date = noon) -> CredentialChain {
        let quiet = ["AWS_EC2_METADATA_DISABLED": "true"].merging(variables) { $1 }
        return CredentialChain(variables: quiet, home: home?.path ?? "/nonexistent", now: { now })
    }

    private func keys(_ id: String, until: Date? = nil) -> String {
        let expiration = until.map { #","Expiration":"\#(Timestamp.text($0))""# } ?? ""
        return #"{"Code":"Success","AccessKeyId":"\#(id)","SecretAccessKey":"CANARY","Token":"T"\#(expiration)}"#
    }

    @Test func theEnvironmentComesFirst() throws {
        let found = try chain(["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "CANARY", "AWS_SESSION_TOKEN": "T"])
            .credentials(replacing: nil)
        #expect(found.accessKeyID == "A" && found.sessionToken == "T")
    }

    @Test func secretsAreNeverPrinted() {
        let credentials = Credentials(accessKeyID: "AKIAABCDEFGH", secretAccessKey: "CANARY", sessionToken: "CANARY")
        var dumped = ""
        dump(credentials, to: &dumped)
        dump([credentials as Any, Optional(credentials) as Any], to: &dumped)
        let texts = [
            "\(credentials)", String(describing: credentials), String(reflecting: credentials), "\([credentials])",
            dumped,
        ]
        #expect(!texts.contains { $0.contains("CANARY") })
    }

    @Test func filesAreReadAsAWSReadsThem() throws {
        try withTemporaryFolder { home in
            let aws = home.appending(path: ".aws")
            try FileManager.default.createDirectory(at: aws, withIntermediateDirectories: true)
            try """
            # comment
            [default]
            aws_access_key_id = FROM_CREDENTIALS
            aws_secret_access_key=s+/= # comment
            [ other ]
            aws_access_key_id=OTHER
            aws_secret_access_key=x
            aws_session_token = T
            """.write(to: aws.appending(path: "credentials"), atomically: true, encoding: .utf8)
            try """
            [default]
            aws_access_key_id = FROM_CONFIG
            s3 =
              aws_access_key_id = NESTED
            [profile third]
            aws_access_key_id = THIRD
            aws_secret_access_key = y
            [profile process]
            credential_process = /bin/false
            """.write(to: aws.appending(path: "config"), atomically: true, encoding: .utf8)
            let standard = try chain([:], home: home).credentials(replacing: nil)
            #expect(standard.accessKeyID == "FROM_CREDENTIALS" && standard.secretAccessKey == "s+/=")
            let other = try chain(["AWS_PROFILE": "other"], home: home).credentials(replacing: nil)
            #expect(other.accessKeyID == "OTHER" && other.sessionToken == "T")
            #expect(try chain(["AWS_PROFILE": "third"], home: home).credentials(replacing: nil).accessKeyID == "THIRD")
            #expect(
                code { _ = try chain(["AWS_PROFILE": "missing"], home: home).credentials(replacing: nil) }
                    == .configuration)
            #expect(
                code { _ = try chain(["AWS_PROFILE": "process"], home: home).credentials(replacing: nil) }
                    == .configuration)
        }
    }

    @Test func withoutAnyItSaysWhereItLooked() {
        let error = #expect(throws: BackupError.self) { try chain([:]).credentials(replacing: nil) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("AWS_ACCESS_KEY_ID") == true)
    }

    @Test func anInstancesRoleIsUsed() throws {
        let service = try Service([
            .init(on: "PUT /latest/api/token", body: "SESSION"),
            .init(on: "GET /latest/meta-data/iam/security-credentials/", body: "the-role"),
            .init(
                on: "GET /latest/meta-data/iam/security-credentials/the-role",
                body: keys("IMDS", until: Self.noon + 3600)),
        ])
        let variables = ["AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url + "/"]
        let found = try chain(variables).credentials(replacing: nil)
        #expect(found.accessKeyID == "IMDS" && found.sessionToken == "T" && found.expiresAt == Self.noon + 3600)
    }

    @Test func aContainersEndpointIsUsed() throws {
        let service = try Service([.init(on: "GET /creds?x=1", body: keys("ECS"))])
        let variables = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(service.url)/creds?x=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer t",
        ]
        #expect(try chain(variables).credentials(replacing: nil).accessKeyID == "ECS")
        let far = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/creds"]
        #expect(code { _ = try chain(far).credentials(replacing: nil) } == .configuration)
        let deceiving = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost.example.com/creds"]
        #expect(code { _ = try chain(deceiving).credentials(replacing: nil) } == .configuration)
    }

    @Test func aWebIdentityIsExchanged() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "token")
            try "JWT\n".write(to: file, atomically: true, encoding: .utf8)
            let answer = """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
                <Credentials><AccessKeyId>WEB</AccessKeyId><SecretAccessKey>CANARY</SecretAccessKey><SessionToken>T</SessionToken>
                <Expiration>2026-01-15T13:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
                </AssumeRoleWithWebIdentityResponse>
                """
            let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            let service = try Service([
                .init(on: "POST /", body: answer, times: 1), .init(on: "POST /", status: 403, body: refusal),
            ])
            let variables = [
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": file.path,
                "AWS_ENDPOINT_URL_STS": service.url,
            ]
            let found = try chain(variables).credentials(replacing: nil)
            #expect(found.accessKeyID == "WEB" && found.expiresAt == Self.noon + 3600)
            #expect(code { _ = try chain(variables).credentials(replacing: nil) } == .storageRefused)
        }
    }

    @Test func credentialsAreKeptAndRenewedBeforeTheyEnd() throws {
        let service = try Service([
            .init(on: "GET /c", body: keys("ONE", until: Self.noon + 3600), times: 1),
            .init(on: "GET /c", body: keys("TWO", until: Self.noon + 7200), times: 1),
            .init(on: "GET /c", status: 500, times: 1),
            .init(on: "GET /c", body: keys("THREE"), times: 1),
        ])
        let shared = SharedClock(start: Self.noon)
        let chain = CredentialChain(
            variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(service.url)/c", "AWS_EC2_METADATA_DISABLED": "true"],
            home: "/nonexistent", now: { shared.now })
        #expect(try chain.credentials(replacing: nil).accessKeyID == "ONE")
        shared.advance(3000)
        #expect(try chain.credentials(replacing: nil).accessKeyID == "ONE")
        shared.advance(400)
        #expect(try chain.credentials(replacing: nil).accessKeyID == "TWO", "not renewed before the end")
        shared.advance(3600)
        #expect(
            try chain.credentials(replacing: nil).accessKeyID == "TWO", "valid ones were given up when renewing failed")
        let old = try chain.credentials(replacing: nil)
        #expect(try chain.credentials(replacing: old).accessKeyID == "THREE", "rejected ones were kept")
        #expect(try chain.credentials(replacing: old).accessKeyID == "THREE", "a second thread's rejection asked again")
    }

    private final class SharedClock: Sendable {
        private let time: Mutex<Date>
        init(start: Date) { time = Mutex(start) }
        var now: Date { time.withLock { $0 } }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    }
}
