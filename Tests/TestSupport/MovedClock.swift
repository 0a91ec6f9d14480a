package import Foundation

/// A clock that programs started with ``environment`` take for the host's: ahead of the true one by what a test says, while they
/// run, too. How long something takes they go on measuring truly.
///
/// A library of a few lines that is loaded before libc and answers what asks for the time of day. The `faketime` of the
/// distributions would do as well, but it changes the environment before `main`, and Swift then finds no arguments.
package final class MovedClock: Sendable {
    private let folder: URL

    /// Shows the true time at first. `clang` comes with Swift.
    package init(ahead seconds: TimeInterval = 0) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-clock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(Self.source.utf8).write(to: folder.appending(path: "clock.c"))
        try Data(count: 8).write(to: file)
        let built = try await ProgramOutput.of(
            "clang",
            [
                "-shared", "-fPIC", "-O1", "-o", folder.appending(path: "clock.so").path,
                folder.appending(path: "clock.c").path,
            ])
        guard built.status == 0 else { throw ServerFailure("clang: \(built.error)") }
        try set(ahead: seconds)
    }

    /// Programs that run go on with the time that they have; none can be started any more.
    package func stop() { try? FileManager.default.removeItem(at: folder) }

    private var file: URL { folder.appending(path: "ahead") }

    package var environment: [String: String] {
        ["LD_PRELOAD": folder.appending(path: "clock.so").path, "MOVED_CLOCK": file.path]
    }

    /// From this moment on.
    package func set(ahead seconds: TimeInterval) throws {
        // In place: it is looked at where it lies.
        let handle = try FileHandle(forWritingTo: file)
        try handle.write(contentsOf: withUnsafeBytes(of: Int64(seconds)) { Data($0) })
        try handle.close()
    }

    package var ahead: TimeInterval {
        get throws { try Data(contentsOf: file).withUnsafeBytes { TimeInterval($0.loadUnaligned(as: Int64.self)) } }
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static volatile int64_t *ahead;

        __attribute__((constructor)) static void begin(void) {
            const char *path = getenv("MOVED_CLOCK");
            int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
            if (file < 0) return;
            void *place = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
            if (place != MAP_FAILED) ahead = place;
            close(file);
        }

        int clock_gettime(clockid_t clock, struct timespec *now) {
            int failed = (int)syscall(SYS_clock_gettime, clock, now);
            if (!failed && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead;
            return failed;
        }

        int gettimeofday(struct timeval *now, void *zone) {
            (void)zone;
            struct timespec precise;
            int failed = clock_gettime(CLOCK_REALTIME, &precise);
            if (!failed) { now->tv_sec = precise.tv_sec; now->tv_usec = precise.tv_nsec / 1000; }
            return failed;
        }

        time_t time(time_t *place) {
            struct timespec now;
            if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
            if (place) *place = now.tv_sec;
            return now.tv_sec;
        }
        """
}
