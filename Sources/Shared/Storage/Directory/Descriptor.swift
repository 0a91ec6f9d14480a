import Glibc

/// A file descriptor that is closed exactly once.
struct Descriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { _ = Glibc.close(raw) }
}
