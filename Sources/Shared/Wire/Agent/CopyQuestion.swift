package import Foundation

/// What of a backup lies in a directory of the agent's host? Asked with the answer to a check-in, and answered with the next one.
package struct CopyQuestion: Codable, Sendable, Equatable {
    package var id: UUID
    package var directory: Destination.Directory
    /// One of the agent's own folders, ending in a slash.
    package var folder: String
    /// Names in that folder, at most ``mostNames``; nil for all that lies there, by name, ``mostNames`` at a time.
    package var names: [String]?
    /// Of all that lies there only what comes behind this name.
    package var after: String?

    package static let mostNames = 500

    package init(id: UUID, directory: Destination.Directory, folder: String, names: [String]?, after: String? = nil) {
        self.id = id
        self.directory = directory
        self.folder = folder
        self.names = names
        self.after = after
    }
}

/// The answer to a ``CopyQuestion``.
package struct CopyAnswer: Codable, Sendable, Equatable {
    package var question: UUID
    /// What is there. What was asked for by name and is not among these is not there.
    package var files: [File]
    /// There is more behind the last of ``files``.
    package var goesOn: Bool
    /// Why it could not be looked: then nothing is said of any file.
    package var failure: Failure?

    package init(question: UUID, files: [File], goesOn: Bool = false, failure: Failure? = nil) {
        self.question = question
        self.files = files
        self.goesOn = goesOn
        self.failure = failure
    }

    package struct File: Codable, Sendable, Equatable {
        package var name: String
        package var bytes: Int64

        package init(name: String, bytes: Int64) {
            self.name = name
            self.bytes = bytes
        }
    }
}
