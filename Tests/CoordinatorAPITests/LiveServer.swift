import Catalog
import CoordinatorAPI
import CoordinatorCore
import Domain
import Foundation
import Logging
import Sealing
import ServiceLifecycle
import Threads
import Transfer
import Wire

/// A coordinator with its own authority in its own folder, served on a free port for as long as the body runs.
final class LiveServer: Sendable {
    let coordinator: Coordinator
    let port: Int
    let authority: CertificateAuthority
    let caPEM: String
    let admin: String
    /// One token of each role.
    let tokens: [OperatorRole: String]

    /// The authority's age: expired certificates can be made with it.
    static let age: TimeInterval = 5 * 86_400

    static func run(
        limits: ServerLimits = ServerLimits(),
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ body: @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "api-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }  // nothing depends on it
        let paths = CoordinatorPaths(dataDirectory: folder)
        let made = try Coordinator.initialise(
            paths: paths, hostnames: ["localhost", "127.0.0.1"], now: Date() - Self.age)
        let tokens = try await addOperators(paths)
        let world = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: [:])
        let coordinator = try await Coordinator.open(paths: paths, world: world, logger: logger)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let service = try buildServer(
            coordinator: coordinator, configuration: ServerConfiguration(host: "127.0.0.1", port: 0, limits: limits),
            now: { Date() }, logger: logger, onListening: { listening.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [service], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await group.run()
            }
            guard let port = await ports.first(where: { _ in true }) else { throw BackupError(.bug, "did not listen") }
            let server = try LiveServer(coordinator, port, paths, made, tokens)
            do { try await body(server) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try coordinator.close()
        }
    }

    private init(
        _ coordinator: Coordinator, _ port: Int, _ paths: CoordinatorPaths, _ made: InitialisationResult,
        _ tokens: [OperatorRole: String]
    ) throws {
        self.tokens = tokens
        (self.coordinator, self.port, caPEM, admin) = (coordinator, port, made.caPEM, made.adminToken)
        authority = try CertificateAuthority(
            certificatePEM: made.caPEM, keyPEM: String(contentsOf: paths.caKey, encoding: .utf8))
    }

    /// Written where the coordinator looks for them, so that every test has one of each role.
    private static func addOperators(_ paths: CoordinatorPaths) async throws -> [OperatorRole: String] {
        let catalog = try CatalogDatabase(path: paths.catalog.path)
        var tokens: [OperatorRole: String] = [:]
        for role in OperatorRole.allCases {
            let record = OperatorTokenRecord(
                id: "test\(role.rawValue)", secretHash: hex(sha256(Array("secret".utf8))), role: role.rawValue,
                createdAt: Date())
            try await catalog.write { try $0.add(record) }
            tokens[role] = "hft_\(record.id)_secret"
        }
        try catalog.close()
        return tokens
    }

    private static func options(_ ca: String, _ identity: Identity?) -> TransferOptions {
        var options = TransferOptions()
        options.trust = .pem(Array(ca.utf8))
        options.proxy = .none
        options.identity = identity.map { .init(certificate: Array($0.certificate.utf8), key: Array($0.key.utf8)) }
        return options
    }

    /// A certificate and its key, PEM.
    struct Identity: Sendable {
        let certificate: String
        let key: String
    }

    /// One client, that is one set of kept-alive connections, with this certificate.
    func client(_ identity: Identity?) -> TransferClient { TransferClient(Self.options(caPEM, identity)) }

    /// One exchange.
    func send(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, bearer: String? = nil,
        headers: [(name: String, value: String)] = [], with client: TransferClient? = nil,
        deadline: Duration = .seconds(60)
    ) async throws -> HTTPResponse {
        var request = HTTPRequest(method, "https://localhost:\(port)\(path)", headers: headers, deadline: deadline)
        if let bearer { request.headers.append(("Authorization", "Bearer \(bearer)")) }
        if let body { request.body = .bytes(body) }
        // Without one a connection of its own, which ends with the call: the server's end waits for those that are open.
        let (final, client) = (request, client ?? self.client(nil))
        return try await onThread { () throws(TransferError) in try client.send(final) }
    }

    func post(
        _ path: String, _ value: some Encodable, bearer: String? = nil, with client: TransferClient? = nil,
        deadline: Duration = .seconds(60)
    ) async throws -> HTTPResponse {
        try await send(
            "POST", path, Array(JSON.encoder().encode(value)), bearer: bearer, with: client, deadline: deadline)
    }

    /// Joins a host as `holdfast-agent join` does.
    func join(_ name: String, id: UUID = UUID()) async throws -> (id: UUID, identity: Identity) {
        let created = try await post(
            "/v1/tokens", TokenRequest(expiresInSeconds: 3600, uses: 1, labels: [:]), bearer: admin)
        let token = try JoinString(JSON.decoder().decode(TokenCreated.self, from: Data(created.body)).join)
        let key = try PrivateKey()
        let answer = try await post(
            "/v1/enrol",
            EnrolmentRequest(
                tokenId: token.tokenId, tokenSecret: token.secret, agentId: id, name: name,
                csr: CertificateSigningRequest(key: key).pem(), holdfast: "0.1.0"))
        let enrolled = try JSON.decoder().decode(EnrolmentResponse.self, from: Data(answer.body))
        return (enrolled.agentId, Identity(certificate: enrolled.certificate, key: try key.pem()))
    }

    /// A certificate for this agent by any authority, of any age.
    func identity(
        _ id: UUID, by authority: CertificateAuthority, issuedAt: Date, days: Int = 90
    ) throws -> Identity {
        let key = try PrivateKey()
        let certificate = try authority.issueAgent(
            csrPEM: CertificateSigningRequest(key: key).pem(), agentID: id, now: issuedAt, days: days)
        return Identity(certificate: try certificate.pem(), key: try key.pem())
    }

    /// What every test of bad input ends with.
    func isServing() async throws -> Bool { try await send("GET", "/health").text == "ok" }
}

extension HTTPResponse {
    /// The problem that it carries; fails when it is none.
    func problem() throws -> Problem {
        guard self["content-type"] == Problem.contentType else {
            throw BackupError(.bug, "not a problem: \(status) \(text.prefix(200))")
        }
        return try JSON.decoder().decode(Problem.self, from: Data(body))
    }
}

/// A check-in that asks for an answer at once.
func checkIn(version: Int = 1, wait: Int = 0, revision: Int = 0) -> CheckInRequest {
    CheckInRequest(
        version: ProtocolVersion(rawValue: version), holdfast: "0.1.0", bootId: "b", clock: Date(),
        planRevision: revision, running: [], spoolDepth: 0, databases: [], receivedCommands: [], commands: [],
        waitSeconds: wait)
}
