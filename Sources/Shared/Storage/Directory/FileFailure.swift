import Domain
import Glibc

/// What the kernel's answer means for a backup, with a remedy where there is one. `doing` names the path.
func fileFailure(_ number: Int32, _ doing: String) -> BackupError {
    let words = String(cString: strerror(number))
    return switch number {
    case ENOSPC:
        BackupError(.storageRefused, "\(doing): the disk is full; free space there, or choose another directory")
    case EDQUOT: BackupError(.storageRefused, "\(doing): the quota is used up; raise it, or choose another directory")
    case EFBIG: BackupError(.storageRefused, "\(doing): larger than the file system or the process limit allows")
    case EACCES, EPERM: BackupError(.storageRefused, "\(doing): \(words); the directory must belong to this user")
    case EROFS: BackupError(.storageRefused, "\(doing): the file system is mounted read-only")
    case ENAMETOOLONG: BackupError(.storageRefused, "\(doing): the name is too long for this file system")
    case ELOOP, ENOTDIR, ENXIO:
        BackupError(
            .storageRefused, "\(doing): a symbolic link or something else stands where a directory or file must be")
    case ENOENT: BackupError(.notFound, "\(doing): \(words)")
    case EEXIST: BackupError(.exists, "\(doing): the name is taken")
    default: BackupError(.storageUnavailable, "\(doing): \(words)")
    }
}

/// Repeats a system call that a signal interrupted.
func uninterrupted(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
