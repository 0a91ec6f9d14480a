import CoordinatorCore
import Domain
import HTTPTypes
import Hummingbird
import Logging

/// All routes, each with who may call it. A route that is not registered through one of these does not exist.
struct RouteTable {
    let gate: Gate
    let limits: ServerLimits
    private let router = Router(context: CallContext.self)
    private var methods: [String: Set<HTTPRequest.Method>] = [:]

    init(gate: Gate, limits: ServerLimits) {
        self.gate = gate
        self.limits = limits
        router.add(middleware: AnswerMiddleware())
    }

    /// For anyone.
    mutating func open(
        _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int? = nil,
        _ answer: @escaping @Sendable (Call) async throws -> Response
    ) { add(method, path, bodyLimit, answer) }

    /// For a host that is about to prove who it is; not for whoever has just failed to, time and again. Its troubles are told
    /// from ours, as for ``senders``.
    mutating func entrance(
        _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int? = nil,
        _ answer: @escaping @Sendable (Call) async throws -> Response
    ) {
        let gate = gate
        add(method, path, bodyLimit) { call in
            try await gate.entrance(call) { try await SenderAnswer.of(call) { try await answer(call) } }
        }
    }

    /// For agents by certificate.
    mutating func agent(
        _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int? = nil,
        _ answer: @escaping @Sendable (Call, AgentIdentity) async throws -> Response
    ) {
        let gate = gate
        senders(method, path, bodyLimit: bodyLimit) { call in try await answer(call, gate.agent(call)) }
    }

    /// For whoever keeps what is not taken: its troubles are told from ours.
    mutating func senders(
        _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int? = nil,
        _ answer: @escaping @Sendable (Call) async throws -> Response
    ) {
        add(method, path, bodyLimit) { call in
            try await SenderAnswer.of(call) { try await answer(call) }
        }
    }

    /// For operators with this role or a greater one.
    mutating func operators(
        _ method: HTTPRequest.Method, _ path: String, _ role: OperatorRole,
        _ answer: @escaping @Sendable (Call, OperatorIdentity) async throws -> Response
    ) {
        let gate = gate
        add(method, path, nil) { call in try await answer(call, gate.operatorIdentity(call, atLeast: role)) }
    }

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, _ bodyLimit: Int?,
        _ answer: @escaping @Sendable (Call) async throws -> Response
    ) {
        let limit = bodyLimit ?? limits.body
        methods[path, default: []].insert(method)
        router.on(RouterPath(path), method: method) { request, context in
            let peer = try await context.peer()
            return try await answer(Call(request: request, context: context, peer: peer, bodyLimit: limit))
        }
    }

    /// Closes the table: every address answers the methods that it does not know with 405.
    func closed() -> Router<CallContext> {
        let usual: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace, .connect]
        for (path, known) in methods {
            let allowed = known.map(\.rawValue).sorted().joined(separator: ", ")
            for method in usual where !known.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw CallProblem.methodNotAllowed(allowed: allowed)
                }
            }
        }
        return router
    }
}
