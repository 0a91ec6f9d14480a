import Catalog
import Domain

/// What a person does next about an alert, by its kind: stands at the end of its message.
enum NextStep {
    /// `detail` is the cause, in words: what is known of it says more than its kind does.
    static func words(kind: String, agent: String?, database: String?, detail: String) -> String {
        let host = agent.map(argument) ?? "HOST"
        let name = database.map(argument) ?? "NAME"
        let again = "`holdfast backup create --database \(name) --agent \(host) --wait`"
        return switch kind {
        case IncidentKind.failed where detail.contains("password authentication failed"):
            "set the new password on \(host) where `url` in agent.yaml takes it from: in /etc/holdfast/agent.env, then "
                + "`systemctl restart holdfast-agent`; in a file of its own, then `systemctl reload holdfast-agent`; then \(again)"
        case IncidentKind.failed:
            "`holdfast-agent doctor` on \(host) names what stops a backup there; when it is mended, \(again)"
        case IncidentKind.overdue:
            "`holdfast agent show \(host)` says whether the host is there, `holdfast database show \(name) --agent \(host)` what it did "
                + "last; then \(again)"
        case IncidentKind.offline:
            "is \(host) up, and does it reach the coordinator? There: `systemctl status holdfast-agent`, "
                + "`journalctl -u holdfast-agent`"
        case IncidentKind.damaged, IncidentKind.missing:
            "make a new one now, \(again); then find out what happened at the store"
        case IncidentKind.unprobed, IncidentKind.unlooked: "`holdfast destination show` says what is known of the store"
        case IncidentKind.lacking: "`holdfast catalog show` says what is lacking and who waits"
        case IncidentKind.uncopied: "`holdfast catalog backup` tries again, and says what is in the way"
        case IncidentKind.trouble:
            "`holdfast-agent doctor` on \(host) names what is in the way; it is over by itself once that is mended"
        default: "`holdfast alert list` shows it; `holdfast alert ack` once somebody looks after it"
        }
    }

    /// As a shell takes it, whatever the name.
    private static func argument(_ name: String) -> String {
        if name.wholeMatch(of: /[A-Za-z0-9_.][A-Za-z0-9_.-]*/) != nil { return name }
        return "'" + name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
