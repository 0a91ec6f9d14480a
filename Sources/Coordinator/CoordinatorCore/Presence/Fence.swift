import Catalog
import Foundation
import Wire

/// Tells a restarted agent from a copied one (DESIGN section 5, P12). Pure; times are of the machine's even clock.
///
/// A process that was not heard before is a restart: a reboot, an upgrade, a volume that moved, a snapshot that was restored. A
/// **clone** is only an *earlier* process that is heard again after a later one, and answers to what it is told then: a request
/// that was late on the network cannot do that. Two processes with one memory (a machine that was copied while it ran) have one
/// id; they show by echoing what was already superseded.
struct Fence: Sendable {
    enum Standing: Equatable, Sendable {
        /// Its word counts.
        case current
        /// The one before it may still be alive: its word counts when that is known.
        case waiting
        /// An earlier one is heard again.
        case suspect
        /// Two are alive.
        case held
        /// A person chose another.
        case barred
    }

    private(set) var book: AgentProcesses
    /// What the current process was given and has not been superseded, the oldest first.
    private var issued: [UUID] = []
    private var dead: [UUID] = []
    /// An earlier process that was heard again, and what it was given since.
    private var trial: (instance: UUID, nonce: UUID?, since: Duration)?
    /// Check-ins of each process that are held open now.
    private var open: [UUID: Int] = [:]
    /// When each process last got an answer, after which it comes again soon.
    private var answered: [UUID: Duration] = [:]
    /// An older state of the data directory was started.
    private(set) var wasSetBack = false

    /// For so long after its last answer a process that is alive is heard again.
    static let pause: Duration = .seconds(5)
    /// Who was not heard for so long may have been replaced by an older release.
    private static let silence: Duration = .seconds(600)
    private static let trialEnds: Duration = .seconds(180)
    /// After the coordinator's start a process that is alive is heard within this.
    private static let comesBack: Duration = .seconds(OfflineRule.silence)
    private static let mostDead = 128

    /// The process that counted when the coordinator started, and when it was looked up: it may live and only not have come yet.
    private var awaited: (process: AgentProcess, since: Duration)?

    /// `uptime` is when the book was read; nil for one that is new.
    init(_ book: AgentProcesses, uptime: Duration? = nil) {
        self.book = book
        awaited = uptime.flatMap { uptime in book.current.map { ($0.process, uptime) } }
    }

    /// A check-in came. To be followed by ``end(_:answered:uptime:)``.
    mutating func hear(_ process: AgentProcess, echo: UUID?, now: Date, uptime: Duration) -> Standing {
        open[process.instance, default: 0] += 1
        return standing(process, echo, now, uptime)
    }

    private mutating func standing(_ process: AgentProcess, _ echo: UUID?, _ now: Date, _ uptime: Duration) -> Standing
    {
        if book.barred.contains(process.instance) { return .barred }
        if book.heldAt != nil {
            remember(process, now)
            return .held
        }
        if let trial, uptime - trial.since > Self.trialEnds { self.trial = nil }
        guard let current = book.current else {
            become(process, now)
            return .current
        }
        if process.instance == current.process.instance {
            if let echo, dead.contains(echo) { return hold(process, now) }
            // Whatever else it was given, it never got.
            dead += issued.filter { $0 != echo }
            dead.removeFirst(max(0, dead.count - Self.mostDead))
            issued.removeAll { $0 != echo }
            return word(of: process.instance, uptime)
        }
        if book.earlier.contains(where: { $0.process.instance == process.instance }) {
            if let trial, trial.instance == process.instance, let nonce = trial.nonce, nonce == echo {
                return hold(process, now)
            }
            if trial?.instance != process.instance { trial = (process.instance, nil, uptime) }
            return .suspect
        }
        become(process, now)
        return word(of: process.instance, uptime)
    }

    /// What the answer to this process carries. Nil when none is to be remembered.
    mutating func issue(_ nonce: UUID, to instance: UUID) {
        if trial?.instance == instance { trial?.nonce = nonce }
        guard book.current?.process.instance == instance else { return }
        issued.append(nonce)
    }

    mutating func end(_ instance: UUID, answered isAnswered: Bool, uptime: Duration) {
        open[instance] = (open[instance] ?? 1) > 1 ? (open[instance] ?? 1) - 1 : nil
        answered[instance] = isAnswered ? uptime : nil
    }

    /// Whether the process that counts was heard a short while ago: then nobody who does not say which process it is, as agents
    /// of before, is that agent.
    func lives(_ uptime: Duration) -> Bool {
        guard let current = book.current?.process.instance else { return false }
        return open[current] != nil || answered[current].map { uptime - $0 < Self.silence } ?? false
    }

    /// Whether the word of this process counts now.
    func word(of instance: UUID, _ uptime: Duration) -> Standing {
        if book.barred.contains(instance) { return .barred }
        if book.heldAt != nil { return .held }
        guard let current = book.current else { return .current }
        guard current.process.instance == instance else { return .suspect }
        if let trial, uptime - trial.since <= Self.trialEnds { return .waiting }
        guard let before = book.earlier.first?.process.instance else { return .current }
        // On one host it is a restart: then nobody has to wait for one that has ended.
        let isAwaited =
            awaited.map {
                $0.process.instance == before && $0.process.host != current.process.host
                    && uptime - $0.since < Self.comesBack
            } ?? false
        let mayLive = isAwaited || open[before] != nil || answered[before].map { uptime - $0 < Self.pause } ?? false
        return mayLive ? .waiting : .current
    }

    /// A person says which one is the agent. The others are refused from now on.
    mutating func keep(_ instance: UUID) {
        guard
            let kept = (book.earlier + [book.current].compactMap(\.self)).first(where: {
                $0.process.instance == instance
            })
        else { return }
        let others = (book.earlier + [book.current].compactMap(\.self)).map(\.process.instance).filter {
            $0 != instance
        }
        book.barred = Array((others + book.barred).prefix(AgentProcesses.most))
        (book.current, book.earlier, book.heldAt) = (kept, [], nil)
        (trial, issued, dead) = (nil, [], [])
    }

    private mutating func become(_ process: AgentProcess, _ now: Date) {
        wasSetBack = process.generation < book.generation
        if let current = book.current { book.earlier.insert(current, at: 0) }
        book.earlier = Array(book.earlier.prefix(AgentProcesses.most))
        book.current = .init(process, at: now)
        book.generation = max(book.generation, process.generation)
        (issued, dead, trial) = ([], [], nil)
    }

    private mutating func hold(_ process: AgentProcess, _ now: Date) -> Standing {
        book.heldAt = now
        remember(process, now)
        return .held
    }

    private mutating func remember(_ process: AgentProcess, _ now: Date) {
        if book.current?.process.instance == process.instance {
            book.current?.lastAt = now
        } else if let index = book.earlier.firstIndex(where: { $0.process.instance == process.instance }) {
            book.earlier[index].lastAt = now
        } else {
            book.earlier.insert(.init(process, at: now), at: 0)
            book.earlier = Array(book.earlier.prefix(AgentProcesses.most))
        }
    }
}
