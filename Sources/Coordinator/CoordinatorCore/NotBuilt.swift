package import Domain
package import Foundation
package import ServiceLifecycle
package import Wire

extension Coordinator {
    package func services() -> [any Service] { [] }
    func startVerification(of backup: UUID, requestedBy: String) async throws(BackupError) -> OperationView { throw BackupError(.bug, "not built") }
    package func verify(backup id: String, by operator: OperatorIdentity) async throws(BackupError) -> OperationView { throw BackupError(.bug, "not built") }
    package func verifyAll(by operator: OperatorIdentity) async throws(BackupError) -> [OperationView] { throw BackupError(.bug, "not built") }
    package func restore(
        backup id: String, _ options: RestoreOptions, by operator: OperatorIdentity
    ) async throws(BackupError) -> OperationView { throw BackupError(.bug, "not built") }
    package func operation(_ id: UUID, by operator: OperatorIdentity) async throws(BackupError) -> OperationView { throw BackupError(.bug, "not built") }
    package func cleanupPlan(by operator: OperatorIdentity) async throws(BackupError) -> CleanupView { throw BackupError(.bug, "not built") }
    package func cleanup(_ request: CleanupRequest, by operator: OperatorIdentity) async throws(BackupError) -> CleanupResult { throw BackupError(.bug, "not built") }
    package func testAlerts(by operator: OperatorIdentity) async throws(BackupError) -> [AlertTestView] { throw BackupError(.bug, "not built") }
    package func apply(_ request: ApplyRequest, by operator: OperatorIdentity) async throws(BackupError) -> ApplyView { throw BackupError(.bug, "not built") }
}
