import Domain
import Foundation

/// Both ends of a new pipe, closed on exec. Whoever is handed an end closes it.
struct Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    static func make() throws(BackupError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw BackupError(.busy, "making a pipe: \(String(cString: strerror(errno)))")
        }
        // Children get only the descriptors that they are handed, so the moment between the calls leaks nothing.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return Pipe(readEnd: ends[0], writeEnd: ends[1])
    }
}
