package import Domain
import Glibc

/// A file that a person named, on the command line or in the environment. Links and pipes are followed.
package enum GivenFile {
    /// Larger ones are not what anybody writes by hand.
    private static let limit = 4 << 20

    /// Its text. Throws `code`, saying in words what is wrong with the file, and then the remedy.
    package static func text(_ path: String, _ code: BackupError.Code, remedy: String) throws(BackupError) -> String {
        guard !path.isEmpty else { throw BackupError(code, "the name of the file is empty; \(remedy)") }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw BackupError(code, "\(words(path, errno)); \(remedy)") }
        defer { close(file) }
        return try text(of: file, path, code, remedy)
    }

    /// All of standard input, under the same conditions.
    package static func standardInput(_ code: BackupError.Code, remedy: String) throws(BackupError) -> String {
        try text(of: STDIN_FILENO, "standard input", code, remedy)
    }

    private static func text(
        of file: Int32, _ name: String, _ code: BackupError.Code, _ remedy: String
    ) throws(BackupError) -> String {
        func refusal(_ words: String) -> BackupError { BackupError(code, "\(words); \(remedy)") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw refusal(words(name, errno)) }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= limit else { throw refusal("\(name) is larger than 4 MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refusal("\(name) is not UTF-8 text") }
        return text
    }

    private static func words(_ name: String, _ reason: Int32) -> String {
        switch reason {
        case ENOENT, ENOTDIR: "there is no file \(name)"
        case EISDIR: "\(name) is a folder, not a file"
        case EACCES: "\(name) may not be read by this user"
        default: "\(name) cannot be read (\(String(cString: strerror(reason))))"
        }
    }
}
