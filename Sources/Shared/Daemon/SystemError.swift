import Domain
import Glibc

/// What a system call's `errno` means, with what was being done. Call it right after the call that failed, or hand over
/// the number that was kept.
func systemError(_ doing: String, path: String, errno number: Int32 = errno) -> BackupError {
    let reason = String(cString: strerror(number))
    let code: BackupError.Code =
        switch number {
        case ENOENT: .notFound
        case EEXIST: .exists
        case EACCES, EPERM, ELOOP, ENOTDIR, EISDIR, EROFS: .configuration
        case ENOSPC, EDQUOT: .storageRefused
        default: .storageUnavailable
        }
    return BackupError(code, "\(doing) \(path): \(reason)")
}
