import Daemon
package import Domain
import Engines
import Foundation
import Threads

extension RestoreJournal {
    /// Does the work with its steps noted, and afterwards drops what it left undone. `tell` hears in words what of it could not
    /// be noted: that is no reason to leave a restore undone.
    func noting<Value: Sendable>(
        _ record: RestoreRecord, by engine: any Engine, paths: AgentPaths, _ tell: @escaping @Sendable (String) -> Void,
        _ work: (@escaping RestoreTrace) async throws -> Value
    ) async throws -> Value {
        let held: Held
        do throws(BackupError) { held = try begin(record) } catch {
            tell(
                "what this leaves if it is killed is not noted (\(error.message)): look for databases with _restoring_ in their "
                    + "name, and files that end in .partial")
            return try await work { _ in }
        }
        let notes = RestoreNotes(held, self, now: now)
        do {
            let value = try await work { notes.take($0) }
            FaultPoint.restored.pass()
            end(notes.held)
            if let trouble = notes.trouble { tell("not all of it could be noted: \(trouble.message)") }
            return value
        } catch {
            let left = notes.held
            var remains = RestoreRemains(journal: self, configuration: AgentConfiguration(databases: []), paths: paths)
            remains.engine = engine as? PostgresEngine
            let looking = remains
            // The error that brought us here is the one to tell; what stays is told by the next start and by doctor.
            await shielded { _ = await looking.tidy(left) }
            throw error
        }
    }

    /// All went well: nothing but what was replaced is left.
    private func end(_ held: Held) {
        var held = held
        held.record.made = []
        if held.record.isEmpty {
            forget(held)
        } else {
            // What cannot be written down is found out by the next look.
            try? save(held.record)
            held.lock.release()
        }
    }
}

extension RestoreRemains {
    /// Drops what one restore left that surely nobody has taken over; answers with what it dropped and what is still there.
    func tidy(_ held: RestoreJournal.Held) async -> (dropped: [Item], found: Found) {
        var found = Found()
        await look(held, &found)
        if held.record.isEmpty { journal.forget(held) }
        var (dropped, kept): ([Item], [Item]) = ([], [])
        for var item in found.items {
            guard item.kind == .debris, item.obstacle == nil else {
                kept.append(item)
                continue
            }
            do throws(BackupError) {
                try await remove(item)
                dropped.append(item)
            } catch {
                item.obstacle = error.message
                kept.append(item)
            }
        }
        held.lock.release()
        found.items = kept
        return (dropped, found)
    }

    /// The same for all that are not at work.
    package func tidyAll() async throws(BackupError) -> (dropped: [Item], found: Found) {
        let (held, damaged) = try journal.idle()
        var (dropped, all): ([Item], Found) = ([], Found(unknown: damaged))
        for one in held {
            let (gone, found) = await tidy(one)
            dropped += gone
            all.items += found.items
            all.unknown += found.unknown
        }
        return (dropped, all)
    }
}
