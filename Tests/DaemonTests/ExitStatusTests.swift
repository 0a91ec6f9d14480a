import Daemon
import Domain
import Testing

@Suite struct ExitStatusTests {
    @Test func everyCodeHasANumberOfItsOwn() {
        let numbers = BackupError.Code.allCases.map { ExitStatus($0).rawValue }
        #expect(Set(numbers).count == BackupError.Code.allCases.count)
        #expect(!numbers.contains(0), "an error must never look like success")
        #expect(!numbers.contains(1), "1 says only that something failed")
        #expect(numbers.allSatisfy { (2...130).contains($0) })
    }

    /// Scripts hold on to these.
    @Test(
        arguments: [
            (BackupError.Code.usage, 2), (.integrity, 3), (.exists, 4), (.notFound, 5), (.unreachable, 6),
            (.forbidden, 7),
            (.configuration, 8), (.sourceUnavailable, 9), (.sourceRefused, 10), (.storageUnavailable, 11),
            (.storageRefused, 12), (.busy, 13), (.bug, 70), (.cancelled, 130),
        ] as [(BackupError.Code, Int32)])
    func aDocumentedNumberNeverChanges(code: BackupError.Code, number: Int32) {
        #expect(ExitStatus(code).rawValue == number)
    }

    @Test func whateverWasThrownHasAStatus() {
        struct Unknown: Error {}
        #expect(ExitStatus(BackupError(.exists, "there")) == ExitStatus(.exists))
        #expect(ExitStatus(CancellationError()) == ExitStatus(BackupError.Code.cancelled))
        #expect(ExitStatus(Unknown()) == .failed)
    }
}
