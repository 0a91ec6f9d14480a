import Domain
import Foundation
import Storage
import Threads
import Wire

/// Says what lies in this host's directories, to a coordinator that asks: names and sizes of files in this agent's own folders, and
/// of nothing else. Blocks.
struct CopyWitness {
    let destinations: DestinationOpener
    let agent: AgentIdentity
    let stop: StopSignal

    func answer(_ question: CopyQuestion) -> CopyAnswer {
        do throws(BackupError) {
            guard question.folder.hasPrefix(agent.name + "/"), question.folder.hasSuffix("/") else {
                throw BackupError(.forbidden, "that folder is not this agent's")
            }
            let store = try destinations.open(Destination(name: "asked", directory: question.directory), stop: stop)
            if let names = question.names {
                return CopyAnswer(question: question.id, files: try files(names, question.folder, store))
            }
            return try listing(question, store)
        } catch {
            return CopyAnswer(
                question: question.id, files: [], failure: Failure(code: error.code.rawValue, message: error.message))
        }
    }

    private func files(
        _ names: [String], _ folder: String, _ store: any ObjectStore
    ) throws(BackupError) -> [CopyAnswer.File] {
        var files: [CopyAnswer.File] = []
        for name in names.prefix(CopyQuestion.mostNames) {
            guard !name.contains("/") else { throw BackupError(.usage, "a name is no path") }
            do throws(BackupError) {
                files.append(.init(name: name, bytes: try store.head(folder + name).bytes))
            } catch  where error.code == .notFound {
                continue
            }
        }
        return files
    }

    /// The first names behind `after`, in the order of their bytes.
    private func listing(_ question: CopyQuestion, _ store: any ObjectStore) throws(BackupError) -> CopyAnswer {
        var found: [CopyAnswer.File] = []
        var goesOn = false
        try store.visit(prefix: question.folder) { (portion) throws(BackupError) in
            for facts in portion {
                let name = String(facts.key.dropFirst(question.folder.count))
                guard !name.contains("/"), question.after.map({ $0 < name }) ?? true else { continue }
                found.append(.init(name: name, bytes: facts.bytes))
            }
            guard found.count > 4 * CopyQuestion.mostNames else { return }
            found.sort { $0.name < $1.name }
            found.removeLast(found.count - CopyQuestion.mostNames)
            goesOn = true
        }
        found.sort { $0.name < $1.name }
        if found.count > CopyQuestion.mostNames {
            found.removeLast(found.count - CopyQuestion.mostNames)
            goesOn = true
        }
        return CopyAnswer(question: question.id, files: found, goesOn: goesOn)
    }
}
