package import Domain
package import Foundation
package import Logging
package import ServiceLifecycle
package import Wire

/// What `holdfast init` made. The token is shown once and stored only hashed.
package struct InitialisationResult: Sendable {
    package let caPEM: String
    /// 64 hex digits: SHA-256 of the CA certificate's DER.
    package let caSha256: String
    /// `hft_<id>_<secret>` with the role admin.
    package let adminToken: String
}

/// The certificate that the API serves with, and the CA that agents and operators trust.
package struct ServerIdentity: Sendable {
    package let certificatePEM: String
    /// A secret.
    package let keyPEM: String
    package let caPEM: String
}

/// The central process without its HTTP: everything that agents and operators can ask of it.
///
/// Every method may be called from any task. Errors are `BackupError`; messages hold no secrets.
package final class Coordinator: Sendable {
    init() {}

    private func notBuilt() -> BackupError { BackupError(.bug, "not built") }

    package static func initialise(
        paths: CoordinatorPaths, hostnames: [String], now: Date
    ) throws -> InitialisationResult { throw BackupError(.bug, "not built") }

    package static func open(
        paths: CoordinatorPaths, world: CoordinatorWorld, logger: Logger
    ) async throws -> Coordinator { throw BackupError(.bug, "not built") }

    package var serverIdentity: ServerIdentity { ServerIdentity(certificatePEM: "", keyPEM: "", caPEM: "") }

    package func services() -> [any Service] { [] }

    package func authenticateAgent(certificateDER: [UInt8], now: Date) async throws -> AgentIdentity { throw notBuilt() }
    package func authenticateOperator(token: String) async throws -> OperatorIdentity { throw notBuilt() }

    package func enrol(_ request: EnrolmentRequest, remote: String) async throws -> EnrolmentResponse { throw notBuilt() }
    package func renew(_ request: RenewalRequest) async throws -> EnrolmentResponse { throw notBuilt() }
    package func checkIn(_ request: CheckInRequest, from agent: AgentIdentity) async throws -> CheckInResponse {
        throw notBuilt()
    }
    package func record(_ batch: ReportBatch, from agent: AgentIdentity) async throws -> ReportReceipt { throw notBuilt() }

    package func status(by operator: OperatorIdentity) async throws -> StatusView { throw notBuilt() }
    package func check(by operator: OperatorIdentity) async throws -> CheckView { throw notBuilt() }
    package func agents(by operator: OperatorIdentity) async throws -> [AgentView] { throw notBuilt() }
    package func agent(_ nameOrId: String, by operator: OperatorIdentity) async throws -> AgentView { throw notBuilt() }
    package func revokeAgent(_ nameOrId: String, by operator: OperatorIdentity) async throws -> AgentView { throw notBuilt() }
    package func databases(
        agent: String? = nil, database: String? = nil, by operator: OperatorIdentity
    ) async throws -> [DatabaseView] { throw notBuilt() }
    package func backups(
        tier: Tier? = nil, database: String? = nil, agent: String? = nil, limit: Int? = nil, by operator: OperatorIdentity
    ) async throws -> [BackupView] { throw notBuilt() }
    package func backup(_ id: String, by operator: OperatorIdentity) async throws -> BackupDetailView { throw notBuilt() }
    package func startBackup(_ request: BackupRequest, by operator: OperatorIdentity) async throws -> BackupStarted {
        throw notBuilt()
    }
    package func run(_ id: UUID, by operator: OperatorIdentity) async throws -> RunView { throw notBuilt() }
    package func verify(backup id: String, by operator: OperatorIdentity) async throws -> OperationView { throw notBuilt() }
    package func verifyAll(by operator: OperatorIdentity) async throws -> [OperationView] { throw notBuilt() }
    package func restore(
        backup id: String, _ options: RestoreOptions, by operator: OperatorIdentity
    ) async throws -> OperationView { throw notBuilt() }
    package func operation(_ id: UUID, by operator: OperatorIdentity) async throws -> OperationView { throw notBuilt() }
    package func cleanupPlan(by operator: OperatorIdentity) async throws -> CleanupView { throw notBuilt() }
    package func cleanup(_ request: CleanupRequest, by operator: OperatorIdentity) async throws -> CleanupResult {
        throw notBuilt()
    }
    package func alerts(includeResolved: Bool, by operator: OperatorIdentity) async throws -> [IncidentView] {
        throw notBuilt()
    }
    package func testAlerts(by operator: OperatorIdentity) async throws -> [AlertTestView] { throw notBuilt() }
    package func schedules(
        agent: String? = nil, database: String? = nil, by operator: OperatorIdentity
    ) async throws -> [ScheduleView] { throw notBuilt() }
    package func apply(_ request: ApplyRequest, by operator: OperatorIdentity) async throws -> ApplyView { throw notBuilt() }
    package func createToken(_ request: TokenRequest, by operator: OperatorIdentity) async throws -> TokenCreated {
        throw notBuilt()
    }
    package func tokens(by operator: OperatorIdentity) async throws -> [TokenView] { throw notBuilt() }
    package func revokeToken(_ id: String, by operator: OperatorIdentity) async throws { throw notBuilt() }
}
