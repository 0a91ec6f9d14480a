package import Domain

/// With what number a program ends. The numbers are part of the programs' interface: they are documented in `--help`
/// and never change their meaning.
///
/// 0 ok · 1 failed · 2 usage · 3 bytes are not what they must be · 4 the target exists · 5 not found ·
/// 6 the coordinator cannot be reached · 7 forbidden · 8 configuration · 9 the database cannot be reached ·
/// 10 the database refuses · 11 the storage cannot be reached · 12 the storage refuses · 13 busy ·
/// 70 a fault of Holdfast itself · 130 cancelled · 141 nobody reads the output any more
package struct ExitStatus: RawRepresentable, Sendable, Hashable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let ok = Self(rawValue: 0)
    package static let failed = Self(rawValue: 1)
    package static let usage = Self(rawValue: 2)
    /// What a shell shows for a program that SIGPIPE ended, as it ends most of them.
    package static let unread = Self(rawValue: 141)

    /// Every code has a number of its own.
    package init(_ code: BackupError.Code) {
        rawValue =
            switch code {
            case .usage: Self.usage.rawValue
            case .integrity: 3
            case .exists: 4
            case .notFound: 5
            case .unreachable: 6
            case .forbidden: 7
            case .configuration: 8
            case .sourceUnavailable: 9
            case .sourceRefused: 10
            case .storageUnavailable: 11
            case .storageRefused: 12
            case .busy: 13
            case .bug: 70
            case .cancelled: 130
            }
    }

    /// The status for anything that was thrown: a ``BackupError`` by its code, a cancelled task as `cancelled`,
    /// everything else as failed.
    package init(_ error: any Error) {
        switch error {
        case let error as BackupError: self.init(error.code)
        case is CancellationError: self.init(BackupError.Code.cancelled)
        default: self = .failed
        }
    }
}
